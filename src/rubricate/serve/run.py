"""The server process: uvicorn, with an end that loses nothing.

SIGTERM or SIGINT: new requests are refused (503, Retry-After), accepted ones are answered, then the process ends.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Tells the guard to refuse new work as soon as a signal asks for the end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain, then stop; a second SIGINT stops at once."""
        guard: Any = self._app.state.guard
        if guard is not None and sig in (signal.SIGTERM, signal.SIGINT):
            guard.draining = True
        super().handle_exit(sig, frame)


def run_server(app: FastAPI, host: str, port: int, *, grace: int = 60, on_bound: Callable[[int], None]) -> None:
    """Serve until a signal; ``grace`` seconds are left to accepted requests.

    ``on_bound`` gets the port (port 0 takes a free one) once connections are queued.
    """
    config = uvicorn.Config(
        app, host, port, log_level="warning", access_log=False, timeout_graceful_shutdown=grace, timeout_keep_alive=30,
        loop="asyncio",  # uvloop takes one new connection per turn: under load the last of 64 waited for 14 s, here 2.4
    )  # fmt: skip
    bound = config.bind_socket()
    bound.listen(config.backlog)  # before the address is told: who connects now waits, and is not refused
    server = Server(config, app)
    with server.capture_signals():  # from here on a signal waits for the server and ends it in order
        on_bound(bound.getsockname()[1])
        server.run(sockets=[bound])
