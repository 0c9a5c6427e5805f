"""The application: routes, guard, errors, health. ``rubricate serve`` runs it under uvicorn.

Order of a request: guard (keys, size, pace, backpressure), route, rewarder (limits, retries, cache, deadline of the
judge). The judge's trouble never becomes a score: see ``rubricate.serve.compat`` for what number-only callers get.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from rubricate import __version__
from rubricate.errors import MissingExtraError, RubricateError
from rubricate.judges.base import PairJudge
from rubricate.rewarder import Rewarder

try:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, PlainTextResponse
    from starlette.exceptions import HTTPException
except ImportError:  # pragma: no cover - without the extra
    raise MissingExtraError.of("fastapi", "serve", purpose="the reward server") from None

from rubricate.serve.compat import OnMissing, Scoring, compat_routes
from rubricate.serve.errors import ServeError, body, of_library
from rubricate.serve.guard import Guard, GuardSettings
from rubricate.serve.models import ErrorReply
from rubricate.serve.native import native_routes
from rubricate.serve.telemetry import Telemetry

ENDINGS: dict[int | str, str] = {
    400: "Malformed JSON.",
    401: "No valid key.",
    404: "Unknown rubric.",
    409: "The rubric changed.",
    413: "Too large.",
    422: "Not what was asked for.",
    429: "Too many requests; see Retry-After.",
    503: "No verdict for a caller that takes only numbers, or the server is stopping.",
}


@dataclass(frozen=True)
class ServeSettings:
    """``guard``: keys and limits. ``max_items`` responses a request. ``on_missing``: see ``rubricate.serve.compat``."""

    guard: GuardSettings = field(default_factory=GuardSettings)
    max_items: int = 4096
    on_missing: OnMissing = "zero"


def create_app(
    rewarder: Rewarder, settings: ServeSettings | None = None, *, pair_judge: PairJudge | None = None
) -> FastAPI:
    """The ASGI application; ``app.state.guard`` and ``app.state.telemetry`` are its gate and its numbers."""
    settings = settings or ServeSettings()
    telemetry = Telemetry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if rewarder.run is not None:
            rewarder.run.finish()

    app = FastAPI(
        title="rubricate", version=__version__, lifespan=lifespan,
        description="Rubrics as rewards. `reward` is null where there is none; `why` and `code` say why.",
        responses={code: {"description": text, "model": ErrorReply} for code, text in ENDINGS.items()},
    )  # fmt: skip
    app.include_router(native_routes(rewarder, telemetry, pair_judge, settings.max_items))
    app.include_router(compat_routes(Scoring(rewarder, telemetry, settings.on_missing)))
    _errors(app)
    app.state.telemetry, app.state.guard = telemetry, None
    _health(app, rewarder, telemetry)
    app.add_middleware(_Installed, app=app, settings=settings.guard, telemetry=telemetry)
    return app


class _Installed(Guard):
    """The guard, known to the application that it stands before."""

    def __init__(self, inner: Any, app: FastAPI, settings: GuardSettings, telemetry: Telemetry) -> None:
        super().__init__(inner, settings, telemetry)
        app.state.guard = self


def _errors(app: FastAPI) -> None:
    @app.exception_handler(ServeError)
    async def refused(request: Request, error: ServeError) -> JSONResponse:
        return error.response()

    @app.exception_handler(RubricateError)
    async def library(request: Request, error: RubricateError) -> JSONResponse:
        return of_library(error)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        word = {400: "malformed_json", 404: "no_such_route", 405: "wrong_method"}.get(error.status_code, "refused")
        return JSONResponse(body(word, str(error.detail), "See /docs"), error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        if any(e["type"] == "json_invalid" for e in found):
            return JSONResponse(body("malformed_json", f"the body is not JSON: {found[0].get('ctx', {})}"), 400)
        where = [{"where": ".".join(map(str, e["loc"][1:])), "what": e["msg"]} for e in found]
        what = f"{where[0]['where']}: {where[0]['what']}"
        return JSONResponse(body("bad_request", what, "See /docs for what each route takes", problems=where), 422)


def _health(app: FastAPI, rewarder: Rewarder, telemetry: Telemetry) -> None:
    @app.get("/healthz", response_model=None)
    async def healthz() -> JSONResponse:
        """Whether the server takes work, and how much it has in hand."""
        guard = app.state.guard
        stopping = guard is not None and guard.draining
        state = {"status": "stopping" if stopping else "ok", "pending": guard.pending if guard else 0}
        return JSONResponse(state | {"rubrics": len(rewarder.rubrics)}, 503 if stopping else 200)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Numbers for Prometheus."""
        telemetry.pending.set(app.state.guard.pending if app.state.guard else 0)
        return PlainTextResponse(telemetry.page(), media_type="text/plain; version=0.0.4; charset=utf-8")
