"""Errors of the reward server: one JSON shape, and a status code that says whose turn it is.

400 malformed JSON; 401 no valid key; 404 unknown rubric; 409 the rubric changed; 413 too large; 422 a body that is not
what was asked for; 429 slow down (Retry-After); 503 the judge gave no verdict where the caller can take only numbers,
or the server is stopping.
"""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from rubricate.errors import LockError, RubricateError, UnknownNameError

STATUS = {"unknown_rubric": 404, "bad_rubric": 422, "changed_rubric": 409, "no_reward": 503}


class ServeError(Exception):
    """A reply other than 200: ``status``, ``code``, what, what to do next, and when to come back (seconds)."""

    def __init__(self, status: int, code: str, what: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(what)
        self.status, self.code, self.what, self.hint, self.retry_after = status, code, what, hint, retry_after

    def response(self) -> JSONResponse:
        """The reply."""
        headers = {} if self.retry_after is None else {"Retry-After": str(max(1, round(self.retry_after)))}
        return JSONResponse(body(self.code, self.what, self.hint), self.status, headers=headers)


def body(code: str, what: str, hint: str = "", **more: Any) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"code": code, "message": what, "hint": hint, **more}}


def of_library(error: RubricateError) -> JSONResponse:
    """The reply for an error of the library that ended a request."""
    status, code = 422, "bad_request"
    if isinstance(error, LockError):
        status, code = 409, "changed_rubric"
    elif isinstance(error, UnknownNameError):
        status, code = 404, "unknown_name"
    return JSONResponse(body(code, str(error), error.hint), status)
