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
# # One run, from clusters to a name or to none
#
# Everything here is read from the files that `attribution run` writes; nothing is recomputed behind your back. To look at a run of
# your own, set `ATTRIBUTION_RESULT` to its folder (`out/demo/result` after `make demo`). Without it, a small world is simulated.
#
# This file is a notebook in text: open it with Jupyter and jupytext (`pip install -e ".[notebook]"`), or make one of it with
# `jupytext --to ipynb notebooks/demo.py`.

# %%
import json
import os
from pathlib import Path
from tempfile import mkdtemp

import altair as alt
import numpy as np
import pandas as pd
from scipy.special import betaln, gammaln

import attribution
from attribution import report
from attribution.simulate import WorldOptions, simulate

pd.options.display.max_colwidth = 90
alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
pd.options.display.float_format = "{:.3f}".format

world = None
if "ATTRIBUTION_RESULT" in os.environ:
    folder = Path(os.environ["ATTRIBUTION_RESULT"])
else:
    world = Path(mkdtemp(prefix="attribution-")) / "world"
    simulate(world, WorldOptions(accounts=2000, rings=4, seed=3))
    folder = attribution.run(world, labs=world / "labs.yaml", out=world.parent / "result").out

tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
document = report.read(folder)
{name: len(table) for name, table in tables.items()}

# %% [markdown]
# ## What was judged
# Every cluster of linked accounts has a verdict. The innocent ones are the larger part, and stay in the table: what was looked at and
# let go is part of the answer.

# %%
rings = tables["rings"]
rings.groupby("verdict").agg(clusters=("ring_id", "size"), accounts=("size", "sum"), events=("events", "sum"))

# %%
rings.head(12)

# %% [markdown]
# A verdict is more than a probability: a cluster at 95 % stays `undetermined` when all of it hangs on one family of evidence.

# %%
names = ["coordinated", "undetermined", "innocent"]
alt.Chart(rings).mark_point(filled=True, size=70, opacity=0.8).encode(
    alt.X("size", scale=alt.Scale(type="log"), title="accounts"),
    alt.Y("probability", title="probability of covert coordination", axis=alt.Axis(format="%")),
    alt.Color("verdict", scale=alt.Scale(domain=names, range=["#a33b0f", "#8a8f98", "#2f6f73"])),
    alt.Shape("verdict", scale=alt.Scale(domain=names)),
    tooltip=["ring_id", "verdict", "probability", "size", "explanation"],
).properties(width=520, height=240)

# %% [markdown]
# ## One ring
# The first coordinated ring with a campaign, or whatever comes first.

# %%
ring = next((entry for entry in document.rings if entry.campaigns), document.rings[0])
print(ring.verdict_sentence)
print("Reason:", ring.reason)
print("Best innocent explanation:", ring.explanation)

# %% [markdown]
# ### Its ledger
# Each line is a question to every member. `holds` of `known` members answer yes; the weight compares how well that fits the best covert
# explanation and the best innocent one, in nats: +3 is twenty times likelier under the covert one.

# %%
ledger = tables["evidence"].query("subject == @ring.ring_id").reset_index(drop=True)
details = pd.json_normalize(ledger["detail"].map(json.loads).tolist(), max_level=0)
ledger = pd.concat([ledger.drop(columns=["detail", "lab_id"]), details], axis=1)
counted = ledger[ledger["family"] != "hypothesis"]
shown = ["family", "name", "weight", "holds", "known", "covert_expects", "innocent_expects"]
lines = counted[counted["weight"].abs() > 0.05].sort_values("weight", key=abs, ascending=False)
lines[[column for column in shown if column in lines]]

# %%
alt.Chart(lines[["family", "name", "weight"]]).mark_bar().encode(
    alt.X("weight", title="nats: for covert coordination to the right, against it to the left"),
    alt.Y("name", sort=None, title=None),
    alt.Color("family", legend=alt.Legend(title="family of evidence")),
).properties(width=420)

# %% [markdown]
# ### By hand
# A weight recomputes from what stands beside it: for *k* of *n* members and an expected share Beta(a, b), the beta-binomial chance against
# "any share is as likely", with some room for surprise; the weight is the covert explanation's minus the innocent one's. The sum of all
# lines is the score.


# %%
def fit(line: pd.Series, side: str) -> float:
    """Nats of one explanation for one line."""
    beta = line[f"{side}_beta"]
    if not isinstance(beta, list):
        return 0.0  # this explanation has no opinion
    scale = min(1.0, line["witnesses"] / max(line["known"], 1.0))
    k, n, (a, b) = line["holds"] * scale, line["known"] * scale, beta
    chance = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + betaln(k + a, n - k + b) - betaln(a, b)
    return float(np.log((1 - line["surprise"]) * np.exp(chance) * (n + 1) + line["surprise"]))


asked = counted[counted["known"].notna()].copy()
asked["by hand"] = [fit(line, "covert") - fit(line, "innocent") for _, line in asked.iterrows()]
assert np.allclose(asked["by hand"], asked["weight"], atol=1e-6)
print(f"{len(asked)} weights recomputed; all lines sum to {counted['weight'].sum():.3f}, the score is {ring.score}")

# %% [markdown]
# ### Why this verdict
# What the score would be with each family left out. `coordinated` must stay above zero in every row, have two families that speak for it, and
# one among them that costs an operator something: money, machines, exits.

# %%
pd.DataFrame(
    {"family left out": [left.family for left in ring.without], "score": [left.score for left in ring.without]}
)

# %% [markdown]
# The explanations that were weighed, the best one at 0. An investigator begins with the best innocent one.

# %%
tried = pd.DataFrame(
    [(h.name, "covert" if h.covert else "innocent", h.relative) for h in ring.hypotheses],
    columns=["explanation", "kind", "nats"],
)
alt.Chart(tried).mark_point(filled=True, size=90).encode(
    alt.X("nats", title="log score against the best explanation"),
    alt.Y("explanation", sort="-x", title=None),
    alt.Color("kind", scale=alt.Scale(domain=["covert", "innocent"], range=["#a33b0f", "#2f6f73"])),
    alt.Shape("kind", scale=alt.Scale(domain=["covert", "innocent"])),
).properties(width=420)

# %% [markdown]
# ### Who belongs to it, and when it was active

# %%
tables["members"].query("ring_id == @ring.ring_id").head(10)

# %%
timeline = pd.DataFrame([(day.day, day.events) for day in ring.timeline], columns=["day", "events"])
alt.Chart(timeline).mark_bar().encode(alt.X("day:T", title=None), alt.Y("events")).properties(width=520, height=140)

# %% [markdown]
# ## Campaigns: one for each client
# A proxy operator can work for several labs. What each client extracts, and how likely each lab is to be the client. Likelihood and analytic
# confidence are two statements: how probable, and on how good a ground.

# %%
campaigns = tables["campaigns"].query("ring_id == @ring.ring_id")
campaigns

# %%
targets = pd.DataFrame(
    [(c.campaign_id, t.capability, t.share) for c in ring.campaigns for t in c.targets],
    columns=["campaign", "capability", "share"],
)
alt.Chart(targets).mark_bar().encode(
    alt.X("share:Q", axis=alt.Axis(format="%"), title="share of the campaign's traffic"),
    alt.Y("capability:N", sort="-x", title=None),
    alt.Row("campaign:N", title=None, header=alt.Header(labelOrient="top", labelAnchor="start")),
).properties(width=420)

# %%
posteriors = tables["attributions"].query("ring_id == @ring.ring_id")
assert np.allclose(posteriors.groupby("campaign_id")["posterior"].sum(), 1.0)
alt.Chart(posteriors).mark_bar().encode(
    alt.X("posterior:Q", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
    alt.Y("lab_id:N", sort="-x", title=None),
    alt.Row("campaign_id:N", title=None, header=alt.Header(labelOrient="top", labelAnchor="start")),
    tooltip=["lab_id:N", "posterior:Q", "likelihood_term:N", "confidence_level:N"],
).properties(width=420)

# %%
for campaign in ring.campaigns:
    print(f"{campaign.campaign_id}: {campaign.verdict_sentence}\n    {campaign.reason}")

# %% [markdown]
# ### The evidence about the labs
# A positive line speaks for the lab, a negative one against it. A lab without a dossier has no lines: it wins when none of the others is
# spoken for.

# %%
about = tables["evidence"]
about = about[
    about["subject"].isin(campaigns["campaign_id"]) & about["lab_id"].notna() & (about["family"] != "decision")
]
about.pivot_table(index=["subject", "lab_id"], columns="family", values="weight", aggfunc="sum", fill_value=0.0).round(
    2
)

# %% [markdown]
# ## Was it right?
# In a simulated world the truth is known. Real logs have no such column: there, people check.

# %%
if world is not None:
    truth = pd.read_parquet(world / "truth" / "accounts.parquet")
    judged = (
        tables["members"].merge(rings[["ring_id", "verdict"]], on="ring_id").merge(truth, on="account_id", how="right")
    )
    judged["verdict"] = judged["verdict"].fillna("in no cluster")
    judged["truth"] = np.where(judged["ring"].isna(), "innocent", "in a ring")
    display(pd.crosstab(judged["truth"], judged["verdict"]))  # noqa: F821  # Jupyter's own
