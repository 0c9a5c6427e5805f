"""One program in a process of its own: fork, confine, watch, kill with all its descendants, report."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import linecache
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Callable
from typing import Any, NoReturn

from rubricate.verifiers.sandbox.inside import guard
from rubricate.verifiers.sandbox.inside.frames import receive
from rubricate.verifiers.sandbox.inside.guard import Fence
from rubricate.verifiers.sandbox.inside.tree import Tree, used

REPORT, CHANNEL = 3, 4  # descriptors of a program, where it has them
_LOOK = 0.05  # seconds between looks at what no limit of the kernel counts
_DRAIN = 1.0  # seconds for what is left in the pipes once everything is dead


class Watch:
    """The worker's view of one running program."""

    def __init__(self, job: dict[str, Any], fence: Fence, control: socket.socket) -> None:
        self.job, self.fence, self.control = job, fence, control
        self.limits: dict[str, float] = job["limits"]
        self.reason = ""
        self.text = {name: bytearray() for name in ("stdout", "stderr", "report")}
        self.stdin = memoryview(job["stdin"].encode("utf-8", "surrogateescape"))
        self.select = selectors.DefaultSelector()

    def run(self, folder: str, channel: int | None) -> dict[str, Any]:
        """Fork the program and stay with it until nothing of it is left."""
        ends = {name: os.pipe() for name in ("stdin", "stdout", "stderr", "report", "ready")}
        start = _entry(self.job["entry"]) if self.job["entry"] else None  # loaded here once, for all that follow
        wake, child = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(child, False)
        signal.set_wakeup_fd(child, warn_on_full_buffer=False)
        self.select.register(wake, selectors.EVENT_READ, "child")
        begun = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _become(self.job, start, self.fence, folder, ends, channel)
        for name, (read, write) in ends.items():
            os.close(read if name == "stdin" else write)
        if channel is not None:
            os.close(channel)
        self.tree = Tree(pid, self.fence)
        self._open(ends)
        status, usage = self._wait(begun + self.limits["wall"], folder)
        self.tree.kill()
        self._drain()
        signal.set_wakeup_fd(-1)
        os.close(child)
        ready = os.read(ends["ready"][0], 1)
        os.close(ends["ready"][0])
        return self._result(status, usage, time.monotonic() - begun, bool(ready))

    def _open(self, ends: dict[str, tuple[int, int]]) -> None:
        for name in self.text:
            os.set_blocking(ends[name][0], False)
            self.select.register(ends[name][0], selectors.EVENT_READ, name)
        os.set_blocking(ends["stdin"][1], False)
        self.select.register(ends["stdin"][1], selectors.EVENT_WRITE, "stdin")
        self.select.register(self.control, selectors.EVENT_READ, "control")

    def _wait(self, deadline: float, folder: str) -> tuple[int, Any]:
        pause = 0.001
        while True:
            pid, status, usage = os.wait4(self.tree.pid, os.WNOHANG)
            if pid:
                return status, usage
            self._pump(pause)
            pause = min(_LOOK, pause * 1.5)
            self._judge(deadline, folder, look=pause == _LOOK)
            if self.reason:
                pid, status, usage = os.wait4(self.tree.pid, os.WNOHANG)
                if pid:  # it ended by itself before it was told to
                    self.reason = "" if self.reason == "stopped" else self.reason
                    return status, usage
                self.tree.kill_main()
                _, status, usage = os.wait4(self.tree.pid, 0)
                return status, usage

    def _judge(self, deadline: float, folder: str, *, look: bool) -> None:
        if self.reason:
            return
        if time.monotonic() > deadline:
            self.reason = "timed_out"
        elif look and used(folder, self.fence.jailed, self.limits):
            self.reason = "file_limit"
        elif self.limits["processes"] > 1:
            self.reason = self.tree.excess(int(self.limits["processes"]), self.limits["memory"])

    def _pump(self, timeout: float) -> None:
        for key, _ in self.select.select(timeout):
            if key.data == "control":
                self._hear()
            elif key.data == "child":
                os.read(key.fd, 4096)
            elif key.data == "stdin":
                self._feed(key.fd)
            else:
                self._take(key.fd, key.data)

    def _hear(self) -> None:
        """The host says stop, or is gone: then the worker goes too."""
        self.reason = self.reason or "stopped"
        if receive(self.control)[0] is None:
            self.tree.kill()
            os._exit(0)

    def _feed(self, fd: int) -> None:
        try:
            self.stdin = self.stdin[os.write(fd, self.stdin[:65536]) :] if self.stdin else self.stdin
        except BrokenPipeError:
            self.stdin = self.stdin[:0]
        if not self.stdin:
            self._close(fd)

    def _take(self, fd: int, name: str) -> None:
        data = os.read(fd, 65536)
        if not data:
            self._close(fd)
            return
        room = int(self.limits["output"]) - len(self.text[name])
        self.text[name] += data[: max(0, room)]
        if len(data) > room:
            self.reason = self.reason or "output_limit"

    def _close(self, fd: int) -> None:
        self.select.unregister(fd)
        os.close(fd)

    def _drain(self) -> None:
        self.select.unregister(self.control)
        end = time.monotonic() + _DRAIN
        while {k.data for k in self.select.get_map().values()} - {"stdin", "child"} and time.monotonic() < end:
            self._pump(0.02)
        for key in list(self.select.get_map().values()):
            self._close(key.fd)
        self.select.close()

    def _result(self, status: int, usage: Any, seconds: float, ready: bool) -> dict[str, Any]:
        code = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        scale = 1 if sys.platform == "darwin" else 1024
        return {
            "status": self.reason
            or (_ending(code, cpu, self.limits["cpu"], self.text["stderr"]) if ready else "fault"),
            "code": code,
            "seconds": seconds,
            "cpu": cpu,
            "peak": usage.ru_maxrss * scale,
            **{name: bytes(text).decode("utf-8", "replace") for name, text in self.text.items()},
        }


def run(job: dict[str, Any], channel: int | None, fence: Fence, control: socket.socket, scratch: str) -> dict[str, Any]:
    """Run one job; ``worn`` in the result says that its folder could not be removed."""
    folder = tempfile.mkdtemp(prefix="run-", dir=scratch)
    for name, text in job["files"].items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
    result = Watch(job, fence, control).run(folder, channel)
    return result | {"worn": not _removed(folder, fence)}


def _removed(folder: str, fence: Fence) -> bool:
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
    if os.path.lexists(folder) and not fence.jailed:
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, "--", folder], check=False, stderr=subprocess.DEVNULL)
    return not os.path.lexists(folder)


def _ending(code: int, cpu: float, most: float, stderr: bytearray) -> str:
    if code == 0:
        return "ok"
    if code > 0:
        return "memory" if stderr.rstrip().rpartition(b"\n")[2].startswith(b"MemoryError") else "error"
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu >= 0.8 * most):  # two clocks that differ a little
        return "timed_out"
    return "file_limit" if code == -signal.SIGXFSZ else "killed"


def _become(
    job: dict[str, Any],
    start: Callable[[str], None] | None,
    fence: Fence,
    folder: str,
    ends: dict[str, tuple[int, int]],
    channel: int | None,
) -> NoReturn:
    """The forked child: turn into the program. Never returns."""
    try:
        signal.set_wakeup_fd(-1)
        worker = os.getppid()
        os.setsid()
        kept = _arrange(ends, channel, job["report"])
        os.chdir(folder)
        os.environ.update(HOME=folder, TMPDIR=folder)
        tempfile.tempdir = None
        guard.set_limits(job["limits"], fence)
        guard.confine(fence, folder, job["limits"], worker)
        os.write(kept, b"1")
        os.close(kept)
        guard.forget()
        _start(job, start)
    finally:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)


def _arrange(ends: dict[str, tuple[int, int]], channel: int | None, report: bool) -> int:
    """Put the pipes where the program expects them and close everything else; gives the place of ``ready``."""
    places = [(ends["stdin"][0], 0), (ends["stdout"][1], 1), (ends["stderr"][1], 2)]
    places += [(ends["report"][1], REPORT)] if report else []
    places += [(channel, CHANNEL)] if channel is not None else []
    high = [(_above(fd), place) for fd, place in [*places, (ends["ready"][1], 5)]]
    for fd, place in high:
        os.dup2(fd, place, inheritable=place < 3)
    guard.close_descriptors([place for _, place in high if place > 2])
    for number, mode in enumerate(("r", "w", "w")):
        stream = os.fdopen(number, mode, encoding="utf-8", errors="replace" if mode == "r" else "backslashreplace")
        setattr(sys, ("stdin", "stdout", "stderr")[number], stream)
        setattr(sys, ("__stdin__", "__stdout__", "__stderr__")[number], stream)
    return 5


def _above(fd: int) -> int:
    """A copy of a descriptor out of the way of the places."""
    while fd <= 5:
        fd = os.dup(fd)
    return fd


def _entry(entry: str) -> Callable[[str], None]:
    module, _, name = entry.partition(":")
    found: Callable[[str], None] = getattr(
        importlib.import_module(f"rubricate.verifiers.sandbox.inside.{module}"), name
    )
    return found


def _start(job: dict[str, Any], entry: Callable[[str], None] | None) -> NoReturn:
    """Run the program as ``__main__`` (or an entry of ours), then end the process as an interpreter would."""
    sys.argv = ["program.py", *job["argv"]]
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    linecache.cache["program.py"] = (len(job["code"]), None, job["code"].splitlines(keepends=True), "program.py")
    try:
        if entry is not None:
            entry(job["code"])
        else:
            exec(compile(job["code"], "program.py", "exec"), main.__dict__)
    finally:
        _leave(sys.exc_info()[1])


def _leave(error: BaseException | None) -> NoReturn:
    code = 0
    try:
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
            if error.code is not None and not isinstance(error.code, int):
                print(error.code, file=sys.stderr)
        elif error is not None:
            code = 1
            trace = error.__traceback__ and error.__traceback__.tb_next
            traceback.print_exception(type(error), error, trace)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code & 0xFF)
