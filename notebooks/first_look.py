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
# # A first look at a log
#
# Before any run: what is in an export, what do accounts share, and why is sharing by itself no evidence? The log here is a small simulated
# one (`small_world.py` makes it); put the folder of your own into `logs` and the cells work on it, except for the last one, which knows the truth.

# %%
import altair as alt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from small_world import VERDICTS, nights

from attribution import report

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
logs = at.world
events = pd.read_parquet(logs / "events.parquet")
print(
    f"{len(events):,} events of {events['account_id'].nunique():,} accounts,",
    f"{events['ts'].min():%d %B} to {events['ts'].max():%d %B %Y}",
)
events.head(4)

# %% [markdown]
# ## What the export holds
# A column that is half empty says less, and the engine never takes an empty cell for a "no". So look at this first.

# %%
filled = events.notna().mean().rename_axis("column").reset_index(name="filled")
alt.Chart(filled).mark_bar().encode(
    alt.X("filled", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]), title="cells with a value"),
    alt.Y("column", sort=None, title=None),
    tooltip=["column", alt.Tooltip("filled", format=".1%")],
).properties(width=420)

# %%
daily = events.groupby(events["ts"].dt.floor("D")).agg(events=("event_id", "size"), accounts=("account_id", "nunique"))
alt.Chart(daily.reset_index().melt("ts", var_name="counted", value_name="a day")).mark_line(point=True).encode(
    alt.X("ts:T", title=None), alt.Y("a day:Q"), alt.Row("counted:N", title=None)
).properties(width=520, height=110).resolve_scale(y="independent")

# %% [markdown]
# Gaps and cliffs here are faults of an export more often than events in the world.

# %% [markdown]
# ## What accounts share
# For each kind of value: how many accounts use the same one. Most addresses belong to one account; a few belong to a crowd. Both axes are
# logarithmic, and the tail of each curve is where honest crowds live: offices, campuses, carriers, a prompt that everybody copies.

# %%
facets = {"ip": "address", "device_id": "device", "payment_id": "card", "template_id": "template"}
held = {}
for column, name in facets.items():
    if column in events and events[column].notna().any():
        held[name] = events.dropna(subset=[column]).groupby(column)["account_id"].nunique()
shares = pd.concat(
    [
        counts.value_counts()
        .sort_index(ascending=False)
        .cumsum()
        .rename_axis("accounts")
        .reset_index(name="values")
        .assign(facet=name)
        for name, counts in held.items()
    ]
)
alt.Chart(shares).mark_line(point=True, interpolate="step-after").encode(
    alt.X("accounts", scale=alt.Scale(type="log"), title="used by at least so many accounts"),
    alt.Y("values", scale=alt.Scale(type="log"), title="values"),
    alt.Color("facet", title=None),
    alt.Shape("facet", title=None),
).properties(width=480, height=260)

# %% [markdown]
# ## Why sharing is no evidence
# Join every two accounts that share any value, and see how far that goes.


# %%
def joined(columns: list[str]) -> pd.Series:
    """Sizes of the groups that hang together when any shared value of these columns joins its accounts."""
    account = events["account_id"].astype("category").cat
    pairs = []
    start = len(account.categories)
    for column in columns:
        value = events[column].astype("category").cat
        known = (value.codes >= 0).to_numpy()
        pairs.append(pd.DataFrame({"a": account.codes[known], "b": value.codes[known].astype("int64") + start}))
        start += len(value.categories)
    edges = pd.concat(pairs).drop_duplicates()
    graph = coo_array(([True] * len(edges), (edges["a"], edges["b"])), shape=(start, start))
    label = connected_components(graph, directed=False)[1][: len(account.categories)]
    return pd.Series(label).value_counts()


there = [column for column, name in facets.items() if name in held]
rows = []
for columns in [[column] for column in there] + [there]:
    sizes = joined(columns)
    crowd = int(sizes[sizes > 1].sum())
    rows.append(
        (" or ".join(facets[c] for c in columns), crowd / sizes.sum(), int(sizes.max()), int((sizes > 1).sum()))
    )
sharing = pd.DataFrame(rows, columns=["shared", "accounts that share", "largest group", "groups"])
sharing.style.format({"accounts that share": "{:.1%}", "largest group": "{:,}", "groups": "{:,}"})

# %%
whole = sharing.iloc[-1]
print(
    f"{whole['accounts that share']:.0%} of all accounts share something with somebody, and one group holds {whole['largest group']:,} of them."
)

# %% [markdown]
# So a rule that flags whoever shares a value flags nearly everybody. What matters is how much more two accounts share than accounts as busy as they
# are would by chance, over several kinds of values, and which honest explanation would give the same. That is what a run computes.

# %% [markdown]
# ## What a run makes of it
# Every row is accounted for before anything is computed: accepted, a duplicate, or in quarantine with its reason.

# %%
document = report.read(at.second)
intake = pd.DataFrame(
    [(f.file, f.rows, f.accepted, f.duplicates, f.quarantined) for f in document.run.inputs],
    columns=["file", "rows", "accepted", "duplicates", "quarantined"],
)
assert (intake["rows"] == intake["accepted"] + intake["duplicates"] + intake["quarantined"]).all()
intake

# %%
rings = pd.DataFrame(
    [(r.ring_id, r.verdict, r.probability, r.size, r.explanation) for r in document.rings],
    columns=["ring", "verdict", "probability", "accounts", "best innocent explanation"],
)
alt.Chart(rings).mark_point(filled=True, size=80, opacity=0.8).encode(
    alt.X("accounts", scale=alt.Scale(type="log")),
    alt.Y("probability", axis=alt.Axis(format="%"), title="probability of covert coordination"),
    alt.Color("verdict", scale=VERDICTS),
    alt.Shape("verdict", scale=alt.Scale(domain=VERDICTS.domain)),
    tooltip=["ring", "verdict", "accounts", "best innocent explanation"],
).properties(width=480, height=240)

# %%
judged = rings.groupby("verdict")["accounts"].agg(["size", "sum"])
print("; ".join(f"{verdict}: {row['size']} clusters, {row['sum']} accounts" for verdict, row in judged.iterrows()))

# %% [markdown]
# ## The truth, which real logs do not have

# %%
truth = pd.read_parquet(at.world / "truth" / "accounts.parquet")
members = pd.read_parquet(at.second / "members.parquet").merge(
    rings[["ring", "verdict"]], left_on="ring_id", right_on="ring"
)
told = truth.merge(members[["account_id", "verdict"]], on="account_id", how="left").fillna({"verdict": "in no cluster"})
told["in truth"] = told["ring"].notna().map({True: "in a ring", False: "innocent"})
table = pd.crosstab(told["in truth"], told["verdict"])
table

# %% [markdown]
# Next: [a ring from the inside](inside_a_ring.py), and [why others were not flagged](why_not_flagged.py).
