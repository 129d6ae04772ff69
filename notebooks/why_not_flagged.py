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
# # Why not flagged?
#
# "These two share an address, why did you not flag them?" Four answers, each computed from the store of a finished run: a value that cannot carry a
# link, a link with an honest explanation, evidence that does not decide, and an account that nothing ties to anybody.

# %%
import altair as alt
import duckdb
import pandas as pd
from small_world import SIDES, nights

import attribution
from attribution import report
from attribution.inquiry import PairWhy

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
document = report.read(at.second)
members = pd.read_parquet(at.second / "members.parquet")


def pair(first: str, second: str) -> PairWhy:
    """Why two accounts are linked or not."""
    found = attribution.why(at.second, first, second, store=at.store)
    assert isinstance(found, PairWhy)
    return found


# %% [markdown]
# ## A value that cannot carry a link
# Two accounts in no cluster that use the address which most of such accounts use. Sharing it is real; it is also what everybody on that network does. A place
# may strengthen a link that something else makes, and never makes one: people in one office are no ring.

# %%
with duckdb.connect() as con:
    crowd = con.execute(
        "SELECT ip, list(DISTINCT account_id ORDER BY account_id) AS accounts FROM read_parquet(?) "
        "WHERE account_id NOT IN (SELECT account_id FROM read_parquet(?)) GROUP BY ip ORDER BY len(accounts) DESC, ip LIMIT 1",
        [str(at.world / "events.parquet"), str(at.second / "members.parquet")],
    ).fetchone()
address, accounts = crowd
strangers = pair(accounts[0], accounts[1])
print(
    f"{address} is used by {len(accounts)} accounts that are in no cluster; two of them: {' and '.join(strangers.why.accounts)}"
)
print("linked:", strangers.why.linked, "·", strangers.why.reason)
shared = pd.DataFrame(
    [
        (f.facet.value, v.value, v.accounts, v.expected, v.suppressed or "")
        for f in strangers.why.facets
        for v in f.shared
    ],
    columns=["facet", "shared value", "accounts", "expected by chance", "suppressed"],
)
shared

# %% [markdown]
# ## A link with an honest explanation
# The strongest link inside the largest cluster that was found innocent, beside the strongest one inside a ring. Both are far beyond chance: a link says
# *not by chance*, it does not say *covert*.

# %%
ring = next(r for r in document.rings if r.verdict == "coordinated")
honest = max((r for r in document.rings if r.verdict == "innocent"), key=lambda r: (r.size, r.ring_id))
print("honest:", honest.verdict_sentence)
print("ring:  ", ring.verdict_sentence)
strongest = {}
for name, cluster in {"in the honest cluster": honest, "in the ring": ring}.items():
    found = attribution.why(at.second, cluster.ring_id, store=at.store)
    strongest[name] = found.strongest[0]
nats = pd.DataFrame(
    [(name, f.facet.value, f.counted) for name, link in strongest.items() for f in link.facets],
    columns=["link", "facet", "nats"],
)
alt.Chart(nats[nats["nats"] > 0]).mark_bar().encode(
    alt.X("nats", title="nats against chance"),
    alt.Y("facet", sort="-x", title=None),
    alt.Row("link", title=None, header=alt.Header(labelOrient="top", labelAnchor="start")),
).properties(width=420).resolve_scale(y="independent")

# %%
for name, link in strongest.items():
    print(f"{name}: {link.weight:.1f} nats, chance {link.p_value:.1e}, needed {link.threshold:.1e}")

# %% [markdown]
# What tells them apart is not how strongly accounts are tied, but by what, and which explanation expects just that. Every explanation that was weighed, the best
# one at zero:

# %%
weighed = pd.DataFrame(
    [
        (name, h.name, "covert" if h.covert else "innocent", h.relative)
        for name, cluster in {"the honest cluster": honest, "the ring": ring}.items()
        for h in cluster.hypotheses
    ],
    columns=["cluster", "explanation", "kind", "nats"],
)
alt.Chart(weighed).mark_point(filled=True, size=70).encode(
    alt.X("nats", title="log score against the best explanation"),
    alt.Y("explanation", sort=alt.EncodingSortField("nats", op="max", order="descending"), title=None),
    alt.Color("kind", scale=SIDES),
    alt.Shape("kind", scale=alt.Scale(domain=SIDES.domain)),
    alt.Column("cluster", title=None),
).properties(width=260)

# %% [markdown]
# ## Evidence that does not decide
# A cluster may look covert and still accuse nobody: `coordinated` must hold with each family of evidence left out. Each mark is the score without one
# family; a cluster with a mark left of the line hangs on that family alone.

# %%
doubtful = [r for r in document.rings if r.verdict == "undetermined"]
scores = pd.DataFrame(
    [
        (f"{r.ring_id} ({r.verdict})", left.family, left.score)
        for r in document.rings
        if r.verdict in {"coordinated", "undetermined"}
        for left in r.without
    ],
    columns=["cluster", "family left out", "score"],
)
marks = (
    alt.Chart(scores)
    .mark_point(filled=True, size=80)
    .encode(
        alt.X("score", title="score with one family left out (nats)"),
        alt.Y("cluster", title=None),
        alt.Color("family left out"),
        alt.Shape("family left out"),
    )
)
(marks + alt.Chart(pd.DataFrame({"score": [0.0]})).mark_rule(strokeDash=[4, 3]).encode(x="score")).properties(
    width=420, height=140
)

# %%
for cluster in doubtful:
    worst = min(cluster.without, key=lambda left: left.score)
    print(
        f"{cluster.verdict_sentence}\n    without {worst.family}: {worst.score:+.1f} nats; unknown: {', '.join(cluster.unknown) or 'nothing'}"
    )

# %% [markdown]
# `undetermined` clears nobody either: below, the truth of this simulated world says what these clusters are.

# %%
truth = pd.read_parquet(at.world / "truth" / "accounts.parquet").set_index("account_id")["ring"]
for cluster in doubtful:
    own = members.query("ring_id == @cluster.ring_id")["account_id"]
    print(f"{cluster.ring_id}: {truth[own].notna().sum()} of {len(own)} accounts belong to a ring of the world")

# %% [markdown]
# ## An account that nothing ties to anybody
# How many accounts of the world's rings are in no cluster at all? And one of them, or else a member of the ring without a link of its own, beside another member: facet
# by facet what would have to be shared for a link. Zero shared values are as final as it gets: no method finds what leaves no trace.

# %%
covert = truth[truth.notna()]
missed = covert[~covert.index.isin(members["account_id"])]
print(f"{len(missed)} of {len(covert)} ring accounts are in no cluster.")
inside = attribution.why(at.second, ring.ring_id, store=at.store)
print(f"In {ring.ring_id}, {len(inside.unlinked)} of {len(inside.members)} members have no link of their own.")
lonely = missed.index[0] if len(missed) else (inside.unlinked or inside.members)[0]
fellow = next(a for a in inside.members if a != lonely)
thin = pair(lonely, fellow)
print(" and ".join(thin.why.accounts), "· linked:", thin.why.linked, "·", thin.why.reason)
pd.DataFrame(
    [(f.facet.value, *f.degrees, len(f.shared), f.nats, f.missing or "") for f in thin.why.facets],
    columns=["facet", "values of one", "values of the other", "shared", "nats", "missing column"],
)

# %% [markdown]
# On the command line: `attribution why OUT ACCOUNT ACCOUNT` and `attribution why OUT RING`.
