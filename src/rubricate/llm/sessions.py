"""Connection pools that end with whoever uses them: one aiohttp session per process and event loop.

A pool closes when its loop ends (``asyncio.run`` finalises the async generator that holds it), when nobody holds its
owner any more, or on ``close``. A forked child never touches the pools of its parent.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True)
class _Pool:
    loop: asyncio.AbstractEventLoop
    session: aiohttp.ClientSession
    keeper: AsyncGenerator[None, None]


_Open = dict[tuple[int, int], _Pool]
_inherited: list[_Pool] = []  # pools of a parent process: kept, so that nothing of its loops is touched here


class Sessions:
    """The open sessions of one client; never pickled, equal to every other."""

    def __init__(self) -> None:
        self._open: _Open = {}

    def __reduce__(self) -> tuple[type[Sessions], tuple[()]]:
        return Sessions, ()

    async def get(self, make: Callable[[], aiohttp.ClientSession]) -> aiohttp.ClientSession:
        """The session of the running loop; ``make`` opens one where there is none."""
        loop = asyncio.get_running_loop()
        key = (os.getpid(), id(loop))
        pool = self._open.get(key)
        if pool is not None and pool.loop is loop and not pool.session.closed:
            return pool.session
        session = make()
        keeper = _keeper(session)
        if not self._open:
            weakref.finalize(self, _release, self._open).atexit = False
        self._forget_dead()
        self._open[key] = _Pool(loop, session, keeper)
        await anext(keeper)
        return session

    async def close(self) -> None:
        """Close the session of the running loop (those of other loops close with their loops)."""
        pool = self._open.pop((os.getpid(), id(asyncio.get_running_loop())), None)
        if pool:
            await pool.keeper.aclose()

    def _forget_dead(self) -> None:
        """Drop pools of loops that have ended (they closed with their loop) and of the parent process."""
        for key, pool in list(self._open.items()):
            if key[0] != os.getpid():
                _inherited.append(pool)
            if key[0] != os.getpid() or pool.loop.is_closed():
                self._open.pop(key, None)


def _release(pools: _Open) -> None:
    """Close the pools of a client that nobody holds any more, each on its own loop."""
    for pool in pools.values():
        if pool.loop.is_running():
            asyncio.run_coroutine_threadsafe(pool.session.close(), pool.loop)


async def _keeper(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Closes the session when its loop shuts down: asyncio.run closes every async generator that was started in it."""
    try:
        yield
    finally:
        await session.close()
