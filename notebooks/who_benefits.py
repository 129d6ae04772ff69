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
# # Who benefits, and how much that depends on
#
# A ring is run by somebody for somebody. Each campaign inside it gets a posterior over the labs with a dossier and over `unknown`, a lab without one. A name is
# worth as much as it withstands: another prior, one kind of evidence left out, and a dossier that is not there.

# %%
import dataclasses

import altair as alt
import numpy as np
import pandas as pd
from small_world import nights

from api.facts import FactScorer
from attribution import report
from attribution.config import Config
from attribution.labs import loading
from attribution.store import open_store

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
document = report.read(at.second)
campaigns = [c for r in document.rings for c in r.campaigns]
named = next(c for c in campaigns if not c.abstained)
for campaign in campaigns:
    print(f"{campaign.campaign_id}, {campaign.size} accounts: {campaign.verdict_sentence}\n    {campaign.reason}")

# %% [markdown]
# ## The posterior, and where a name is refused
# Likelihood and confidence are two statements. A campaign without a name is no failure: it says what was missing.

# %%
posteriors = pd.DataFrame(
    [
        (c.campaign_id, p.name, p.posterior, p.prior, "abstained" if c.abstained else "named")
        for c in campaigns
        for p in c.posteriors
    ],
    columns=["campaign", "lab", "posterior", "prior", "answer"],
)
alt.Chart(posteriors).mark_bar().encode(
    alt.X("posterior", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
    alt.Y("lab", sort="-x", title=None),
    alt.Color("answer", scale=alt.Scale(domain=["named", "abstained"], range=["#a33b0f", "#8a8f98"])),
    alt.Row("campaign", title=None, header=alt.Header(labelOrient="top", labelAnchor="start")),
    tooltip=["lab", alt.Tooltip("posterior", format=".2%"), alt.Tooltip("prior", format=".1%")],
).properties(width=420)

# %% [markdown]
# ## What speaks for whom
# The named campaign's ledger, summed by kind of evidence: for a lab to the right, against it to the left, in nats.

# %%
evidence = pd.DataFrame(
    [(e.lab_id, e.family, e.name, e.weight) for e in named.ledger if e.lab_id and e.family != "decision"],
    columns=["lab", "family", "name", "nats"],
)
by_family = evidence.groupby(["lab", "family"], as_index=False)["nats"].sum()
alt.Chart(by_family[by_family["nats"].abs() > 0.01]).mark_bar().encode(
    alt.X("sum(nats)", title="nats"),
    alt.Y("lab", title=None),
    alt.Color("family"),
    tooltip=["lab", "family", "nats"],
).properties(width=480, height=130)

# %%
evidence[evidence["nats"].abs() > 0.05].sort_values("nats", key=abs, ascending=False).head(10)

# %% [markdown]
# ## One kind of evidence left out, or another prior
# The engine weighs these itself: a name that hangs on one kind of evidence alone is given with that said, or not given.

# %%
views = pd.DataFrame(
    [(c.campaign_id, f"without {v.name}", v.leads, v.posterior) for c in campaigns for v in c.without]
    + [(c.campaign_id, f"prior: {v.name}", v.leads, v.posterior) for c in campaigns for v in c.priors],
    columns=["campaign", "view", "leads", "posterior"],
)
alt.Chart(views).mark_point(filled=True, size=80).encode(
    alt.X("posterior", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False), title="posterior of whoever leads"),
    alt.Y("view", title=None),
    alt.Color("leads", title=None, legend=alt.Legend(labelLimit=260)),
    alt.Shape("leads", title=None),
    alt.Column("campaign", title=None),
).properties(width=190)

# %% [markdown]
# ## How sceptical must one be to drop the name?
# The same accounts scored anew, with ever more belief beforehand in a lab that nobody knows. `attribution score --prior` does this on the command line.

# %%
members = pd.read_parquet(at.second / "campaign_members.parquet").query("campaign_id == @named.campaign_id")
dossiers = loading.load(at.labs)
rows = []
with open_store(at.store) as store:
    score = FactScorer(at.store, store, dossiers, Config().labs)
    for prior in 1.0 - np.geomspace(0.9, 1e-5, 12):
        (found,) = score(sorted(members["account_id"]), without=(), prior=float(prior), split=False)
        rows += [(prior / (1.0 - prior), p.lab_id, p.posterior, found.abstained) for p in found.posteriors]
swept = pd.DataFrame(rows, columns=["odds", "lab", "posterior", "abstained"])
leader = named.posteriors[0]
holding = swept[(swept["lab"] == leader.lab_id) & ~swept["abstained"]]
print(f"{leader.name} is named up to odds of {holding['odds'].max():,.0f} to one for an unknown lab beforehand.")
alt.Chart(swept).mark_line(point=True).encode(
    alt.X("odds", scale=alt.Scale(type="log"), title="prior odds of an unknown lab"),
    alt.Y("posterior", axis=alt.Axis(format="%")),
    alt.Color("lab", title=None),
    alt.StrokeDash("lab", title=None),
).properties(width=480, height=220)

# %% [markdown]
# ## The dossier that is not there
# The hardest question: what if the lab that benefits has no dossier? Leave the leader's out, and see who is named instead. Nobody should be.

# %%
fewer = dataclasses.replace(dossiers, labs=tuple(lab for lab in dossiers.labs if lab.id != leader.lab_id))
with open_store(at.store) as store:
    (found,) = FactScorer(at.store, store, fewer, Config().labs)(
        sorted(members["account_id"]), without=(), prior=None, split=False
    )
first = found.posteriors[0]
print(
    f"Without a dossier of {leader.name}, {first.lab_id} leads with {first.posterior:.1%}; "
    + ("no lab is named." if found.abstained else "IT IS NAMED.")
)
print(found.reason)

# %% [markdown]
# ## The truth, which real campaigns do not have

# %%
truth = pd.read_parquet(at.world / "truth" / "accounts.parquet")
told = pd.read_parquet(at.second / "campaign_members.parquet").merge(truth, on="account_id")
pd.crosstab(told["campaign_id"], told["lab"].fillna("no client"))
