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

from attribution.domain import Facet, Family
from attribution.rings.places import (
    anonymous_egress,
    common_place,
    met,
    office_egress,
    one_place,
    scattered_exits,
)
from attribution.rings.ties import (
    affiliation,
    answered,
    any_of,
    company,
    dealt_out,
    keeps_together,
    meet,
    names,
    private,
    shares_with,
    ties_of,
    unknown,
)
from attribution.rings.workload import busy, even_load, long_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.rings.view import View

CARELESS_AGE = pd.Timedelta(days=7)
QUIET_HOURS = 4
MOSTLY = 0.5
"""Part of those who share a member's card or device that must have its home or its organisation, or else it hides."""


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


def affiliated(view: View) -> NDArray[np.float64]:
    """The account belongs to an organisation (verified, or by its mail domain) that a fifth of the cluster shares."""
    codes, known = view.once(affiliation)
    group = view.numbered(codes)
    count = np.bincount(group)
    enough = count[group] >= np.maximum(2, 0.2 * view.size[view.cluster])
    return answered((codes >= 0) & enough, known)


def _shared(view: View, facet: Facet, used: str) -> NDArray[np.float64]:
    entries = view.entries(facet)
    if entries is None:
        return unknown(view)
    return answered(any_of(view, entries, view.once(meet, facet)), view.activity[used].to_numpy() > 0)


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
        return unknown(view)
    group, inside, member = entries.group, entries.inside, entries.member
    frame = pd.DataFrame({"cluster": view.cluster[member], "group": group, "inside": inside, "member": member})
    frame = frame[frame["inside"] >= 2].sort_values(["cluster", "inside", "group"], ascending=[True, False, True])
    main = frame.drop_duplicates("cluster")["group"]
    uses = np.zeros(len(view.account), bool)
    uses[frame.loc[frame["group"].isin(main), "member"].to_numpy()] = True
    return answered(uses, view.activity[used].to_numpy() > 0)


def shared_device(view: View) -> NDArray[np.float64]:
    """The account runs on a device that another member uses as well."""
    return _shared(view, Facet.DEVICE, "devices")


def one_device(view: View) -> NDArray[np.float64]:
    """The account runs on the cluster's main device: one machine or image for all, or many."""
    return _one(view, Facet.DEVICE, "devices")


def own_device(view: View) -> NDArray[np.float64]:
    """The account shares devices with members, and runs on one besides that nobody else uses at all."""
    entries = view.entries(Facet.DEVICE)
    if entries is None:
        return unknown(view)
    shares = any_of(view, entries, view.once(meet, Facet.DEVICE))
    others_use = view.per_member(entries.member[entries.popularity >= 2])
    return answered(view.activity["devices"].to_numpy() > others_use, shares)


def _hidden(view: View, facet: Facet, part: float) -> NDArray[np.float64]:
    """Tell who shares values with members of whom less than a part (0: nobody) has its home or its organisation."""
    entries = view.entries(facet)
    if entries is None or not view.knows("events.ip"):  # who sits where is unknown: nobody can be seen to hide it
        return unknown(view)
    shared = view.once(meet, facet)
    hides = any_of(view, entries, shared) & ~company(view, entries, shared, part)
    return answered(hides, view.activity["devices" if facet is Facet.DEVICE else "payments"].to_numpy() > 0)


def open_block(view: View) -> NDArray[np.bool_]:
    """Find the members of an open minority: three or more, not half of the cluster, with one home or organisation.

    An office (a business or campus address) speaks for itself: who works from one beside its people is left out with
    them, and not they taken for it. Other homes and names must keep together (`ties.keeps_together`): a mail domain is
    chosen by whoever makes the accounts, and accounts that leave through one carrier look at home there. Who shares a
    card or a device with nobody of that home or organisation hides it and is not of them.
    """
    size = view.size[view.cluster]
    found: NDArray[np.bool_] = np.zeros(len(view.account), np.bool_)
    office = view.activity["business"].to_numpy(np.float64) >= 0.5
    for tie, stands in zip(ties_of(view), (office, np.zeros_like(office)), strict=True):
        group = view.numbered(tie)
        count = np.bincount(group)[group]
        together = keeps_together(view, tie + 1)  # those without one are a group as well
        found |= (tie >= 0) & (count >= 3) & (count < 0.5 * size) & (stands | together)
    hides = (_hidden(view, Facet.PAYMENT, 0.0) == 1) | (_hidden(view, Facet.DEVICE, 0.0) == 1)
    return np.asarray(found & ~hides, dtype=np.bool_)


def concealed_card(view: View) -> NDArray[np.float64]:
    """The account shares payment instruments with members most of whom are of other places and organisations."""
    return _hidden(view, Facet.PAYMENT, MOSTLY)


def concealed_device(view: View) -> NDArray[np.float64]:
    """The account shares devices with members most of whom are of other places and organisations."""
    return _hidden(view, Facet.DEVICE, MOSTLY)


def unrelated_names(view: View) -> NDArray[np.float64]:
    """The account shares cards or devices with members whose organisations or mail domains are as mixed as strangers'.

    As mixed as strangers': of the uses that it shares, those by its own organisation (or mail domain, where there is no
    organisation) are a share nearer to that name's share of the whole population than to all; a domain that was dealt
    out (`ties.dealt_out`) has among strangers the share that it was dealt to.
    """
    name = names(view.activity)
    everywhere = names(view.population.activity)
    frequency = name.map(everywhere.value_counts() / max(1, everywhere.notna().sum())).to_numpy(np.float64)
    codes = pd.factorize(name, sort=True)[0].astype(np.int64)
    group = view.numbered(codes)
    dealt_to = np.bincount(group)[group] / view.size[view.cluster]
    frequency = np.where(view.once(dealt_out), dealt_to, frequency)
    others, same = shares_with(view, codes)
    return answered(same < others * (1 + frequency) / 2, others > 0)


def private_template(view: View) -> NDArray[np.float64]:
    """The account sends a prompt template that hardly anyone outside the cluster sends."""
    entries = view.entries(Facet.TEMPLATE)
    if entries is None:
        return unknown(view)
    return answered(any_of(view, entries, private(entries)), view.activity["templates"].to_numpy() > 0)


def dominant_template(view: View) -> NDArray[np.float64]:
    """Most of the account's requests are templates that hardly anyone outside the cluster sends."""
    entries = view.entries(Facet.TEMPLATE)
    if entries is None:
        return unknown(view)
    own = private(entries)
    share = view.per_member(entries.member[own], entries.count[own].astype(np.float64))
    activity = view.activity
    return answered(share >= 0.5 * activity["events"].to_numpy(), activity["templates"].to_numpy() > 0)


def round_the_clock(view: View) -> NDArray[np.float64]:
    """The account has no quiet hours: no four hours of the day in a row are (nearly) free of requests."""
    hours = view.population.hours[view.account].astype(np.float64)
    total = hours.sum(axis=1)
    windows = sum(np.roll(hours, -shift, axis=1) for shift in range(QUIET_HOURS))
    quiet = np.min(windows, axis=1) <= 0.02 * total
    return answered(~quiet, total >= 48)


def fresh_account(view: View) -> NDArray[np.float64]:
    """The account was put to work within a week of its creation."""
    activity = view.activity
    created, first = activity["created_at"], activity["first_seen"]
    known = created.notna().to_numpy()
    return answered(((first - created) < CARELESS_AGE).to_numpy(), known)


def signup_burst(view: View) -> NDArray[np.float64]:
    """The account was created in the same short burst as at least two other members."""
    entries = view.entries(Facet.SIGNUP)
    if entries is None:
        return unknown(view)
    return answered(any_of(view, entries, entries.inside >= 3), view.activity["created_at"].notna().to_numpy())


def synchronous(view: View) -> NDArray[np.float64]:
    """The account acts in the same short windows as at least two other members, beyond its own daily rhythm."""
    entries = view.entries(Facet.BURST)
    if entries is None:
        return unknown(view)
    together = entries.inside >= 3
    return answered(view.per_member(entries.member[together]) >= 2, np.ones(len(view.account), bool))


def replaced(view: View) -> NDArray[np.float64]:
    """The account took over an instrument or a device from a member that had just stopped, or handed it on."""
    first, last = (view.activity[c].astype("int64").to_numpy() for c in ("first_seen", "last_seen"))
    handed, shares = np.zeros(len(view.account), bool), np.zeros(len(view.account), bool)
    for facet in (Facet.PAYMENT, Facet.DEVICE):
        entries = view.entries(facet)
        if entries is None:
            continue
        rows = entries.inside >= 2
        shares |= any_of(view, entries, rows)
        frame = pd.DataFrame({"group": entries.group[rows], "member": entries.member[rows]})
        frame["first"], frame["last"] = first[frame["member"]], last[frame["member"]]
        frame = frame.sort_values(["group", "first", "member"], kind="stable")
        follows = frame["group"].eq(frame["group"].shift(-1)) & (frame["first"].shift(-1) >= frame["last"])
        handed[frame.loc[follows, "member"].to_numpy()] = True
        handed[frame.loc[follows.shift(1, fill_value=False), "member"].to_numpy()] = True
    return answered(handed, shares)


def throwaway_card(view: View) -> NDArray[np.float64]:
    """The account's main instrument is prepaid, virtual or crypto."""
    kind = view.activity["payment_kind"]
    return answered(
        kind.isin(["prepaid", "virtual", "crypto"]).to_numpy(), (kind.notna() & (kind != "unknown")).to_numpy()
    )


def corporate_card(view: View) -> NDArray[np.float64]:
    """The account's main instrument is a corporate card."""
    kind = view.activity["payment_kind"]
    return answered((kind == "corporate").to_numpy(), (kind.notna() & (kind != "unknown")).to_numpy())


def verified_organisation(view: View) -> NDArray[np.float64]:
    """The account's organisation has been verified."""
    known = view.knows("accounts.org") & view.activity["created_at"].notna().to_numpy()
    return answered(view.activity["org"].notna().to_numpy(), known)


INDICATORS: tuple[Indicator, ...] = (
    Indicator("common_place", Family.PLACE, common_place),
    Indicator("one_place", Family.PLACE, one_place),
    Indicator("met", Family.PLACE, met),
    Indicator("anonymous_egress", Family.PLACE, anonymous_egress),
    Indicator("office_egress", Family.PLACE, office_egress),
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
    Indicator("own_device", Family.DEVICE, own_device),
    Indicator("private_template", Family.CONTENT, private_template),
    Indicator("dominant_template", Family.CONTENT, dominant_template),
    Indicator("round_the_clock", Family.TIMING, round_the_clock),
    Indicator("synchronous", Family.TIMING, synchronous),
    Indicator("fresh_account", Family.LIFECYCLE, fresh_account),
    Indicator("signup_burst", Family.LIFECYCLE, signup_burst),
    Indicator("busy", Family.WORKLOAD, busy),
    Indicator("long_answers", Family.WORKLOAD, long_answers),
    Indicator("even_load", Family.WORKLOAD, even_load),
)
"""Every question, in the order in which the report shows them."""
