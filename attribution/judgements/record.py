"""Writing a judgement down: checked against what the store knows, then appended for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.errors import NotFoundError
from attribution.judgements.model import SHAPES, Judgement, Kind, to_table

if TYPE_CHECKING:
    from attribution.store.base import Store


def record(store: Store, judgement: Judgement) -> bool:
    """Append a judgement to a store; return whether it is new. The next run that uses the store honours it.

    Raises
    ------
    NotFoundError
        It is about a ring, campaign or judgement that the store never had.
    """
    kind = SHAPES[judgement.kind].subject
    if kind in {"ring", "campaign"}:
        rows = store.ledger("identities").to_pylist()
        if judgement.subject not in {row["id"] for row in rows if row["kind"] == kind}:
            raise NotFoundError(
                f"no {kind} {judgement.subject!r} in any run of this store",
                remedy="`attribution show OUT` lists the rings of a run, `show OUT RING` its campaigns",
            )
    if (
        judgement.kind is Kind.WITHDRAWN
        and judgement.subject not in store.ledger("judgements")["judgement_id"].to_pylist()
    ):
        raise NotFoundError(
            f"no judgement {judgement.subject!r} in this store", remedy="`attribution judge list` shows them with ids"
        )
    return bool(store.append("judgements", to_table([judgement])))
