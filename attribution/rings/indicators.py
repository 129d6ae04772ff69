"""What is looked at in a cluster, one small question a member, answered yes, no or unknown.

Each indicator is a function from the clusters to one number a member: 1 yes, 0 no, NaN unknown. Unknown means that
the logs do not say; it is never counted as no. The docstring is the text that an investigator reads beside the figure.
`INDICATORS` is the one table of them; `attribution.rings.hypotheses` says what each explanation expects of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import bdtrc

from attribution.domain import Facet, Family
from attribution.projection.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.rings.view import Entries, View

COMMON_SHARE = 0.1
"""A place is common to a cluster when this share of the members (and three of them) are at home there."""
HOME_SHARE = 0.5
"""Share of an account's requests that makes a network its home."""
PRIVATE_SHARE = 0.8
"""A value is private to a cluster when this share of all its users are members."""
CHANCE = 0.02
"""Probability under which members do not meet on any value of an account by accident."""
CARELESS_AGE = pd.Timedelta(days=7)
QUIET_HOURS = 4


@dataclass(frozen=True, slots=True)
class Indicator:
    """One question about a member, the family it belongs to, and how to answer it."""

    name: str
    family: Family
    answer: Callable[[View], NDArray[np.float64]]

    @property
    def question(self) -> str:
        """The text that an investigator reads."""
        return _first_line(self.answer.__doc__)


@cache  # asked for every line of every ledger
def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().splitlines()[0]


def _unknown(view: View) -> NDArray[np.float64]:
    return np.full(len(view.account), np.nan)


def _answer(yes: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(known, yes.astype(np.float64), np.nan)


def _any(view: View, entries: Entries, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return view.per_member(entries.member[which]) > 0


def _private(entries: Entries) -> NDArray[np.bool_]:
    return (entries.inside >= 3) & (entries.inside >= PRIVATE_SHARE * entries.popularity)


def _meet(view: View, facet: Facet, entries: Entries) -> NDArray[np.bool_]:
    """Tell the entries whose value more members use than strangers would: one row an entry.

    Of the `d - 1` other users of a value each is in a cluster of n of N accounts with probability q = (n - 1)/(N - 1)
    if who uses it has nothing to do with the cluster, so `inside - 1` or more are with the binomial tail, times the
    share of such meetings that are between strangers (`RULES`), times the values that the account could have met on.
    """
    inside, popularity = entries.inside, entries.popularity
    size = view.size[view.cluster[entries.member]]
    odds = (size - 1) / max(1, view.population.size - 1)
    strangers = np.minimum(1.0, RULES[facet].strangers * (popularity / 2) ** 2)
    tail = strangers * bdtrc(np.maximum(inside - 2, 0), np.maximum(popularity - 1, 1), odds)
    values = view.per_member(entries.member)[entries.member]
    return np.asarray((inside >= 2) & (tail * values <= CHANCE), dtype=np.bool_)


def _home(view: View) -> NDArray[np.int64]:
    """Number of the network from which each member sends at least half of its requests; -1: there is none."""
    home = np.full(len(view.account), -1, np.int64)
    entries = view.entries(Facet.NETWORK)
    if entries is not None:
        main = entries.count >= HOME_SHARE * view.activity["events"].to_numpy()[entries.member]
        # two networks with exactly half each: the one with the smaller number, written last
        home[entries.member[main][::-1]] = entries.value[main][::-1]
    return home


def common_place(view: View) -> NDArray[np.float64]:
    """The account has one place where it is at home, and many of the cluster are at home there as well."""
    home = _home(view)
    key = view.cluster.astype(np.int64) * (home.max(initial=0) + 2) + home
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    size = view.size[view.cluster]
    common = (home >= 0) & (count[group] >= np.maximum(np.minimum(3, size), np.ceil(COMMON_SHARE * size)))
    return _answer(common, view.activity["ips"].to_numpy() > 0)


def one_place(view: View) -> NDArray[np.float64]:
    """The account is at home where most of the cluster is: one office, one gateway, one home."""
    entries = view.entries(Facet.NETWORK)
    if entries is None:
        return _unknown(view)
    home = _home(view)
    return _answer((home >= 0) & (home == _main(view, home)), view.activity["ips"].to_numpy() > 0)


def _main(view: View, value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each member's cluster's most frequent value (the smallest of equals; values under 0 do not count)."""
    frame = pd.DataFrame({"cluster": view.cluster, "value": value})
    counts = frame[frame["value"] >= 0].groupby(["cluster", "value"]).size().rename("n").reset_index()
    counts = counts.sort_values(["cluster", "n", "value"], ascending=[True, False, True], kind="stable")
    main = np.full(len(view.size), -1, np.int64)
    first = counts.drop_duplicates("cluster")
    main[first["cluster"].to_numpy()] = first["value"].to_numpy()
    return main[view.cluster]


def met(view: View) -> NDArray[np.float64]:
    """The account used an address at which members of the cluster meet more than strangers do."""
    entries = view.entries(Facet.IP)
    if entries is None:
        return _unknown(view)
    return _answer(_any(view, entries, _meet(view, Facet.IP, entries)), view.activity["ips"].to_numpy() > 0)


def anonymous_egress(view: View) -> NDArray[np.float64]:
    """Most of the account's requests come from hosting, VPN or proxy addresses."""
    share = view.activity["datacentre"].to_numpy(np.float64)
    return _answer(share >= 0.5, ~np.isnan(share))


def scattered_exits(view: View) -> NDArray[np.float64]:
    """The account keeps appearing from new networks, as through rotating exits, rather than from a few places."""
    activity = view.activity
    networks, events = activity["networks"].to_numpy(), activity["events"].to_numpy()
    return _answer(networks >= np.maximum(4, 0.25 * events), (activity["ips"].to_numpy() > 0) & (events >= 8))


def _affiliation(view: View) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Code each member's organisation (verified, else a mail domain that is mostly the cluster's); -1 is none."""
    population, activity = view.population, view.activity
    org = activity["org"]
    domain = activity["email_domain"]
    everywhere = domain.map(population.activity["email_domain"].value_counts())
    inside = domain.groupby([view.cluster, domain]).transform("size")
    own_domain = domain.where((inside >= 2) & (inside >= 0.5 * everywhere))
    name = org.where(org.notna(), own_domain)
    codes, _ = pd.factorize(name, sort=True)
    known = (org.notna() | domain.notna()).to_numpy()
    return codes.astype(np.int64), known


def affiliated(view: View) -> NDArray[np.float64]:
    """The account belongs to an organisation (verified, or by its mail domain) that a fifth of the cluster shares."""
    codes, known = _affiliation(view)
    key = view.cluster.astype(np.int64) * (codes.max(initial=0) + 2) + codes
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    enough = count[group] >= np.maximum(2, 0.2 * view.size[view.cluster])
    return _answer((codes >= 0) & enough, known)


def _shared(view: View, facet: Facet, used: str) -> NDArray[np.float64]:
    entries = view.entries(facet)
    if entries is None:
        return _unknown(view)
    return _answer(_any(view, entries, _meet(view, facet, entries)), view.activity[used].to_numpy() > 0)


def shared_card(view: View) -> NDArray[np.float64]:
    """The account pays with an instrument that another member uses as well."""
    return _shared(view, Facet.PAYMENT, "payments")


def one_payer(view: View) -> NDArray[np.float64]:
    """The account pays with the cluster's main instrument: one payer for all, or many."""
    return _one(view, Facet.PAYMENT, "payments")


def _one(view: View, facet: Facet, used: str) -> NDArray[np.float64]:
    """Tell who uses the value that most members use (the smallest of equals)."""
    entries = view.entries(facet)
    if entries is None:
        return _unknown(view)
    group, inside, member = entries.group, entries.inside, entries.member
    frame = pd.DataFrame({"cluster": view.cluster[member], "group": group, "inside": inside, "member": member})
    frame = frame[frame["inside"] >= 2].sort_values(["cluster", "inside", "group"], ascending=[True, False, True])
    main = frame.drop_duplicates("cluster")["group"]
    uses = np.zeros(len(view.account), bool)
    uses[frame.loc[frame["group"].isin(main), "member"].to_numpy()] = True
    return _answer(uses, view.activity[used].to_numpy() > 0)


def shared_device(view: View) -> NDArray[np.float64]:
    """The account runs on a device that another member uses as well."""
    return _shared(view, Facet.DEVICE, "devices")


def one_device(view: View) -> NDArray[np.float64]:
    """The account runs on the cluster's main device: one machine or image for all, or many."""
    return _one(view, Facet.DEVICE, "devices")


def _company(view: View, entries: Entries, shared: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find who has company: someone of the same shared group at home in the same place or of the same organisation.

    A data centre is nobody's home: whoever rents an exit there can stand beside anybody.
    """
    rows = np.flatnonzero(shared)
    group, member = entries.group[rows], entries.member[rows]
    company = np.zeros(len(view.account), bool)
    for tie in _ties(view):
        frame = pd.DataFrame({"group": group, "member": member, "tie": tie[member]})
        frame = frame[frame["tie"] >= 0]
        together = frame.groupby(["group", "tie"])["member"].transform("size") >= 2
        company[frame.loc[together, "member"].to_numpy()] = True
    return company


def _concealed(view: View, facet: Facet) -> NDArray[np.float64]:
    entries = view.entries(facet)
    if entries is None or not view.knows("events.ip"):  # who sits where is unknown: nobody can be seen to hide it
        return _unknown(view)
    shared = _meet(view, facet, entries)
    return _answer(~_company(view, entries, shared), _any(view, entries, shared))


def open_block(view: View) -> NDArray[np.bool_]:
    """Find the members of an open minority: three or more, not half of the cluster, with one home or organisation.

    Who shares a card or a device with nobody of that home or organisation hides it and is not of them.
    """
    size = view.size[view.cluster]
    found: NDArray[np.bool_] = np.zeros(len(view.account), np.bool_)
    for tie in _ties(view):
        key = view.cluster.astype(np.int64) * (tie.max(initial=0) + 2) + tie
        _, group, count = np.unique(key, return_inverse=True, return_counts=True)
        found |= (tie >= 0) & (count[group] >= 3) & (count[group] < 0.5 * size)
    hides = (concealed_card(view) == 1) | (concealed_device(view) == 1)
    return np.asarray(found & ~hides, dtype=np.bool_)


def _ties(view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each member's home that is not in a data centre, and its organisation; -1 where there is none."""
    return np.where(anonymous_egress(view) == 1, -1, _home(view)), _affiliation(view)[0]


def concealed_card(view: View) -> NDArray[np.float64]:
    """The account shares a payment instrument with members none of whom has its home or its organisation."""
    return _concealed(view, Facet.PAYMENT)


def concealed_device(view: View) -> NDArray[np.float64]:
    """The account shares a device with members none of whom has its home or its organisation."""
    return _concealed(view, Facet.DEVICE)


def unrelated_names(view: View) -> NDArray[np.float64]:
    """The account shares cards or devices with members whose organisations or mail domains are as mixed as strangers'.

    As mixed as strangers': of the uses that it shares, those by its own organisation (or mail domain, where there is no
    organisation) are a share nearer to that name's share of the whole population than to all.
    """
    name = _names(view.activity)
    everywhere = _names(view.population.activity)
    frequency = name.map(everywhere.value_counts() / max(1, everywhere.notna().sum())).to_numpy(np.float64)
    others, same = np.zeros(len(view.account)), np.zeros(len(view.account))
    codes, _ = pd.factorize(name, sort=True)
    for facet in (Facet.PAYMENT, Facet.DEVICE):
        entries = view.entries(facet)
        if entries is None:
            continue
        shared = _meet(view, facet, entries) & (codes[entries.member] >= 0)
        frame = pd.DataFrame({"group": entries.group[shared], "member": entries.member[shared]})
        frame["name"] = codes[frame["member"]]
        member = frame["member"].to_numpy()
        others += view.per_member(member, frame.groupby("group")["member"].transform("size").to_numpy() - 1.0)
        same += view.per_member(member, frame.groupby(["group", "name"])["member"].transform("size").to_numpy() - 1.0)
    return _answer(same < others * (1 + frequency) / 2, others > 0)


def _names(activity: pd.DataFrame) -> pd.Series[str]:
    """Return the name each account goes by: its verified organisation, else its mail domain."""
    return activity["org"].where(activity["org"].notna(), activity["email_domain"])


def private_template(view: View, apart: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """The account sends a prompt template that hardly anyone outside the cluster sends."""
    entries = view.entries(Facet.TEMPLATE)
    if entries is None:
        return _unknown(view)
    return _answer(_any(view, entries, _own(entries, apart)), view.activity["templates"].to_numpy() > 0)


def _own(entries: Entries, apart: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Find the entries whose value is private to the cluster, not just to those who stand apart in it."""
    own = _private(entries)
    if apart is not None:
        own &= np.bincount(entries.group, weights=apart[entries.member])[entries.group] < 0.5 * entries.inside
    return own


def dominant_template(view: View, apart: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Most of the account's requests are templates that hardly anyone outside the cluster sends."""
    entries = view.entries(Facet.TEMPLATE)
    if entries is None:
        return _unknown(view)
    own = _own(entries, apart)
    share = view.per_member(entries.member[own], entries.count[own].astype(np.float64))
    activity = view.activity
    return _answer(share >= 0.5 * activity["events"].to_numpy(), activity["templates"].to_numpy() > 0)


def round_the_clock(view: View) -> NDArray[np.float64]:
    """The account has no quiet hours: no four hours of the day in a row are (nearly) free of requests."""
    hours = view.population.hours[view.account].astype(np.float64)
    total = hours.sum(axis=1)
    windows = sum(np.roll(hours, -shift, axis=1) for shift in range(QUIET_HOURS))
    quiet = np.min(windows, axis=1) <= 0.02 * total
    return _answer(~quiet, total >= 48)


def fresh_account(view: View) -> NDArray[np.float64]:
    """The account was put to work within a week of its creation."""
    activity = view.activity
    created, first = activity["created_at"], activity["first_seen"]
    known = created.notna().to_numpy()
    return _answer(((first - created) < CARELESS_AGE).to_numpy(), known)


def signup_burst(view: View) -> NDArray[np.float64]:
    """The account was created in the same short burst as at least two other members."""
    entries = view.entries(Facet.SIGNUP)
    if entries is None:
        return _unknown(view)
    return _answer(_any(view, entries, entries.inside >= 3), view.activity["created_at"].notna().to_numpy())


def synchronous(view: View) -> NDArray[np.float64]:
    """The account acts in the same short windows as at least two other members, beyond its own daily rhythm."""
    entries = view.entries(Facet.BURST)
    if entries is None:
        return _unknown(view)
    together = entries.inside >= 3
    return _answer(view.per_member(entries.member[together]) >= 2, np.ones(len(view.account), bool))


def replaced(view: View) -> NDArray[np.float64]:
    """The account took over an instrument or a device from a member that had just stopped, or handed it on."""
    entries = view.entries(Facet.PAYMENT)
    if entries is None:
        return _unknown(view)
    rows = np.flatnonzero(entries.inside >= 2)
    first, last = (view.activity[c].astype("int64").to_numpy() for c in ("first_seen", "last_seen"))
    frame = pd.DataFrame({"group": entries.group[rows], "member": entries.member[rows]})
    frame["first"], frame["last"] = first[frame["member"]], last[frame["member"]]
    frame = frame.sort_values(["group", "first", "member"], kind="stable")
    follows = frame["group"].eq(frame["group"].shift(-1)) & (frame["first"].shift(-1) >= frame["last"])
    handed = np.zeros(len(view.account), bool)
    handed[frame.loc[follows, "member"].to_numpy()] = True
    handed[frame.loc[follows.shift(1, fill_value=False), "member"].to_numpy()] = True
    return _answer(handed, _any(view, entries, entries.inside >= 2))


def throwaway_card(view: View) -> NDArray[np.float64]:
    """The account's main instrument is prepaid, virtual or crypto."""
    kind = view.activity["payment_kind"]
    return _answer(
        kind.isin(["prepaid", "virtual", "crypto"]).to_numpy(), (kind.notna() & (kind != "unknown")).to_numpy()
    )


def corporate_card(view: View) -> NDArray[np.float64]:
    """The account's main instrument is a corporate card."""
    kind = view.activity["payment_kind"]
    return _answer((kind == "corporate").to_numpy(), (kind.notna() & (kind != "unknown")).to_numpy())


def verified_organisation(view: View) -> NDArray[np.float64]:
    """The account's organisation has been verified."""
    known = view.knows("accounts.org") & view.activity["created_at"].notna().to_numpy()
    return _answer(view.activity["org"].notna().to_numpy(), known)


INDICATORS: tuple[Indicator, ...] = (
    Indicator("common_place", Family.PLACE, common_place),
    Indicator("one_place", Family.PLACE, one_place),
    Indicator("met", Family.PLACE, met),
    Indicator("anonymous_egress", Family.PLACE, anonymous_egress),
    Indicator("scattered_exits", Family.PLACE, scattered_exits),
    Indicator("affiliated", Family.AFFILIATION, affiliated),
    Indicator("verified_organisation", Family.AFFILIATION, verified_organisation),
    Indicator("unrelated_names", Family.AFFILIATION, unrelated_names),
    Indicator("shared_card", Family.PAYMENT, shared_card),
    Indicator("one_payer", Family.PAYMENT, one_payer),
    Indicator("concealed_card", Family.PAYMENT, concealed_card),
    Indicator("throwaway_card", Family.PAYMENT, throwaway_card),
    Indicator("corporate_card", Family.PAYMENT, corporate_card),
    Indicator("replaced", Family.PAYMENT, replaced),
    Indicator("shared_device", Family.DEVICE, shared_device),
    Indicator("one_device", Family.DEVICE, one_device),
    Indicator("concealed_device", Family.DEVICE, concealed_device),
    Indicator("private_template", Family.CONTENT, private_template),
    Indicator("dominant_template", Family.CONTENT, dominant_template),
    Indicator("round_the_clock", Family.TIMING, round_the_clock),
    Indicator("synchronous", Family.TIMING, synchronous),
    Indicator("fresh_account", Family.LIFECYCLE, fresh_account),
    Indicator("signup_burst", Family.LIFECYCLE, signup_burst),
)
"""Every question, in the order in which the report shows them."""
