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
# # Real retweets: clusters without a place, a card, a device or a word
#
# 35,125 real retweets in the columns of the data contract ([docs/real-data.md](../docs/real-data.md) says where they come from and how
# to get them). An account is an account; the post that it retweets plays the part of a prompt template. There is nothing else: no text, no
# address, no device, no card. What can be said, and what must not?
#
# `ATTRIBUTION_REAL_DATA` names the folder above `co_retweets`.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import altair as alt
import numpy as np
import pandas as pd

import attribution

pd.options.display.float_format = "{:.3f}".format
source = Path(os.environ["ATTRIBUTION_REAL_DATA"]) / "co_retweets"
work = Path(mkdtemp(prefix="attribution-"))
runs = {seed: attribution.run(source, out=work / f"seed-{seed}", seed=seed) for seed in (1, 2)}
result = runs[1]
rings = result.tables["rings"].to_pandas()
rings[["ring_id", "verdict", "probability", "size", "events", "explanation"]]

# %% [markdown]
# ## Stable, but is it anything?
# Another seed finds the same clusters: the adjusted Rand index over all accounts that either run put into one.

# %%
members = {seed: run.tables["members"].to_pandas().set_index("account_id")["ring_id"] for seed, run in runs.items()}
both = pd.concat(members, axis=1).fillna("in none")
counts = pd.crosstab(both[1], both[2]).to_numpy()


def pairs(number: np.ndarray) -> float:
    """Return how many pairs of accounts are together."""
    return float((number * (number - 1) / 2).sum())


together, first, second = pairs(counts), pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
expected = first * second / pairs(np.array([counts.sum()]))
index = (together - expected) / ((first + second) / 2 - expected)
assert index >= 0.95
print(f"adjusted Rand index between two seeds: {index:.3f} over {len(both)} accounts")

# %% [markdown]
# ## What the clusters do
# For each cluster: how many posts two members or more retweeted (`shared`), how many others retweet such a post as well (`accounts each`),
# which part of these posts is nearly the cluster's own (`private`: four fifths of all who retweeted it are members), the median time between two members'
# retweets of one post, and how much of the traffic falls on the busiest day.

# %%
events = pd.read_parquet(source / "events.parquet").drop_duplicates("event_id").sort_values(["template_id", "ts"])
popularity = events.groupby("template_id")["account_id"].nunique()
found = []
for ring_id, accounts in result.tables["members"].to_pandas().groupby("ring_id")["account_id"]:
    own = events[events["account_id"].isin(accounts)]
    inside = own.groupby("template_id")["account_id"].nunique()
    shared = inside[inside >= 2]
    lags = own[own["template_id"].isin(shared.index)].groupby("template_id")["ts"].diff().dt.total_seconds() / 60
    found.append(
        {
            "ring_id": ring_id,
            "accounts": len(accounts),
            "retweets": len(own),
            "shared": len(shared),
            "accounts each": popularity[shared.index].median(),
            "private": (shared >= 0.8 * popularity[shared.index]).mean(),
            "minutes between": lags.median(),
            "on the busiest day": own["ts"].dt.date.value_counts().iloc[0] / len(own),
        }
    )
doing = pd.DataFrame(found).merge(rings[["ring_id", "probability"]]).sort_values("probability", ascending=False)
doing

# %% [markdown]
# Two kinds stand out. **Followers of the same feeds**: dozens of accounts with hundreds of retweets, of posts that thirty to seventy others retweet too,
# hours apart. That is what an audience looks like. **Small and private**: a handful of accounts that retweet posts that hardly anybody else does (five
# of them have just two posts, two minutes apart). Those are the ones that a person would look at first, and they have the highest
# probabilities of the table. They are still low.

# %%
alt.Chart(doing).mark_point(filled=True, size=80).encode(
    alt.X("private", axis=alt.Axis(format="%"), title="posts that are nearly the cluster's own"),
    alt.Y("probability", scale=alt.Scale(type="log"), title="probability of covert coordination"),
    alt.Size("accounts"),
    tooltip=["ring_id", "accounts", "retweets", "shared", "minutes between"],
).properties(width=480, height=240)

# %% [markdown]
# ## The strongest one, link by link
# `attribution why` computes again what holds a cluster together. Everything rests on one facet, and the other facets are not "no", they are unknown.

# %%
strongest = attribution.why(result.out, doing["ring_id"].iloc[0])
print(f"{strongest.ring_id}: {strongest.links} of {strongest.possible} pairs linked")
pd.DataFrame(
    [(f.facet.value, f.family.value, f.links, f.nats, f.missing or "") for f in strongest.facets],
    columns=["facet", "family", "links", "nats", "missing column"],
)

# %%
link = strongest.strongest[0]
content = next(facet for facet in link.facets if facet.facet == "template")
print(link.reason)
pd.DataFrame(
    [(v.accounts, v.expected, v.suppressed or "") for v in content.shared],
    columns=["accounts that retweeted it", "shared by chance", "suppressed"],
)

# %% [markdown]
# ## Why `undetermined`
# - `coordinated` needs two families of evidence that do not imply one another, one of them hard to set freely: a card, a device, a place. Content and hours
#   are free: anybody can retweet what somebody else does. However unlikely the coincidence, it says *not by chance*, and fans, party members,
#   and a bot farm are all not by chance.
# - `innocent` needs that an honest tie could have been seen. Without addresses, organisations or cards none could.
#
# So each cluster keeps its reason, and the report names the columns that would decide.

# %%
for entry in result.report.rings[:3]:
    print(f"{entry.ring_id}: {entry.verdict_sentence}")
    print("    unknown:", ", ".join(entry.unknown))
assert "coordinated" not in set(rings["verdict"])
pd.DataFrame(
    [(column.column, column.would_tell) for column in result.report.missing], columns=["missing", "would tell"]
)
