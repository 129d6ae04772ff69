"""Campaigns: who benefits from one, and on what evidence."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import COMMON, CampaignId, RunId, TheStore
from api.rings import evidence
from api.schemas import Attribution, Posterior

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], responses=COMMON)


@router.get("/{campaign_id}/attribution", summary="Read who benefits from a campaign", response_model=Attribution)
def read_attribution(store: TheStore, campaign_id: CampaignId, run: RunId = None) -> Attribution:
    """Read the posterior over labs and `unknown`, with the ledger."""
    run_id = store.run(run).run_id
    ring_id = store.campaign(campaign_id, run_id)["ring_id"][0].as_py()
    rows = store.attributions(campaign_id, run_id)
    abstained = rows["abstained"].to_pylist()
    posteriors = rows.drop_columns(["campaign_id", "ring_id", "abstained"]).to_pylist()
    return Attribution(
        run_id=run_id,
        campaign_id=campaign_id,
        ring_id=ring_id,
        abstained=all(abstained),
        posteriors=[Posterior(**row) for row in posteriors],
        evidence=evidence(store.evidence(campaign_id, run_id)),
    )
