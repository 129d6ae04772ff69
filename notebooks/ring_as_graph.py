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
# # A ring as a graph, in networkx and pandas
#
# The store's tables are Arrow, so pandas and networkx are one line away. With them: which cards, devices and exits hold a ring together, which account stands between
# its parts, and what would be left of it if one kind of value had never been logged.

# %%
import altair as alt
import networkx as nx
import pandas as pd
from small_world import nights

from attribution.store import open_store

alt.renderers.enable("png", ppi=108)  # drawn here: no script from the network
at = nights()
with open_store(at.store) as store:
    rings = store.table("rings").to_pandas()
    ring = rings[rings["verdict"] == "coordinated"].sort_values("size", ascending=False).iloc[0]
    usage = store.shared(ring["ring_id"]).to_pandas()
    links = store.table("links").to_pandas()
    members = store.table("members").to_pandas().query("ring_id == @ring.ring_id")["account_id"]
print(f"{ring['ring_id']}: {len(members)} accounts, {usage['value'].nunique()} values that two or more of them use")
usage.head(3)

# %% [markdown]
# ## pandas: one row an account
# A wide table, as one would give it to any other tool: how many shared values of each kind an account uses, and its requests with them.

# %%
wide = usage.pivot_table(index="account_id", columns="facet", values="value", aggfunc="nunique", fill_value=0)
wide.describe().loc[["mean", "min", "max"]].round(2)

# %% [markdown]
# ## networkx: accounts on one side, values on the other
# A value that many members use says less than one that few use; a bipartite graph keeps that, a graph of accounts alone loses it.

# %%
costly = usage[usage["facet"].isin(["payment", "device"])]
graph = nx.Graph()
graph.add_nodes_from(members, kind="account")
for row in costly.itertuples():
    graph.add_node(row.value, kind=row.facet)
    graph.add_edge(row.account_id, row.value, requests=row.events)
parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
cut = sorted(value for value in nx.articulation_points(graph) if graph.nodes[value]["kind"] != "account")
between = sorted(value for value in nx.articulation_points(graph) if graph.nodes[value]["kind"] == "account")
print(
    f"By cards and devices alone it falls into {len(parts)} parts; the largest holds {sum(graph.nodes[n]['kind'] == 'account' for n in parts[0])} accounts."
)
print(
    f"{len(cut)} cards or devices and {len(between)} accounts are the only tie between two parts of what hangs on them."
)

# %% [markdown]
# The largest part. Chains between clumps are the ties that one mistake of an operator made: a card lent to another batch, a device used twice.

# %%
place = nx.spring_layout(graph.subgraph(parts[0]), seed=1, iterations=200)
spots = pd.DataFrame(
    [(n, x, y, graph.nodes[n]["kind"], graph.degree(n)) for n, (x, y) in place.items()],
    columns=["name", "x", "y", "kind", "degree"],
)
ends = pd.DataFrame([(*place[a], *place[b]) for a, b in graph.edges if a in place], columns=["x", "y", "x2", "y2"])
bare = {"axis": None}
ties = alt.Chart(ends).mark_rule(opacity=0.4).encode(alt.X("x:Q", **bare), alt.Y("y:Q", **bare), x2="x2:Q", y2="y2:Q")
dots = (
    alt.Chart(spots)
    .mark_point(filled=True, opacity=1)
    .encode(
        alt.X("x:Q", **bare),
        alt.Y("y:Q", **bare),
        alt.Color("kind", title=None),
        alt.Shape("kind", title=None),
        alt.Size("degree", title="uses"),
        tooltip=["name", "kind", "degree"],
    )
)
(ties + dots).properties(width=560, height=400)

# %% [markdown]
# ## What holds the parts together
# Add one kind of value after the other, the costly ones first, and count into how many parts the members fall.

# %%
order = ["payment", "device", "ip", "template"]
falls = []
for number, facet in enumerate(order):
    whole = nx.Graph()
    whole.add_nodes_from(members)
    kept = usage[usage["facet"].isin(order[: number + 1])]
    whole.add_edges_from(zip(kept["account_id"], kept["value"], strict=True))
    sizes = [sum(n in set(members) for n in part) for part in nx.connected_components(whole)]
    falls.append(("+ " * bool(number) + facet, len(sizes), max(sizes)))
fallen = pd.DataFrame(falls, columns=["values", "parts", "largest"])
alt.Chart(fallen.melt("values", var_name="counted", value_name="number")).mark_bar().encode(
    alt.X("number"), alt.Y("values", sort=None, title=None), alt.Column("counted", title=None)
).properties(width=240).resolve_scale(x="independent")

# %% [markdown]
# That everything hangs together in the end is no finding by itself: [any two accounts share something](first_look.py). The validated links are what is left after chance is taken off.

# %% [markdown]
# ## The validated links
# Not every pair that shares something: only those that share more than their activity explains. The store keeps those that show how a ring hangs together.

# %%
inside = links[links["account_id"].isin(members) & links["other_id"].isin(members)]
net = nx.from_pandas_edgelist(inside, "account_id", "other_id", edge_attr="weight")
central = pd.DataFrame(
    {
        "links": dict(net.degree),
        "strength": dict(net.degree(weight="weight")),
        "betweenness": nx.betweenness_centrality(net),
        "coreness": nx.core_number(net),
    }
).sort_values(["betweenness", "links"], ascending=False)
print(
    f"{net.number_of_edges()} links; {nx.number_connected_components(net)} parts; "
    f"clustering {nx.transitivity(net):.2f}; {len(members) - len(net)} members without a link of their own"
)
central.head(5)

# %%
cards = (
    usage[usage["facet"] == "payment"]
    .sort_values("events")
    .drop_duplicates("account_id", keep="last")
    .set_index("account_id")["value"]
)
drawn = central.reset_index(names="account")
drawn["card"] = drawn["account"].map(cards).fillna("none shared")
alt.Chart(drawn).mark_circle(opacity=0.7).encode(
    alt.X("links"),
    alt.Y("betweenness", axis=alt.Axis(format="%"), title="shortest ways that lead through it"),
    alt.Size("coreness", title="coreness"),
    tooltip=["account", "card", "links", "strength"],
).properties(width=480, height=220)

# %%
heavy = inside.assign(same=inside["account_id"].map(cards).eq(inside["other_id"].map(cards)))
alt.Chart(heavy).mark_bar(opacity=0.8).encode(
    alt.X("weight", bin=alt.Bin(maxbins=24), title="weight of a link, nats"),
    alt.Y("count()", title="links"),
    alt.Color("same", title="the same card"),
).properties(width=480, height=160)

# %% [markdown]
# ## Further on
# `nx.write_graphml(net, "ring.graphml")` opens in Gephi or Cytoscape; `nx.to_scipy_sparse_array(net)` goes into any library of linear algebra; for many rings at once
# and for colleagues without Python there is [the graph in Neo4j](in_neo4j.py).
