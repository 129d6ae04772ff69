"""How members of a cluster are tied: where they meet, where they are at home, under which names, in whose company.

Every function takes the members of all clusters at once (`View`) or their usage of one facet (`Entries`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import bdtrc

from attribution.domain import Facet
from attribution.projection.rules import RULES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.rings.view import Entries, View

HOME_SHARE = 0.5
"""Share of an account's requests whose address is known that makes a network its home."""
HAUNT = 0.33
"""Share of an account's requests whose address is known that makes a network a place where it often is."""
PRIVATE_SHARE = 0.8
"""A value is private to a cluster when this share of all its users are members."""
PART = 0.5
"""Part of the others in a cluster that may be on the cards and devices of a group which still keeps together."""
CHANCE = 0.02
"""Probability under which members do not meet on any value of an account by accident."""


def unknown(view: View) -> NDArray[np.float64]:
    """Return no answer for any member."""
    return np.full(len(view.account), np.nan)


def answered(yes: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return 1 for yes and 0 for no, NaN where it is not known."""
    return np.where(known, yes.astype(np.float64), np.nan)


def any_of(view: View, entries: Entries, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which members have one of these entries."""
    return view.per_member(entries.member[which]) > 0


def private(entries: Entries) -> NDArray[np.bool_]:
    """Find the entries whose value three members use and hardly anybody else."""
    return (entries.inside >= 3) & (entries.inside >= PRIVATE_SHARE * entries.popularity)


def meet(view: View, facet: Facet) -> NDArray[np.bool_]:
    """Tell the entries of a facet whose value more members use than strangers would: one row an entry.

    Of the `d - 1` other users of a value each is in a cluster of n of N accounts with probability q = (n - 1)/(N - 1)
    if who uses it has nothing to do with the cluster, so `inside - 1` or more are with the binomial tail, times the
    share of such meetings that are between strangers (`RULES`), times the values that the account could have met on.
    """
    entries = view.entries(facet)
    if entries is None:
        return np.empty(0, np.bool_)
    inside, popularity = entries.inside, entries.popularity
    size = view.size[view.cluster[entries.member]]
    odds = (size - 1) / max(1, view.population.size - 1)
    strangers = np.minimum(1.0, RULES[facet].strangers * (popularity / 2) ** 2)
    tail = strangers * bdtrc(np.maximum(inside - 2, 0), np.maximum(popularity - 1, 1), odds)
    values = view.per_member(entries.member)[entries.member]
    return np.asarray((inside >= 2) & (tail * values <= CHANCE), dtype=np.bool_)


def home_of(view: View) -> NDArray[np.int64]:
    """Return the network that at least half of each member's requests with an address are from; -1: there is none."""
    home = np.full(len(view.account), -1, np.int64)
    entries = view.entries(Facet.NETWORK)
    if entries is not None:
        main = entries.count >= HOME_SHARE * view.activity["located"].to_numpy()[entries.member]
        # two networks with exactly half each: the one with the smaller number, written last
        home[entries.member[main][::-1]] = entries.value[main][::-1]
    return home


def place_of(view: View) -> NDArray[np.int64]:
    """Return the home of each member that is a place, -1: none; whoever has a SIM stands at a carrier's gateway."""
    return np.where(view.activity["mobile"].to_numpy(np.float64) >= HOME_SHARE, -1, view.once(home_of))


def main_of(view: View, value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each member's cluster's most frequent value (the smallest of equals; values under 0 do not count)."""
    frame = pd.DataFrame({"cluster": view.cluster, "value": value})
    counts = frame[frame["value"] >= 0].groupby(["cluster", "value"]).size().rename("n").reset_index()
    counts = counts.sort_values(["cluster", "n", "value"], ascending=[True, False, True], kind="stable")
    main = np.full(len(view.size), -1, np.int64)
    first = counts.drop_duplicates("cluster")
    main[first["cluster"].to_numpy()] = first["value"].to_numpy()
    return main[view.cluster]


def names(activity: pd.DataFrame) -> pd.Series[str]:
    """Return the name each account goes by: its verified organisation, else its mail domain."""
    return activity["org"].where(activity["org"].notna(), activity["email_domain"])


def own_names(view: View) -> NDArray[np.int64]:
    """Code each member's organisation (verified), else its mail domain if that is mostly the cluster's; -1: none."""
    org, domain = view.activity["org"], view.activity["email_domain"]
    everywhere = domain.map(view.population.activity["email_domain"].value_counts())
    inside = domain.groupby([view.cluster, domain]).transform("size")
    own_domain = domain.where((inside >= 2) & (inside >= 0.5 * everywhere))
    return pd.factorize(org.where(org.notna(), own_domain), sort=True)[0].astype(np.int64)


def dealt_out(view: View) -> NDArray[np.bool_]:
    """Tell whose mail domain is one of several that are dealt out: cards and devices run across them.

    Anybody can buy a few domains. Where accounts of the cluster with names of their own share cards and devices
    whatever the name (`keeps_together`), the domain that an account has says nothing of who it is.
    """
    codes = view.once(own_names)
    return (codes >= 0) & view.activity["org"].isna().to_numpy() & ~keeps_together(view, codes)


def affiliation(view: View) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Code each member's organisation (verified, else a mail domain of its own that is not dealt out); -1 is none."""
    known = (view.activity["org"].notna() | view.activity["email_domain"].notna()).to_numpy()
    return np.where(view.once(dealt_out), -1, view.once(own_names)), known


def ties_of(view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each member's home that is not in a data centre, and its organisation; -1 where there is none."""
    rented = view.activity["datacentre"].to_numpy(np.float64) >= 0.5
    return np.where(rented, -1, view.once(home_of)), view.once(affiliation)[0]


def shares_with(view: View, code: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count with how many members each shares cards and devices, and with how many of its own code; both (members,).

    More than strangers do (`meet`); who shares two values counts twice. Members with a code under 0 do not count.
    """
    with_any, with_own = np.zeros(len(view.account)), np.zeros(len(view.account))
    for facet in (Facet.PAYMENT, Facet.DEVICE):
        entries = view.entries(facet)
        if entries is None:
            continue
        shared = view.once(meet, facet) & (code[entries.member] >= 0)
        member = entries.member[shared]
        frame = pd.DataFrame({"value": entries.group[shared], "code": code[member], "member": member})
        with_any += view.per_member(member, frame.groupby("value")["member"].transform("size").to_numpy() - 1.0)
        with_own += view.per_member(
            member, frame.groupby(["value", "code"])["member"].transform("size").to_numpy() - 1.0
        )
    return with_any, with_own


def keeps_together(view: View, code: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell who is of a group (code, -1: none) that shares cards and devices among itself; bool (members,).

    Members of a group of g of the n members who are of any meet their own on cards and devices with odds `own/others`,
    all counted together. Were the code a label that is dealt out, these would be (g - 1)/(n - g); where r of the n - g
    others are on the group's cards as well, (g - 1)/r. So the ratio of the two is (n - g)/r, and a group keeps together
    if that is 1/`PART` or more: an agency of which a part of a ring makes use does, and so does who shares nothing.
    """
    group = view.numbered(code)
    size = np.bincount(group, weights=code >= 0)
    with_any, with_own = (
        np.bincount(group, weights=one, minlength=len(size))[group] for one in shares_with(view, code)
    )
    of_any = np.bincount(view.cluster, weights=code >= 0)[view.cluster]
    own_odds, chance_odds = with_own * (of_any - size[group]), (with_any - with_own) * (size[group] - 1)
    return np.asarray((code >= 0) & (PART * own_odds >= chance_odds), dtype=np.bool_)


def company(view: View, entries: Entries, shared: NDArray[np.bool_], part: float) -> NDArray[np.bool_]:
    """Find who has company: of those who share its values one or more, and at least a part, are of its own.

    That is, often in the same place (`HAUNT`) or of the same organisation. A data centre is nobody's place: whoever
    rents an exit there can stand beside anybody. Who shares two values, or is met in two places, counts twice.
    """
    member = entries.member[shared]
    uses = pd.DataFrame({"group": entries.group[shared], "member": member})
    others = view.per_member(member, entries.inside[shared].astype(np.float64) - 1)
    found: NDArray[np.bool_] = np.zeros(len(view.account), np.bool_)
    organisation = view.once(affiliation)[0]
    named = np.flatnonzero(organisation >= 0)
    for who, tie in (view.once(haunts), (named, organisation[named])):
        frame = uses.merge(pd.DataFrame({"member": who, "tie": tie}), on="member")
        same = frame.groupby(["group", "tie"])["member"].transform("size").to_numpy() - 1.0
        beside = view.per_member(frame["member"].to_numpy(), same)
        found |= (beside > 0) & (beside >= part * others)
    return found


def haunts(view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of a member and a network that at least `HAUNT` of its located requests are from, both (pairs,).

    An office counts, and a home, for whoever works in both. Members who send mostly from data centres have none.
    """
    entries = view.entries(Facet.NETWORK)
    if entries is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    often = entries.count >= HAUNT * view.activity["located"].to_numpy()[entries.member]
    often &= ~(view.activity["datacentre"].to_numpy(np.float64) >= 0.5)[entries.member]
    return entries.member[often], entries.value[often]
