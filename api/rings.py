"""Rings: the list with filters, one ring, its members, evidence and campaigns."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from api.dependencies import COMMON, Cursor, Limit, RingId, RunId, TheCursors, TheStore
from api.paging import Cursors, Position
from api.schemas import Campaign, Evidence, Items, Member, Name, Page, Ring
from attribution.domain import Verdict  # noqa: TC001  # FastAPI reads the annotations
from attribution.store import RingQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from attribution.store import Store

router = APIRouter(prefix="/v1/rings", tags=["rings"], responses=COMMON)
LARGEST = 2**53


@router.get("", summary="List rings", response_model=Page[Ring])
def list_rings(
    *,
    store: TheStore,
    cursors: TheCursors,
    run: RunId = None,
    verdict: Annotated[Verdict | None, Query(description="only this verdict")] = None,
    min_probability: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 0.0,
    min_size: Annotated[int, Query(ge=0, le=LARGEST, description="accounts at least")] = 0,
    lab: Annotated[Name | None, Query(description="a lab that leads in one of the ring's campaigns")] = None,
    text: Annotated[Name | None, Query(description="part of id or explanation, or a member's whole account id")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Ring]:
    """Rings by probability, highest first."""
    question = json.dumps(["rings", run, verdict, min_probability, min_size, lab, text])
    run_id, after = _place(store, cursors, run, cursor, question)
    query = RingQuery(
        verdict=verdict,
        min_probability=min_probability,
        min_size=min_size,
        lab=lab,
        text=text,
        after=after,
        limit=limit + 1,
    )
    rows = store.rings(query, run_id)
    following = _next(rows, limit, ("probability", "ring_id"), run_id, partial(cursors.write, question=question))
    return Page(run_id=run_id, items=[Ring(**row) for row in rows.slice(0, limit).to_pylist()], next=following)


@router.get("/{ring_id}", summary="Read a ring", response_model=Ring)
def read_ring(store: TheStore, ring_id: RingId, run: RunId = None) -> Ring:
    """One ring."""
    return Ring(**store.ring(ring_id, run).to_pylist()[0])


@router.get("/{ring_id}/members", summary="List the members of a ring", response_model=Page[Member])
def list_members(
    *,
    store: TheStore,
    cursors: TheCursors,
    ring_id: RingId,
    run: RunId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Member]:
    """Members by confidence, highest first."""
    question = json.dumps(["members", run, ring_id])
    run_id, after = _place(store, cursors, run, cursor, question)
    rows = store.members(ring_id, after=after, limit=limit + 1, run_id=run_id)
    following = _next(rows, limit, ("confidence", "account_id"), run_id, partial(cursors.write, question=question))
    items = rows.slice(0, limit).drop_columns(["ring_id"]).to_pylist()
    return Page(run_id=run_id, items=[Member(**row) for row in items], next=following)


@router.get("/{ring_id}/evidence", summary="Read the evidence on a ring", response_model=Items[Evidence])
def list_evidence(store: TheStore, ring_id: RingId, run: RunId = None) -> Items[Evidence]:
    """Read the ring's ledger: what speaks for covert coordination and what against."""
    run_id = store.run(run).run_id
    store.ring(ring_id, run_id)
    return Items(run_id=run_id, items=evidence(store.evidence(ring_id, run_id)))


@router.get("/{ring_id}/campaigns", summary="List the campaigns of a ring", response_model=Items[Campaign])
def list_campaigns(store: TheStore, ring_id: RingId, run: RunId = None) -> Items[Campaign]:
    """Campaigns by size, largest first."""
    run_id = store.run(run).run_id
    rows = store.campaigns(ring_id, run_id).to_pylist()
    items = [Campaign(**{**row, "targets": json.loads(row["targets"])}) for row in rows]
    return Items(run_id=run_id, items=items)


def evidence(rows: pa.Table) -> list[Evidence]:
    """Return the lines of a ledger."""
    lines = rows.drop_columns(["subject"]).to_pylist()
    return [Evidence(**{**row, "detail": json.loads(row["detail"])}) for row in lines]


def _place(
    store: Store, cursors: Cursors, run: str | None, cursor: str | None, question: str
) -> tuple[str, tuple[float, str] | None]:
    """Return the run to read and the row to go on after: a cursor stays with the run that it was made on."""
    if cursor is None:
        return store.run(run).run_id, None
    position = cursors.read(cursor, question)
    return position.run_id, (position.value, position.name)


def _next(
    page: pa.Table, limit: int, columns: tuple[str, str], run_id: str, write: Callable[[Position], str]
) -> str | None:
    """Return the cursor after the last row of the page, if there are more."""
    if len(page) <= limit:
        return None
    value, name = (page[column][limit - 1].as_py() for column in columns)
    return write(Position(run_id, value, name))
