"""``Sandbox``: workers kept warm, one fresh process per program, at most so many at once, sync and async."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rubricate.errors import SandboxError
from rubricate.verifiers.sandbox.levels import chosen
from rubricate.verifiers.sandbox.levels import level as active
from rubricate.verifiers.sandbox.records import DEFAULT, Level, Limits, Program, Result, Status
from rubricate.verifiers.sandbox.worker import Worker, job_of


class _Ticket:
    """Lets another thread stop a run, before or after its worker is known."""

    def __init__(self) -> None:
        self._lock, self._stopped, self._workers = threading.Lock(), False, list[Worker]()

    def hold(self, worker: Worker) -> None:
        with self._lock:
            self._workers.append(worker)
            if self._stopped:
                worker.stop()

    def release(self) -> None:
        with self._lock:
            self._workers.clear()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for worker in self._workers:
                worker.stop()


class Sandbox:
    """Runs code that a model wrote, in a separate process without network, under limits, killed with all it started.

    ``level`` demands a protection by name (``bubblewrap``, ``namespaces``, ``filter``, ``limits``); without it, and
    without the environment variable RUBRICATE_SANDBOX, the strongest that works is chosen. ``packages`` lets programs
    import installed packages, ``preload`` imports some once for all. ``workers`` programs run at once, each in a fresh
    fork of an interpreter in which nothing was run before. Raises SandboxError when no worker can be started; a
    program that misbehaves raises nothing.

    >>> with Sandbox() as sandbox:
    ...     sandbox.run("print(6 * 7)").stdout
    '42\\n'
    """

    def __init__(
        self,
        level: str | None = None,
        *,
        limits: Limits = DEFAULT,
        packages: bool = False,
        preload: Sequence[str] = (),
        workers: int | None = None,
    ) -> None:
        self.name = chosen(level)
        self.limits, self.packages, self.preload = limits, packages, tuple(preload)
        self.workers = workers or os.cpu_count() or 1
        self._fresh()

    def _fresh(self) -> None:
        self._owner, self._idle, self._lock = os.getpid(), list[Worker](), threading.Lock()
        self._slots = threading.BoundedSemaphore(self.workers)
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="rubricate-sandbox")

    @property
    def level(self) -> Level:
        """The protection in force."""
        return active(self.name)

    def run(self, program: Program | str, limits: Limits | None = None) -> Result:
        """Run one program and wait for it."""
        return self._one(self._job(program, limits), _Ticket())

    async def arun(self, program: Program | str, limits: Limits | None = None) -> Result:
        """Run one program without blocking the event loop; cancelling kills it."""
        ticket = _Ticket()
        call = functools.partial(self._one, self._job(program, limits), ticket)
        waiting = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            ticket.stop()
            raise

    def call(self, entry: str, text: str, limits: Limits | None = None) -> Result:
        """Run a function of ours inside (``module:function`` of ``sandbox.inside``) on a text; see ``report``."""
        return self._one(job_of(text, limits or self.limits, entry=entry), _Ticket())

    def linked(
        self, served: tuple[str, str], client: tuple[str, str], limits: Limits | None = None
    ) -> tuple[Result, Result]:
        """Run two entries in two processes, joined by a socket of their own; the end of the client stops the other."""
        jobs = [job_of(text, limits or self.limits, entry=entry) for entry, text in (served, client)]
        with self._slot():
            first, second = self._take(), self._take()
            ends = socket.socketpair()
            for worker, job, end in zip((first, second), jobs, ends, strict=True):
                worker.begin(job, end.fileno())
                end.close()
            result = second.finish()
            first.stop()
            other = first.finish()
            self._give(first)
            self._give(second)
        return other, result

    def close(self) -> None:
        """End all workers. The sandbox can be used again; it then starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()
        self._threads.shutdown(wait=True)
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="rubricate-sandbox")

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _job(self, program: Program | str, limits: Limits | None) -> dict[str, Any]:
        program = Program(program) if isinstance(program, str) else program
        return job_of(
            program.code,
            limits or self.limits,
            stdin=program.stdin,
            argv=program.argv,
            files=dict(program.files),
        )

    def _one(self, job: dict[str, Any], ticket: _Ticket) -> Result:
        """A fault gets a second worker: the first may have died long before."""
        with self._slot():
            for _ in range(2):
                worker = self._take()
                worker.begin(job)
                ticket.hold(worker)
                result = worker.finish()
                ticket.release()
                self._give(worker)
                if result.status is not Status.FAULT:
                    break
        return result

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        if self._owner != os.getpid():  # a fork of the host: the workers belong to the parent
            self._fresh()
        with self._slots:
            yield

    def _take(self) -> Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Worker.start(self.name, packages=self.packages, preload=self.preload, space=self.limits.disk)

    def _give(self, worker: Worker) -> None:
        if worker.broken:
            worker.close()
            return
        with self._lock:
            self._idle.append(worker)


@functools.cache
def shared(*, packages: bool = False, preload: tuple[str, ...] = ()) -> Sandbox:
    """The sandbox of this process for one set of packages; it ends with the process."""
    sandbox = Sandbox(packages=packages, preload=preload)
    atexit.register(sandbox.close)
    return sandbox


def sound(result: Result) -> Result:
    """The result, or SandboxError when the sandbox failed: then nothing is known, and no verdict follows."""
    if result.status is Status.FAULT:
        raise SandboxError(
            f"the sandbox failed: {result.stderr.strip()[-300:] or 'it said nothing'}",
            where=f"sandbox level {result.level!r}",
        )
    return result
