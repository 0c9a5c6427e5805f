"""One worker process on the side of the host: started in its protection, given one program at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from rubricate.errors import SandboxError
from rubricate.verifiers.sandbox.inside.frames import receive, send
from rubricate.verifiers.sandbox.inside.jail import SCRATCH
from rubricate.verifiers.sandbox.levels import INSIDE, interpreter, jailed, site_packages, visible, wrapper
from rubricate.verifiers.sandbox.records import DEFAULT, Limits, Result, Status

# The packages are stand-ins that know only where their parts lie: a worker loads nothing else of rubricate.
BOOT = """
import importlib, json, sys, types
settings = json.loads(sys.argv[1])
name = ""
for part in ("rubricate", "verifiers", "sandbox"):
    name = f"{name}.{part}".strip(".")
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules[name].__path__ = [settings["home"]]
importlib.import_module(name + ".inside.zygote").main(settings)
"""
_GRACE = 5.0  # seconds beyond a program's wall limit in which its worker must answer
_START = 60.0
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "sandbox",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def job_of(
    code: str,
    limits: Limits = DEFAULT,
    *,
    entry: str = "",
    stdin: str = "",
    argv: Sequence[str] = (),
    files: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The message that asks a worker for one program; ``entry`` names a function of ours that gets ``code``."""
    return {
        "code": code,
        "entry": entry,
        "report": bool(entry),
        "stdin": stdin,
        "argv": list(argv),
        "files": files or {},
        "limits": dataclasses.asdict(limits),
    }


@dataclasses.dataclass
class Worker:
    """A running worker. Not for two threads at once, but for ``stop`` and ``close``."""

    level: str
    process: subprocess.Popen[bytes]
    link: socket.socket
    folder: str
    broken: bool = False

    @classmethod
    def start(
        cls, level: str, *, packages: bool = False, preload: Sequence[str] = (), space: int = DEFAULT.disk
    ) -> Worker:
        """Start a worker at a level; SandboxError says why it did not start."""
        own = jailed(level)
        folder = "" if own else tempfile.mkdtemp(prefix="rubricate-")
        shown = visible(packages)
        ours, theirs = socket.socketpair()
        settings = {
            "home": str(INSIDE.parent),
            "fd": theirs.fileno(),
            "level": level,
            "scratch": SCRATCH if own else folder,
            "visible": shown,
            "space": space,
            "packages": site_packages() if packages else (),
            "preload": list(preload),
        }
        python = [interpreter(), "-s", "-S", "-P", "-X", "utf8", "-c", BOOT, json.dumps(settings)]
        library = {k: os.environ[k] for k in ("LD_LIBRARY_PATH",) if k in os.environ}
        try:
            with theirs:
                process = subprocess.Popen(
                    [*wrapper(level, shown, space), *python],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=_ENVIRONMENT | library,
                    cwd="/",
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise SandboxError(f"no worker could be started: {error}", where=f"sandbox level {level!r}") from None
        worker = cls(level, process, ours, folder)
        worker._greet()
        return worker

    def _greet(self) -> None:
        self.link.settimeout(_START)
        try:
            hello, _ = receive(self.link)
        except TimeoutError:
            hello = None
        if hello is None:
            self.process.kill()
            assert self.process.stderr is not None
            said = self.process.stderr.read().decode("utf-8", "replace").strip()
            self.close()
            raise SandboxError(
                f"its worker did not start: {said.rpartition(chr(10))[2] or 'it said nothing'}",
                where=f"sandbox level {self.level!r}",
            )

    def run(self, job: dict[str, Any]) -> Result:
        """Run one program to its end. A worker that breaks gives status ``fault`` and is not to be used again."""
        self.begin(job)
        return self.finish()

    def begin(self, job: dict[str, Any], channel: int | None = None) -> None:
        """Start one program; ``channel`` is a descriptor that it gets."""
        self.link.settimeout(job["limits"]["wall"] + _GRACE)
        try:
            send(self.link, job, () if channel is None else (channel,))
        except OSError:
            self.broken = True

    def finish(self) -> Result:
        """Wait for the end of the program that was begun."""
        try:
            said, _ = (None, None) if self.broken else receive(self.link)
        except (OSError, ValueError):
            said = None
        if said is None:
            self.broken = True
            return Result(Status.FAULT, stderr="the worker broke off", level=self.level)
        self.broken = said.pop("worn")
        return Result(**said | {"status": Status(said["status"])}, level=self.level)

    def stop(self) -> None:
        """Ask the worker to kill the program that it runs, from another thread; the result is ``stopped``."""
        with contextlib.suppress(OSError):
            send(self.link, {"stop": True})

    def close(self) -> None:
        """End the worker and everything in it, and remove its folder."""
        self.broken = True
        with contextlib.suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.link.close()
        if self.process.stderr is not None:
            self.process.stderr.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
