"""What a person can decide, and how it is written down."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.domain import Facet
from attribution.store.ledgers import LEDGERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Kind(StrEnum):
    """Kinds of judgements."""

    RING_CONFIRMED = "ring_confirmed"
    RING_REJECTED = "ring_rejected"
    NOT_A_MEMBER = "not_a_member"
    BENIGN_VALUE = "benign_value"
    MUST_LINK = "must_link"
    CANNOT_LINK = "cannot_link"
    ATTRIBUTION_ACCEPTED = "attribution_accepted"
    ATTRIBUTION_DISPUTED = "attribution_disputed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Shape:
    """Which keys a kind of judgement has besides author, time and reason, and what it does."""

    subject: str
    other: str | None
    means: str


SHAPES: Mapping[Kind, Shape] = MappingProxyType(
    {
        Kind.RING_CONFIRMED: Shape("ring", None, "ring {subject} is covertly coordinated"),
        Kind.RING_REJECTED: Shape("ring", None, "ring {subject} is innocent"),
        Kind.NOT_A_MEMBER: Shape("ring", "account", "account {object} is no member of {subject}"),
        Kind.BENIGN_VALUE: Shape("value", "facet", "{facet} {subject} is benign: sharing it says nothing"),
        Kind.MUST_LINK: Shape("account", "with", "accounts {subject} and {object} have one operator"),
        Kind.CANNOT_LINK: Shape("account", "with", "accounts {subject} and {object} do not have one operator"),
        Kind.ATTRIBUTION_ACCEPTED: Shape("campaign", "lab", "{object} benefits from campaign {subject}"),
        Kind.ATTRIBUTION_DISPUTED: Shape("campaign", "lab", "{object} does not benefit from campaign {subject}"),
        Kind.WITHDRAWN: Shape("judgement", None, "judgement {subject} is withdrawn"),
    }
)
"""Every kind with the keys that a file and the command line use."""

BENIGN_FACETS: tuple[Facet, ...] = (
    Facet.IP,
    Facet.NETWORK,
    Facet.DEVICE,
    Facet.PAYMENT,
    Facet.TEMPLATE,
    Facet.TEMPLATE_FAMILY,
    Facet.BATCH,
    Facet.BURST,
    Facet.SIGNUP,
)
"""Facets whose values can be benign."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision of one person. `object` is the account, second account or lab that the kind needs."""

    kind: Kind
    subject: str
    author: str
    decided: dt.datetime
    reason: str
    object: str | None = None
    facet: str | None = None

    @property
    def id(self) -> str:
        """Name of the judgement: it follows from the content, so that writing it down twice is writing it once."""
        parts = [self.kind.value, self.subject, self.object, self.facet, self.author]
        content = json.dumps([*parts, self.decided.astimezone(dt.UTC).isoformat(), self.reason])
        return f"j-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def says(self) -> str:
        """What was decided, in words."""
        return SHAPES[self.kind].means.format(subject=self.subject, object=self.object, facet=self.facet)

    @property
    def by(self) -> str:
        """Who decided it, when."""
        return f"{self.author}, {self.decided.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def to_table(judgements: Iterable[Judgement]) -> pa.Table:
    """Return judgements as rows of the ledger."""
    rows = [
        {
            "judgement_id": one.id,
            "kind": one.kind.value,
            "subject": one.subject,
            "author": one.author,
            "reason": one.reason,
            "decided": one.decided,
            "object": one.object,
            "facet": one.facet,
        }
        for one in judgements
    ]
    return pa.Table.from_pylist(rows, schema=LEDGERS["judgements"])


def from_table(rows: pa.Table) -> tuple[Judgement, ...]:
    """Return the judgements of a ledger, by time and id; rows of kinds that this version does not know are left."""
    known = {kind.value for kind in Kind}
    found = [
        Judgement(
            Kind(row["kind"]),
            row["subject"],
            row["author"],
            row["decided"],
            row["reason"],
            row["object"],
            row["facet"],
        )
        for row in rows.to_pylist()
        if row["kind"] in known
    ]
    return tuple(sorted(found, key=lambda one: (one.decided, one.id)))
