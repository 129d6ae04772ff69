"""The application: resources over one store, errors as problem documents, one guard around all of it."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from api import campaigns, investigations, problems, rings, runs, scoring
from api.paging import Cursors
from api.security import MAX_BODY_BYTES, Guard, Keys
from attribution.telemetry import Telemetry
from attribution.version import engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from api.dependencies import Scorer
    from attribution.store import Store


PROBLEM = {"$ref": "#/components/schemas/Problem"}


def create_app(
    store: Store,
    *,
    keys: Keys | None = None,
    scorer: Scorer | None = None,
    cursor_secret: bytes | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> FastAPI:
    """Return the API over an open store, which the application closes when it ends.

    Parameters
    ----------
    keys : who may ask; without any, only direct connections from this machine.
    scorer : what answers `POST /v1/attribution:score`; without it the answer is 409.
    cursor_secret : signs cursors; replicas share one. Default: a fresh one, and cursors end with the process.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(
        title="Attribution engine",
        summary="Rings, campaigns and the labs behind them, as the last run found them",
        version=engine(),
        license_info={"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        lifespan=lifespan,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
    )
    app.state.store = store
    app.state.scorer = scorer
    app.state.log = Telemetry(level="warning").log
    app.state.cursors = Cursors(cursor_secret or secrets.token_bytes(32))
    routers = (rings.router, campaigns.router, runs.router, investigations.router, scoring.router)
    for router in (*routers, runs.health, investigations.files):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Guard, keys=keys or Keys(), max_body_bytes=max_body_bytes)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Say in the OpenAPI document that a key is needed and that errors are problem documents."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = make()
            schema["components"].setdefault("securitySchemes", {})["key"] = {"type": "http", "scheme": "bearer"}
            schema["security"] = [{"key": []}]
            for path, methods in schema["paths"].items():
                for operation in methods.values():
                    if not path.startswith("/v1"):
                        operation["security"] = []
                    for status, response in operation["responses"].items():
                        if not status.startswith("2") and "application/json" in response.get("content", {}):
                            response["content"] = {
                                problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                            }
            for unused in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(unused, None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this way of changing it
