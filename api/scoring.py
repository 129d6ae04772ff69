"""Scoring a set of accounts on the spot; nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from api.dependencies import COMMON, TheScorer
from api.problems import ProblemError
from api.schemas import Attribution, Evidence, Posterior, Problem, ScoreRequest, Scores
from attribution.errors import NotFoundError

if TYPE_CHECKING:
    from attribution import domain

router = APIRouter(
    prefix="/v1",
    tags=["scoring"],
    responses={**COMMON, 409: {"model": Problem, "description": "This service has no logs to score from."}},
)


@router.post("/attribution:score", summary="Score a set of accounts", response_model=Scores)
def score(request: ScoreRequest, scorer: TheScorer) -> Scores:
    """Weigh every dossier against these accounts, as if one client ran them all."""
    if scorer is None:
        raise ProblemError(409, "no-facts", "this service was started without the logs that scoring needs")
    try:
        found = scorer(request.accounts, without=request.without, prior=request.prior, split=request.split)
    except NotFoundError as error:
        raise ProblemError(422, "unknown-account", str(error)) from error
    return Scores(results=[_document(one) for one in found])


def _document(one: domain.Attribution) -> Attribution:
    return Attribution(
        run_id=None,
        campaign_id=one.campaign_id,
        ring_id=one.ring_id,
        abstained=one.abstained,
        posteriors=[
            Posterior(
                lab_id=row.lab_id,
                posterior=row.posterior,
                rank=row.rank,
                likelihood_term=row.likelihood_term,
                confidence_level=row.confidence_level,
            )
            for row in one.posteriors
        ],
        evidence=[
            Evidence(lab_id=row.lab_id, family=row.family, name=row.name, weight=row.weight, detail=dict(row.detail))
            for row in one.evidence
        ],
    )
