"""What the stages say to one another: facets, evidence families and stage types (the tables are in `schemas`).

Numbers, not names, travel between stages: an account is its position in the sorted list of account ids
(`Population.accounts`), a shared value is its position in `Incidence.values`. Both orders depend on the data alone,
never on the order in which rows arrived, which is what makes runs repeatable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray


class Facet(StrEnum):
    """A kind of thing that accounts can share."""

    IP = "ip"
    NETWORK = "network"
    DEVICE = "device"
    PAYMENT = "payment"
    BATCH = "batch"
    TEMPLATE = "template"
    TEMPLATE_FAMILY = "template_family"
    BURST = "burst"
    SIGNUP = "signup"


class Family(StrEnum):
    """A family of evidence: facts inside one family depend on each other, families nearly do not."""

    PLACE = "place"
    DEVICE = "device"
    PAYMENT = "payment"
    CONTENT = "content"
    TIMING = "timing"
    LIFECYCLE = "lifecycle"
    AFFILIATION = "affiliation"
    WORKLOAD = "workload"


FAMILY_OF: Mapping[Facet, Family] = {
    Facet.IP: Family.PLACE,
    Facet.NETWORK: Family.PLACE,
    Facet.DEVICE: Family.DEVICE,
    Facet.PAYMENT: Family.PAYMENT,
    Facet.BATCH: Family.PAYMENT,
    Facet.TEMPLATE: Family.CONTENT,
    Facet.TEMPLATE_FAMILY: Family.CONTENT,
    Facet.BURST: Family.TIMING,
    Facet.SIGNUP: Family.LIFECYCLE,
}


class Verdict(StrEnum):
    """What the engine says of a cluster."""

    COORDINATED = "coordinated"
    INNOCENT = "innocent"
    UNDETERMINED = "undetermined"


UNKNOWN_LAB = "unknown"

CAPABILITIES: tuple[str, ...] = (
    "chain_of_thought",
    "rubric_grading",
    "agentic_coding",
    "tool_use",
    "computer_vision",
    "data_analysis",
    "safety_rewrite",
    "multilingual",
    "roleplay",
    "general",
)
"""What a campaign may be after, by the names of the data contract; dossiers may add their own."""


@dataclass(frozen=True, slots=True)
class Incidence:
    """Which account used which value of one facet: a sparse accounts x values matrix, row-compressed.

    Attributes
    ----------
    indptr : int64 (accounts + 1,)
        Row `a` is `indices[indptr[a]:indptr[a + 1]]`.
    indices : int32 (entries,)
        Value numbers, ascending within a row.
    count : int32 (entries,)
        Events of that account with that value.
    values : string array (values,)
        The values' names, sorted; position is the value's number.
    degree : int32 (accounts,) or None
        How many values each account used, counting those that it used alone and that have no column here; None: the
        row lengths.
    """

    facet: Facet
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    count: NDArray[np.int32]
    values: pa.StringArray
    degree: NDArray[np.int32] | None = None

    def popularity(self) -> NDArray[np.int32]:
        """Return how many accounts used each value, shape (values,)."""
        return np.bincount(self.indices, minlength=len(self.values)).astype(np.int32)

    def degrees(self) -> NDArray[np.int64]:
        """Return how many values each account used, those that it used alone included, shape (accounts,)."""
        return np.diff(self.indptr) if self.degree is None else self.degree.astype(np.int64)

    def row(self, account: int) -> NDArray[np.int32]:
        """Return the value numbers that an account used."""
        return self.indices[self.indptr[account] : self.indptr[account + 1]]

    def places(self, accounts: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the entries of some accounts stand in `indices`, row after row, and the rows' lengths."""
        start = self.indptr[accounts]
        length = self.indptr[np.add(accounts, 1)] - start
        before = np.cumsum(length) - length
        return np.repeat(start - before, length) + np.arange(length.sum(), dtype=np.int64), length


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody in the logs, as the graph stages see them.

    Attributes
    ----------
    accounts : sorted account ids; position is the account's number in every other stage.
    incidence : one matrix for each facet whose input columns are present.
    enrichment : for `ip` (columns asn, as_org, country, kind) and `payment` (bin, issuer_country, kind), one row a
        value in the order of `incidence[facet].values`; unknown is None/NA. Absent when the table was not given.
    activity : one row an account, in account order; columns as in `ACTIVITY_COLUMNS`, unknown is NaN/None.
    hours : int32 (accounts, 24), events by hour of day, UTC; a row of zeros where nobody knows.
    known : the input columns that the logs have, as `table.column` (`events.ip`, `ips.kind`, `accounts.org`, ...).
    prints : facets personal by nature (`projection.rules`) that are not so in these logs: most accounts have no value
        of their own, so a value is a print of the software that sends, which strangers have in common.
    """

    accounts: pa.StringArray
    incidence: Mapping[Facet, Incidence]
    enrichment: Mapping[Facet, pd.DataFrame]
    activity: pd.DataFrame
    hours: NDArray[np.int32]
    known: frozenset[str]
    prints: frozenset[Facet] = frozenset()

    @property
    def size(self) -> int:
        """Number of accounts."""
        return len(self.accounts)


ACTIVITY_COLUMNS: tuple[str, ...] = (
    "events",  # int; from usage edges: at least so many
    "first_seen",  # timestamp[us, UTC]
    "last_seen",  # timestamp[us, UTC]
    "active_days",  # int, NaN if unknown
    "input_tokens",  # float, mean per event, NaN if unknown
    "output_tokens",  # float, mean per event, NaN if unknown
    "refused",  # float, share of events, NaN if unknown
    "created_at",  # timestamp or NaT
    "email_domain",  # str or None
    "org",  # str or None: verified organisation
    "country",  # str or None
    "pathway",  # str or None
    "verified",  # bool or None
    "ips",  # int, distinct addresses, 0 if none known
    "networks",  # int, distinct networks (/24, /48)
    "located",  # int, events with an address
    "devices",  # int
    "payments",  # int
    "templates",  # int
    "residential",  # float: share of events with a known egress kind that came from residential or mobile addresses
    "mobile",  # float: same for mobile ones alone
    "business",  # float: same for business or education
    "datacentre",  # float: same for hosting, vpn or proxy
    "payment_kind",  # str or None: kind of the most used instrument
)


@dataclass(frozen=True, slots=True)
class Links:
    """Validated co-use edges between accounts, each with what it rests on.

    Attributes
    ----------
    source, target : int32 (edges,), account numbers, source < target, sorted by (source, target).
    by_facet : float32 (edges, facets), nats of each facet (columns in the order of `facets`), after caps.
    weight : float32 (edges,), total nats over families.
    p_value : float64 (edges,), probability under the null of at least this weight.
    facets : the columns of `by_facet`.
    threshold : p-value that the false-discovery control let through.
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    by_facet: NDArray[np.float32]
    weight: NDArray[np.float32]
    p_value: NDArray[np.float64]
    facets: tuple[Facet, ...]
    threshold: float


@dataclass(frozen=True, slots=True)
class Partition:
    """Clusters of accounts, kept where several seeds agree.

    Attributes
    ----------
    clusters : each an ascending int32 array of account numbers, ordered by size then first member.
    frequency : for each cluster float32, the share of seeds in which each account was with the cluster's core.
    agreement : mean adjusted Rand index between seeds over clustered accounts (1 where one seed was asked for).
    """

    clusters: tuple[NDArray[np.int32], ...]
    frequency: tuple[NDArray[np.float32], ...]
    agreement: float

    @classmethod
    def by_size(
        cls, clusters: Sequence[NDArray[np.int32]], frequency: Sequence[NDArray[np.float32]], agreement: float
    ) -> Partition:
        """Order clusters, the largest first and of equals the one with the first member, each with its frequency."""
        order = sorted(range(len(clusters)), key=lambda at: (-len(clusters[at]), int(clusters[at][0])))
        return cls(tuple(clusters[at] for at in order), tuple(frequency[at] for at in order), agreement)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of a ledger: what was looked at, what it weighs, and everything needed to recompute the weight.

    `weight` is in nats, positive for covert coordination (rings) or for the lab (campaigns); `detail` is JSON.
    """

    subject: str
    lab_id: str | None
    family: str
    name: str
    weight: float
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ring:
    """A cluster with its verdict.

    Attributes
    ----------
    members : int32 (members,), account numbers, ascending.
    confidence : (members,), each one's probability of membership.
    together : (members,), the share of Leiden's seeds in which each was with its neighbours of the cluster.
    stability : mean of `together` over the whole cluster.
    """

    ring_id: str
    verdict: Verdict
    probability: float
    explanation: str | None
    members: NDArray[np.int32]
    confidence: NDArray[np.float64]
    together: NDArray[np.float32]
    first_seen: pd.Timestamp
    last_seen: pd.Timestamp
    events: int
    stability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the members of coordinated rings sent, as bounded aggregates; counts are integers, rows in key order.

    `ring` is the label that the caller gave a member (its ring id), or "" where none was given. Templates that fewer
    than two members of a ring used are one-offs: they stand under the null template.

    Attributes
    ----------
    exchanges : account_id, template_id, model, pathway, events, input_tokens, output_tokens, refused (Int64, null
        where the logs do not say), first_seen, last_seen.
    days : ring, template_id, model, day, events, accounts.
    hours : ring, template_id, weekday (1 = Monday), hour (UTC), events.
    places : ring, template_id, ip, events, accounts: addresses that carried a shared template.
    people : account_id, member, email_domain, org, country: the members, and a sample of accounts outside all rings.
    addresses : account_id, ip, asn (Int64), country, kind, events, of the accounts in `people`; so below.
    cards : account_id, payment_id, bin, issuer_country, events.
    devices : account_id, device_id, events.
    adoption : account_id, member, level, model, events, on_model: exchanges in the 24 hours after a model's first
        appearance, of members and of accounts outside all rings that are as active (`level`: log2 of their events).
    models : model, released (first seen in anybody's traffic), accounts, events.
    """

    exchanges: pd.DataFrame
    days: pd.DataFrame
    hours: pd.DataFrame
    places: pd.DataFrame
    people: pd.DataFrame
    addresses: pd.DataFrame
    cards: pd.DataFrame
    devices: pd.DataFrame
    adoption: pd.DataFrame
    models: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Campaign:
    """One client's extraction inside a ring. `share` is the part of each member's traffic that belongs to it."""

    campaign_id: str
    ring_id: str
    members: NDArray[np.int32]
    share: NDArray[np.float64]
    templates: tuple[str, ...]
    targets: Mapping[str, float]
    events: int
    first_seen: pd.Timestamp
    last_seen: pd.Timestamp
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class LabPosterior:
    """One row of a campaign's posterior."""

    lab_id: str
    posterior: float
    rank: int
    likelihood_term: str
    confidence_level: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who benefits from a campaign: posteriors over dossiers and `unknown` that sum to 1, and the ledger."""

    campaign_id: str
    ring_id: str
    posteriors: tuple[LabPosterior, ...]
    abstained: bool
    reason: str
    evidence: tuple[Evidence, ...] = field(default=())
