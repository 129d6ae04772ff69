# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A ring from the inside
#
# One cluster that was judged to be run covertly: what its accounts share, how they are held together, how they live from day to day, and who
# is only half in it. Everything is read from what a run wrote.

# %%
import json

import altair as alt
import networkx as nx
import pandas as pd
from small_world import nights

from attribution import report
from attribution.store import open_store

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
document = report.read(at.second)
ring = next(r for r in document.rings if r.verdict == "coordinated" and r.drawing is not None)
print(ring.verdict_sentence)
print("Reason:", ring.reason)

# %% [markdown]
# ## What they share
# Circles are accounts, other shapes are values that several of them use. What many members use is drawn to the middle (look whether these are
# wordings, which cost nothing, or devices and cards, which do); what only a few share stands at the rim.

# %%
drawing = ring.drawing
dots = pd.DataFrame(
    [
        (n.x, -n.y, "account", f"member, confidence {n.confidence:.2f}")
        if n.value is None
        else (n.x, -n.y, ring.shared[n.value].facet, ring.shared[n.value].label)
        for n in drawing.nodes
    ],
    columns=["x", "y", "kind", "what"],
)
lines = pd.DataFrame(
    [(*dots.loc[a, ["x", "y"]], *dots.loc[b, ["x", "y"]]) for a, b in drawing.lines], columns=["x", "y", "x2", "y2"]
)
bare = {"axis": None, "scale": alt.Scale(zero=False)}
ties = alt.Chart(lines).mark_rule(opacity=0.25).encode(alt.X("x:Q", **bare), alt.Y("y:Q", **bare), x2="x2:Q", y2="y2:Q")
points = (
    alt.Chart(dots)
    .mark_point(filled=True, size=70, opacity=1)
    .encode(
        alt.X("x:Q", **bare),
        alt.Y("y:Q", **bare),
        alt.Color("kind:N", title=None),
        alt.Shape("kind:N", title=None),
        tooltip=["kind", "what"],
    )
)
print(drawing.note or f"all {drawing.members_drawn} members that share one of these values are drawn")
(ties + points).properties(width=640, height=400)

# %% [markdown]
# ## What holds it together
# A link between two members is believed when it is too much for chance. For each kind of value: in how many of the links it counts, and what it
# brings there on average, in nats (three nats: twenty times likelier than by chance).

# %%
binding = pd.DataFrame([(b.facet, b.links, b.mean_nats) for b in ring.binding], columns=["facet", "links", "nats"])
alt.Chart(binding).mark_bar().encode(
    alt.X("links", title=f"of {ring.internal_links} links inside"),
    alt.Y("facet", sort="-x", title=None),
    alt.Color("nats", scale=alt.Scale(scheme="oranges"), title="mean nats"),
    tooltip=["facet", "links", "nats"],
).properties(width=420)

# %% [markdown]
# ## Cards: the ring's skeleton
# Cards cost something, so an operator spreads them. Each column is a card, each row an account that pays with it; a card with several rows is a batch
# of accounts that were bought together.

# %%
with open_store(at.store) as store:
    usage = store.shared(ring.ring_id).to_pandas()
    links = store.table("links").to_pandas()
cards = usage[usage["facet"] == "payment"].copy()
batch = cards.groupby("value")["account_id"].agg(["size", "min"]).sort_values(["size", "min"], ascending=[False, True])
number = cards["value"].map({value: n for n, value in enumerate(batch.index, 1)})
cards = cards.assign(card="card " + number.astype(str), number=number)
rows = cards.sort_values(["number", "account_id"])["account_id"].drop_duplicates().tolist()
alt.Chart(cards).mark_square(size=40).encode(
    alt.X("card", sort=[f"card {n}" for n in range(1, len(batch) + 1)], title=None),
    alt.Y("account_id", sort=rows, axis=alt.Axis(labels=False, ticks=False), title="accounts"),
    alt.Color("events:Q", scale=alt.Scale(type="log", scheme="oranges"), title="requests paid"),
    tooltip=["account_id", "card", "events"],
).properties(width=520, height=300)

# %%
paying = cards["account_id"].nunique()
print(
    f"{paying} of {ring.size} members pay with {len(batch)} cards that they share, {paying / len(batch):.1f} accounts a card."
)

# %% [markdown]
# ## How they live
# One row an account, in the order of its first request; each mark is a day on which it sent something. A staircase is a supply of accounts: some
# come into use every few days. People who find a service by themselves do not queue up like that, but a team that grows does: it is a lead.

# %%
members = pd.read_parquet(at.second / "members.parquet").query("ring_id == @ring.ring_id")
events = pd.read_parquet(at.world / "events.parquet", columns=["account_id", "ts"])
own = events[events["account_id"].isin(members["account_id"])]
days = own.assign(day=own["ts"].dt.floor("D")).groupby(["account_id", "day"]).size().reset_index(name="requests")
order = days.groupby("account_id")["day"].agg(["min", "max"]).sort_values(["min", "max"]).index.tolist()
alt.Chart(days).mark_rect().encode(
    alt.X("yearmonthdate(day):O", title=None, axis=alt.Axis(format="%d %b", labelAngle=-90)),
    alt.Y("account_id", sort=order, axis=alt.Axis(labels=False, ticks=False), title="accounts, oldest first"),
    alt.Color("requests", scale=alt.Scale(type="log", scheme="oranges")),
    tooltip=["account_id", alt.Tooltip("yearmonthdate(day)"), "requests"],
).properties(width=520, height=360)

# %%
hours = (
    own["ts"].dt.hour.value_counts(normalize=True).rename_axis("hour").reset_index(name="share").assign(who="this ring")
)
others = events[~events["account_id"].isin(members["account_id"])]["ts"].dt.hour.value_counts(normalize=True)
hours = pd.concat([hours, others.rename_axis("hour").reset_index(name="share").assign(who="everybody else")])
alt.Chart(hours).mark_line(point=True).encode(
    alt.X("hour", title="hour of the day, UTC"),
    alt.Y("share", axis=alt.Axis(format="%"), title="of the requests"),
    alt.Color("who", title=None),
    alt.StrokeDash("who", title=None),
).properties(width=520, height=160)

# %% [markdown]
# ## Who is in it, and how surely
# Each member has a confidence of its own. Whoever hangs on the ring by one thin thread is told apart here, and is the first to be checked by a person.

# %%
inside = links[links["account_id"].isin(members["account_id"]) & links["other_id"].isin(members["account_id"])]
degree = pd.Series(dict(nx.from_pandas_edgelist(inside, "account_id", "other_id").degree), dtype=float)
sure = members.assign(links=members["account_id"].map(degree).fillna(0.0))
alt.Chart(sure).mark_circle(size=60, opacity=0.6).encode(
    alt.X("links", title="links drawn to other members"),
    alt.Y("confidence", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
    tooltip=["account_id", "links", alt.Tooltip("confidence", format=".1%")],
).properties(width=420, height=200)

# %%
weakest = sure.sort_values(["confidence", "account_id"]).head(5)
print(f"{(sure['confidence'] < 0.5).sum()} of {len(sure)} members are in it with less than even odds.")
weakest[["account_id", "confidence", "links"]]

# %% [markdown]
# ## For and against
# The ledger's strongest lines. Each one recomputes by hand from its `detail`: [demo.py](demo.py) does it.

# %%
ledger = pd.DataFrame(
    [(e.family, e.name, e.says, e.weight) for e in (*ring.evidence_for, *ring.evidence_against)],
    columns=["family", "name", "says", "nats"],
)
strongest = ledger[ledger["nats"].abs() > 0.3].sort_values("nats", key=abs, ascending=False).head(14)
alt.Chart(strongest).mark_bar().encode(
    alt.X("nats", title="against covert coordination · for it"),
    alt.Y("name", sort=None, title=None),
    alt.Color("family", title="family"),
    tooltip=["says", "nats"],
).properties(width=420)

# %%
lined = pd.read_parquet(at.second / "evidence.parquet").query(
    "subject == @ring.ring_id and weight > 0 and family != 'hypothesis'"
)
first = lined.sort_values("weight", ascending=False).iloc[0]
print(f"{first['name']}, {first['weight']:+.2f} nats, computed from:")
print(json.dumps(json.loads(first["detail"]), indent=1)[:900])
