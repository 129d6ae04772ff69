"""Errors as RFC 9457 problem documents: every answer that is not a success has this shape."""

from __future__ import annotations

import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from attribution.errors import AttributionError, NotFoundError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
FRAMES = 8
"""Innermost frames of a bug that are logged."""


class ProblemError(Exception):
    """An error with a problem document of its own."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail


def problem(
    status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> JSONResponse:
    """Return a problem response; `kind` names the error for programs, `detail` is for people."""
    body: dict[str, Any] = {
        "type": f"urn:problem:attribution:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Turn every error into a problem document."""
    app.add_exception_handler(AttributionError, _ours)
    app.add_exception_handler(ProblemError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def _ours(request: Request, error: Exception) -> JSONResponse:
    match error:
        case ProblemError():
            return problem(error.status, error.kind, error.detail)
        case NotFoundError():
            return problem(404, "not-found", str(error))
        case UsageError():
            return problem(422, "impossible", str(error), remedy=error.remedy)
        case StoreError():
            request.app.state.log.error("store failed", error=str(error), remedy=error.remedy)
            return problem(503, "store-unavailable", "the store does not answer", headers={"Retry-After": "5"})
    return _bug(request, error)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Say which field is wrong and why; what was sent is not repeated."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [{"field": ".".join(str(part) for part in one["loc"]), "message": str(one["msg"])} for one in found]
    return problem(422, "invalid-request", "the request has fields that are wrong", errors=errors[:20])


def _http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return _bug(_, error)
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(error.status_code, kind, str(error.detail), headers=error.headers)


def _bug(request: Request, error: Exception) -> JSONResponse:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]  # places only: values may be personal data
    trace = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    request.app.state.log.error("request failed", error=type(error).__name__, trace=trace)
    return problem(500, "internal", "this is a bug of the service; its log has the details")
