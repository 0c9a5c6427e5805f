"""The one sync door: run a coroutine from anywhere, with or without a running event loop.

Work goes to one background event loop per process, so clients, pools and limits live on one loop, and the caller may
be a script, a notebook with a running loop, a thread or a forked worker.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_loop: asyncio.AbstractEventLoop | None = None
_owner = -1
_lock = threading.Lock()


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, run on the background loop of this process.

    >>> async def answer() -> int: return 42
    >>> run_sync(answer())
    42
    """
    future = asyncio.run_coroutine_threadsafe(work, _background())
    try:
        return future.result()
    except KeyboardInterrupt:
        future.cancel()
        raise


def _background() -> asyncio.AbstractEventLoop:
    global _loop, _owner
    with _lock:
        if _loop is None or _loop.is_closed() or _owner != os.getpid():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="rubricate-loop", daemon=True).start()
            _loop, _owner = loop, os.getpid()
        return _loop


def _stop() -> None:
    """At exit: let async generators finish (they close connection pools), then end the loop."""
    loop = _loop
    if loop is None or _owner != os.getpid() or not loop.is_running():
        return
    with contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(timeout=2.0)
    loop.call_soon_threadsafe(loop.stop)


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_stop)
