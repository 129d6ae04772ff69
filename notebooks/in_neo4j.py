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
# # The same answers from Neo4j
#
# For colleagues who explore in Neo4j Browser, a run is carried into a graph. This notebook loads both nights of the small world into the server that `ATTRIBUTION_STORE` names
# (`neo4j://HOST:PORT`, the password in `ATTRIBUTION_NEO4J_PASSWORD` or in a file that `ATTRIBUTION_NEO4J_PASSWORD_FILE` names), asks it named questions, and holds
# the answers against the file that they came from. It adds runs to that graph: take one that may have them.

# %%
import os

import altair as alt
import pandas as pd
from small_world import nights

import attribution
from attribution.store import graph_load, open_store

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
graph = os.environ.get("ATTRIBUTION_STORE", "neo4j://localhost:7687")
with open_store(at.store) as file, open_store(graph, write=True) as target:
    for record in reversed(file.runs()):
        print(record.run_id, graph_load(file, target, run_id=record.run_id))
    same = [file.digest(record.run_id) == target.digest(record.run_id) for record in file.runs()]
assert all(same)
print(f"{len(same)} runs, the same content in the graph as in the file")

# %% [markdown]
# ## Rings to look at
# A question has a name, typed parameters and a limit; `attribution ask` lists all of them. The answer is a pandas frame.

# %%
rings = attribution.ask(graph, "rings_to_look_at")
rings

# %% [markdown]
# ## Two clients of one operator
# Which campaigns run through the same ring, and what do they have in common?

# %%
tenants = attribution.ask(graph, "tenants_of_one_operator")
tenants[["tenant", "lab", "other_tenant", "other_lab", "accounts_in_both", "infrastructure_shared", "wordings_shared"]]

# %% [markdown]
# ## Before anybody blocks a network
# Networks that carry rings, and who else is on them. A block on the left side of this picture hurts few; on the right side it hurts mostly innocents.

# %%
networks = attribution.ask(graph, "proxy_networks")
alt.Chart(networks).mark_circle(opacity=0.7).encode(
    alt.X("percent_others", title="percent of its accounts that are in no coordinated ring"),
    alt.Y("in_coordinated_rings", title="accounts of coordinated rings"),
    alt.Size("accounts", title="accounts"),
    tooltip=["network", "accounts", "in_coordinated_rings", "others"],
).properties(width=480, height=240)

# %%
worst, best = networks.iloc[-1], networks.iloc[0]
for network in (best, worst):
    print(
        f"Blocking {network['network']} hits {network['in_coordinated_rings']} accounts of rings and {network['others']} others."
    )
standing = pd.concat(
    attribution.ask(graph, "blast_radius", value=network["network"]).assign(network=network["network"])
    for network in (best, worst)
)
alt.Chart(standing[["network", "standing", "accounts"]]).mark_bar().encode(
    alt.X("accounts"), alt.Y("network", title=None), alt.Color("standing", title=None)
).properties(width=480, height=90)

# %% [markdown]
# ## How a ring grew

# %%
growth = attribution.ask(graph, "growth_of_a_ring", ring=rings["ring"].iloc[0])
growth.head()

# %% [markdown]
# ## What changed since the night before

# %%
attribution.ask(graph, "what_changed")

# %% [markdown]
# `attribution ask NAME --link` prints an address that opens the same question in Neo4j Browser, with a picture of it where there is one: [the graph, for analysts](../docs/neo4j.md).
