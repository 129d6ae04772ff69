"""Investigations: the named questions, and their answers where the store is a graph. Free Cypher is not to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.dependencies import COMMON, TheStore
from api.problems import ProblemError
from api.schemas import AskRequest, Investigation, InvestigationAnswer, Investigations, Parameter, Problem
from attribution import investigate
from attribution.errors import NotFoundError, SlowError, UsageError
from attribution.store.neo4j import Neo4jStore
from graph_schema import browser
from graph_schema.investigations import load

if TYPE_CHECKING:
    from graph_schema import investigations

SECONDS = 10.0
"""How long the server may work on one question."""
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
"""Neo4j Browser, a page of another origin, reads style and guide; they hold nothing of any run."""

router = APIRouter(
    prefix="/v1/investigations",
    tags=["investigations"],
    responses={
        **{status: COMMON[status] for status in (401, 413, 422, 503)},
        404: {"model": Problem, "description": "No such question, run, ring, account or value."},
    },
)
files = APIRouter(prefix="/browser", tags=["browser"])
Named = Annotated[str, Path(description="a question's name", max_length=100)]


@router.get("", summary="List the questions", response_model=Investigations)
def list_investigations() -> Investigations:
    """Every question that can be asked, with what it takes."""
    return Investigations(items=[_described(one) for one in load().values()])


@router.get("/{name}", summary="Describe a question", response_model=Investigation)
def read_investigation(name: Named) -> Investigation:
    """One question."""
    return _described(_found(name))


@router.post(
    "/{name}:ask",
    summary="Ask a question",
    response_model=InvestigationAnswer,
    responses={
        409: {"model": Problem, "description": "This service's store is a file, not a graph."},
        504: {"model": Problem, "description": "The question reached its time limit."},
    },
)
def ask(store: TheStore, name: Named, request: AskRequest) -> InvestigationAnswer:
    """Answer one question within a read transaction, in at most as many rows as `limit` says."""
    one = _found(name)
    if not isinstance(store, Neo4jStore):
        raise ProblemError(409, "no-graph", "investigations are asked of a graph, and this service's store is a file")
    try:
        found = investigate.answer(store, one.name, request.parameters, seconds=SECONDS)
    except UsageError as error:
        raise ProblemError(422, "invalid-parameter", str(error)) from error
    except SlowError as error:
        raise ProblemError(504, "too-slow", f"the question took longer than {SECONDS:g} seconds: narrow it") from error
    address = investigate.browser_address()
    return InvestigationAnswer(
        name=one.name,
        run_id=found.run_id,
        parameters=dict(found.parameters),
        columns=list(found.columns),
        rows=[dict(row) for row in found.rows],
        full=found.full,
        browser=None if address is None else found.links(address),
    )


@files.api_route("/style.grass", methods=["GET", "OPTIONS"], include_in_schema=False)
def style() -> Response:
    """Return the style for Neo4j Browser."""
    return Response(browser.grass(), media_type="text/plain; charset=utf-8", headers=CORS)


@files.api_route("/guide.html", methods=["GET", "OPTIONS"], include_in_schema=False)
def guide() -> Response:
    """Return the guide for Neo4j Browser."""
    return Response(browser.guide(), media_type="text/html; charset=utf-8", headers=CORS)


@files.get("/favourites.zip", include_in_schema=False)
def favourites() -> Response:
    """Return the favourites for Neo4j Browser."""
    return Response(browser.favourites(), media_type="application/zip")


def _found(name: str) -> investigations.Investigation:
    try:
        return investigate.find(name)
    except UsageError as error:
        raise NotFoundError("no such question") from error


def _described(one: investigations.Investigation) -> Investigation:
    return Investigation(
        name=one.name,
        title=one.title,
        question=one.question,
        parameters=[
            Parameter(name=p.name, kind=p.kind, needed=p.needed, default=p.default, takes=p.takes, meaning=p.doc)
            for p in one.parameters
        ],
        columns=list(one.columns),
        next=list(one.next),
        picture=None if one.picture is None else one.picture.shows,
    )
