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
# Real retweets in the columns of the data contract ([docs/real-data.md](../docs/real-data.md) says where they come from and how
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

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
pd.options.display.float_format = "{:.3f}".format
source = Path(os.environ["ATTRIBUTION_REAL_DATA"]) / "co_retweets"
work = Path(mkdtemp(prefix="attribution-"))
runs = {seed: attribution.run(source, out=work / f"seed-{seed}", seed=seed) for seed in (1, 2)}
result = runs[1]
rings = result.tables["rings"].to_pandas()
run = result.report.run
print(f"{run.events:,} retweets by {run.accounts:,} accounts, {run.first_seen:.10} to {run.last_seen:.10}")
for verdict, found in rings.groupby("verdict"):
    print(
        f"{verdict}: {len(found)} clusters, {found['size'].sum()} accounts, "
        f"probabilities {found['probability'].min():.2%} to {found['probability'].max():.2%}"
    )
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
# Two kinds are to be told apart. An **audience** retweets posts that many others retweet as well; its members need not know of each other. A **private circle** has posts
# to itself. The line between them is drawn here by eye, at a quarter of the shared posts; those at the upper left of the picture are what a person would look at first.

# %%
circle = (doing["private"] >= 0.25).map({True: "private circle", False: "audience"})
doing = doing.assign(kind=circle)
for kind, found in doing.groupby("kind"):
    print(
        f"{kind}: {len(found)} cluster(s) of {found['accounts'].min()} to {found['accounts'].max()} accounts; {found['retweets'].sum()} retweets; "
        f"a shared post has {found['accounts each'].median():.0f} retweeters in the median; probabilities {found['probability'].min():.2%} to {found['probability'].max():.2%}"
    )
alt.Chart(doing).mark_point(filled=True, opacity=0.8).encode(
    alt.X("accounts each", scale=alt.Scale(type="log"), title="accounts that retweet such a post, median"),
    alt.Y("private", axis=alt.Axis(format="%"), title="posts that are nearly the cluster's own"),
    alt.Size("accounts"),
    alt.Color("probability", scale=alt.Scale(type="log", scheme="oranges"), title="probability"),
    alt.Shape("kind", title=None),
    tooltip=["ring_id", "accounts", "retweets", "shared", "minutes between", "probability"],
).properties(width=480, height=240)

# %% [markdown]
# ## The strongest ones, retweet by retweet
# The clusters with the highest probabilities. One row an account, one mark a retweet of a post that two members or more share, one colour a post. Marks of one colour that
# stand above each other are members who retweet the same post at the same time.

# %%
TOP = 4
top = doing.head(TOP)
accounts_of = result.tables["members"].to_pandas().groupby("ring_id")["account_id"].apply(set)
parts = []
for ring_id in top["ring_id"]:
    own = events[events["account_id"].isin(accounts_of[ring_id])]
    shared_by = own.groupby("template_id")["account_id"].nunique()
    own = own[own["template_id"].isin(shared_by[shared_by >= 2].index)]
    row = own["account_id"].astype("category").cat.codes + 1
    post = own["template_id"].astype("category").cat.codes + 1
    parts.append(pd.DataFrame({"cluster": ring_id, "when": own["ts"], "account": row, "post": post}))
shown = pd.concat(parts)
alt.Chart(shown).mark_tick(thickness=2).encode(
    alt.X("when:T", title=None),
    alt.Y("account:O", axis=alt.Axis(labels=False, ticks=False), title="accounts"),
    alt.Color("post:O", legend=None, scale=alt.Scale(scheme="turbo")),
    alt.Facet("cluster:N", columns=2, title=None, sort=top["ring_id"].tolist()),
    tooltip=["when", "post"],
).properties(width=300, height=150).resolve_scale(x="independent", y="independent", color="independent")

# %% [markdown]
# ## What ties them
# `attribution why` computes again what holds a cluster together. Everything rests on one facet, and the other facets are not "no", they are unknown.

# %%
reasons = {ring_id: attribution.why(result.out, ring_id) for ring_id in top["ring_id"]}
pd.DataFrame(
    [
        (
            ring_id,
            f"{found.links} of {found.possible}",
            ", ".join(f.facet.value for f in found.facets if f.links),
            ", ".join(sorted({f.missing for f in found.facets if f.missing})),
        )
        for ring_id, found in reasons.items()
    ],
    columns=["ring_id", "pairs linked", "by", "missing columns"],
)

# %% [markdown]
# The strongest link of each: how many posts two accounts share, and how many would be shared by chance between accounts as busy as they are.

# %%
ties = []
for ring_id, found in reasons.items():
    link = found.strongest[0]
    content = next(facet for facet in link.facets if facet.facet == "template")
    counted = [value for value in content.shared if value.suppressed is None]
    ties.append((ring_id, len(counted), sum(value.expected for value in counted), link.p_value, link.threshold))
pd.DataFrame(ties, columns=["ring_id", "posts shared", "by chance", "p-value", "needed"]).style.format(
    {"by chance": "{:.4f}", "p-value": "{:.1e}", "needed": "{:.1e}"}
)

# %% [markdown]
# ## What the verdict weighs, and what it cannot
# Each bar is what one part brings to a cluster's score: how common such groups are to begin with, and each family of evidence about which anything is known. Families that are not
# there weigh nothing: a column that does not exist is no evidence for anybody.

# %%
entries = {ring_id: result.report.ring(ring_id) for ring_id in top["ring_id"]}
parts_of = (
    pd.DataFrame(
        [
            (ring_id, "how common" if line.family == "structure" else line.family, line.weight)
            for ring_id, entry in entries.items()
            for line in entry.ledger
            if line.family != "hypothesis"
        ],
        columns=["cluster", "part", "nats"],
    )
    .groupby(["cluster", "part"], as_index=False)["nats"]
    .sum()
)
sums = parts_of.groupby("cluster")["nats"].sum()
assert all(abs(sums[ring_id] - entry.score) < 1e-3 for ring_id, entry in entries.items())
silent = sorted(set(parts_of["part"]) - set(parts_of.loc[parts_of["nats"].abs() > 1e-9, "part"]))
print("Weigh nothing in any of them, because nothing is known or nothing follows:", ", ".join(silent))
alt.Chart(parts_of[parts_of["nats"].abs() > 1e-9]).mark_bar().encode(
    alt.X("nats", title="against covert coordination · for it (nats)"),
    alt.Y("cluster", sort=top["ring_id"].tolist(), title=None),
    alt.Color("part", title=None),
    tooltip=["part", "nats"],
).properties(width=480, height=130)

# %%
for ring_id, entry in entries.items():
    best = next(h for h in entry.hypotheses if not h.covert)
    covert = next(h for h in entry.hypotheses if h.covert)
    print(
        f"{ring_id}: {entry.verdict_sentence}\n    {covert.name} is {best.relative - covert.relative:.1f} nats behind {best.name}; "
        f"{len(entry.unknown)} of {len({line.name for line in entry.ledger if line.family not in {'hypothesis', 'structure'}})} indicators are unknown"
    )

# %% [markdown]
# ## Why `undetermined`
# - `coordinated` needs two families of evidence that do not imply one another, one of them hard to set freely: a card, a device, a place. Content and hours
#   are free: anybody can retweet what somebody else does. However unlikely the coincidence, it says *not by chance*, and fans, party members,
#   and a bot farm are all not by chance. A higher probability would not change this verdict.
# - `innocent` needs that an honest tie could have been seen. Without addresses, organisations or cards none could. So a low probability clears nobody either.
#
# Each cluster keeps its reason, and the report names the columns that would decide.

# %%
assert set(rings["verdict"]) == {"undetermined"}
assert {entry.reason for entry in result.report.rings} == {entries[top["ring_id"].iloc[0]].reason}
print("The reason of every cluster:", entries[top["ring_id"].iloc[0]].reason)
pd.DataFrame(
    [(column.column, column.would_tell) for column in result.report.missing], columns=["missing", "would tell"]
)
