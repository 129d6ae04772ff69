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
# # Two nights compared
#
# The engine runs every night on a log that has grown. Which rings are the same ones, what became of them, and what did the decision of a person between the two nights
# change? Both runs stand in one store.

# %%
import altair as alt
import pandas as pd
from small_world import VERDICTS, nights

from attribution import report
from attribution.store import open_store

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
documents = {"first night": report.read(at.first), "second night": report.read(at.second)}
for night, document in documents.items():
    said = document.summary
    print(
        f"{night}: {document.run.events:,} events until {document.run.last_seen:.10}; {said.coordinated} coordinated, "
        f"{said.undetermined} undetermined, {said.innocent} innocent clusters"
    )

# %% [markdown]
# ## What the report says
# Rings keep their ids while their accounts change, so "the same ring" is a statement with evidence: which accounts are still in it.

# %%
changes = documents["second night"].changes
assert changes is not None
pd.DataFrame([(c.kind, c.event, c.id, c.says) for c in changes.entries], columns=["what", "event", "id", "says"])

# %% [markdown]
# ## The way of each cluster
# Each line is one cluster that both nights know, or that was suspected in one of them; its colour is the verdict of the second night. A line that crosses the
# middle is a ring that more days made plain, or a suspicion that went away.

# %%
rows = [
    (night, r.ring_id, r.probability, r.size, r.machine_verdict or r.verdict)
    for night, document in documents.items()
    for r in document.rings
]
way = pd.DataFrame(rows, columns=["night", "ring", "probability", "accounts", "verdict"])
last = way.drop_duplicates("ring", keep="last").set_index("ring")["verdict"]
way["verdict at last"] = way["ring"].map(last)
both = way.groupby("ring")["night"].transform("size") == 2
suspected = way["ring"].isin(way.loc[way["verdict"] != "innocent", "ring"])
shown = way[both | suspected]
axis = alt.X("night", sort=list(documents), title=None, axis=alt.Axis(labelAngle=0))
colour = alt.Color("verdict at last", scale=VERDICTS)
probability = (
    alt.Chart(shown)
    .mark_line(point=alt.OverlayMarkDef(size=60))
    .encode(
        axis,
        alt.Y("probability", axis=alt.Axis(format="%"), title="probability of covert coordination"),
        colour,
        detail="ring",
        tooltip=["ring", "verdict", "probability"],
    )
)
size = (
    alt.Chart(shown)
    .mark_line(point=alt.OverlayMarkDef(size=60))
    .encode(
        axis,
        alt.Y("accounts", scale=alt.Scale(type="log")),
        colour,
        detail="ring",
        tooltip=["ring", "verdict", "accounts"],
    )
)
probability.properties(width=260, height=260) | size.properties(width=260, height=260)

# %%
firm = way.pivot_table(index="ring", columns="night", values="verdict", aggfunc="first").fillna("not there")
pd.crosstab(firm["first night"], firm["second night"])

# %% [markdown]
# ## Who joined, who left
# For each suspected ring: accounts of both nights, of the second alone, and of the first alone.

# %%
with open_store(at.store) as store:
    run_ids = [record.run_id for record in store.runs()][::-1]
    memberships = {
        night: store.table("members", run_id).to_pandas().set_index("account_id")["ring_id"]
        for night, run_id in zip(documents, run_ids, strict=True)
    }
    judgements = store.ledger("judgements").to_pandas()
flow = pd.concat(memberships, axis=1)
suspects = way.loc[way["verdict"] != "innocent", "ring"].unique()
moves = []
for ring in suspects:
    then, now = flow["first night"] == ring, flow["second night"] == ring
    moves += [
        (ring, "in both nights", int((then & now).sum())),
        (ring, "joined", int((now & ~then).sum())),
        (ring, "left", int((then & ~now).sum())),
    ]
moved = pd.DataFrame(moves, columns=["ring", "what", "accounts"])
alt.Chart(moved).mark_bar().encode(
    alt.X("accounts"),
    alt.Y("ring", title=None),
    alt.Color("what", sort=["in both nights", "joined", "left"], title=None),
    tooltip=["ring", "what", "accounts"],
).properties(width=420)

# %% [markdown]
# ## Joined, or only now seen?
# An account that joined may be new, or may have been there and not yet told. The first request of each account that joined, against the end of the first night's log:

# %%
events = pd.read_parquet(at.world / "events.parquet", columns=["account_id", "ts"])
began = events.groupby("account_id")["ts"].min()
end = pd.Timestamp(documents["first night"].run.last_seen)
joined = flow[flow["second night"].isin(suspects) & (flow["first night"] != flow["second night"])]
starts = joined.assign(began=began.reindex(joined.index), ring=joined["second night"]).reset_index()
line = alt.Chart(pd.DataFrame({"began": [end]})).mark_rule(strokeDash=[4, 3]).encode(x="began:T")
dots = (
    alt.Chart(starts)
    .mark_tick(thickness=2, size=22)
    .encode(
        alt.X("began:T", title="first request of accounts that joined"),
        alt.Y("ring", title=None),
        tooltip=["account_id", "began"],
    )
)
print(
    f"{(starts['began'] > end).sum()} of {len(starts)} had sent nothing on the first night; the others were there, and were tied to nobody yet."
)
(dots + line).properties(width=480, height=110)

# %% [markdown]
# ## What a person decided
# Between the nights somebody confirmed the first ring. The next run honours that, and keeps what the engine says beside it: a judgement never hides the evidence.

# %%
judgements[["kind", "subject", "author", "reason"]]

# %%
second = documents["second night"]
for entry in second.judgements:
    print(f"{entry.says} ({entry.author}): {entry.effect} {entry.outcome}")
for ring in second.rings:
    if ring.machine_verdict is not None:
        print(f"{ring.ring_id}: {ring.verdict_sentence}")
