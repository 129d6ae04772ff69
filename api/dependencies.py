"""What the resources ask for: the store, the cursors, the scorer, and the parameters that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast

from fastapi import Depends, Path, Query, Request

from api.paging import Cursors
from api.schemas import Name, Problem
from attribution.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.domain import Attribution


class Scorer(Protocol):
    """Weighs the dossiers against a set of accounts; see `attribution.labs.score_accounts`."""

    def __call__(
        self,
        accounts: Sequence[str],
        *,
        without: Sequence[str],
        prior: float | Mapping[str, float] | None,
        split: bool,
    ) -> Sequence[Attribution]:
        """Return one attribution, or with `split` one for each client found.

        Raises
        ------
        NotFoundError
            An account is not in the logs.
        UsageError
            An unknown family, or a prior that is none.
        """


def _store(request: Request) -> Store:
    return cast("Store", request.app.state.store)


def _cursors(request: Request) -> Cursors:
    return cast("Cursors", request.app.state.cursors)


def _scorer(request: Request) -> Scorer | None:
    return cast("Scorer | None", request.app.state.scorer)


TheStore = Annotated[Store, Depends(_store)]
TheCursors = Annotated[Cursors, Depends(_cursors)]
TheScorer = Annotated[Any, Depends(_scorer)]

RunId = Annotated[Name | None, Query(alias="run", description="a run's id; the latest run without it")]
RingId = Annotated[Name, Path(description="a ring's id")]
CampaignId = Annotated[Name, Path(description="a campaign's id")]
Limit = Annotated[int, Query(ge=1, le=1000, description="rows a page")]
Cursor = Annotated[str | None, Query(max_length=8192, description="`next` of the page before")]

COMMON: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The cursor or body cannot be read.",
        401: "No API key, or a wrong one.",
        404: "No such run, ring or campaign.",
        413: "The request is too large.",
        422: "A field is wrong.",
        503: "The store does not answer.",
    }.items()
}
"""Problems that every resource may answer with."""
