"""Runs, and whether the service works."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import COMMON, TheStore
from api.schemas import Health, Run, Runs

router = APIRouter(prefix="/v1/runs", tags=["runs"], responses=COMMON)
health = APIRouter(tags=["health"])


@router.get("", summary="List runs", response_model=Runs)
def list_runs(store: TheStore) -> Runs:
    """All runs, the latest first."""
    runs = [Run(run_id=run.run_id, config_digest=run.config_digest, seed=run.seed) for run in store.runs()]
    return Runs(items=runs)


@health.get("/healthz", summary="Say whether the process lives", response_model=Health)
def alive() -> Health:
    """Say that the process answers."""
    return Health(status="ok")


@health.get("/readyz", summary="Say whether the store answers", response_model=Health, responses={503: COMMON[503]})
def ready(store: TheStore) -> Health:
    """Say that the store answers."""
    store.runs()
    return Health(status="ok")
