"""What a program gives up before its first line runs: descriptors, limits, files, capabilities, system calls."""

from __future__ import annotations

import gc
import importlib
import math
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LEVELS = ("bubblewrap", "namespaces", "filter", "limits")
JAILED = ("bubblewrap", "namespaces")
_OWN = 4  # processes of the worker itself, in the same namespace
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Fence:
    """The protection of a worker: its level, what programs may read, how many bytes the worker itself occupies."""

    level: str
    readable: tuple[str, ...]
    base: int

    @property
    def jailed(self) -> bool:
        """Whether the worker has namespaces of its own."""
        return self.level in JAILED


def close_descriptors(keep: Sequence[int]) -> None:
    """Close everything above 2 but ``keep``."""
    low = 3
    for kept in sorted(keep):
        os.closerange(low, kept)
        low = kept + 1
    os.closerange(low, 65536)


def set_limits(limits: dict[str, float], fence: Fence) -> None:
    """The limits that the kernel keeps for this process; memory counts from what the worker occupied before it."""
    seconds = max(1, math.ceil(limits["cpu"]))
    memory, processes = fence.base + int(limits["memory"]), int(limits["processes"])
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,
        "RLIMIT_AS": memory,
        "RLIMIT_FSIZE": int(limits["file_size"]),
        "RLIMIT_NOFILE": int(limits["open_files"]),
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        **({"RLIMIT_NPROC": processes + _OWN} if fence.jailed and processes > 1 else {}),
    }
    for name, value in wanted.items():
        if (number := getattr(resource, name, None)) is not None:
            _lower(number, value)


def _lower(number: int, value: int) -> None:
    _, hard = resource.getrlimit(number)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(number, (value, value))


def confine(fence: Fence, folder: str, limits: dict[str, float], worker: int) -> None:
    """Everything but the limits: signals to their defaults, then the protection of the level, for good."""
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    gc.unfreeze()
    forks = limits["processes"] > 1
    if sys.platform == "linux":
        _part("kernel").no_new_privileges()
        _part("kernel").drop_capabilities()
    if fence.level == "limits":
        _part("audit").install(fence.readable, folder, forks=forks)
        return
    landlock = _part("landlock")
    scoped = landlock.version() >= 6
    if landlock.version():
        landlock.restrict(fence.readable, (folder,), _DEVICES)
    spare = (1, worker) if forks and (fence.jailed or scoped) else ()
    _part("filter").install(forks=forks, jailed=fence.jailed, spare=spare)


def prepare(level: str) -> None:
    """Load what ``confine`` needs, once for all programs."""
    for name in ("audit",) if level == "limits" else ("kernel", "landlock"):
        _part(name)
    if level != "limits":
        _part("filter").prepare(jailed=level in JAILED)


def _part(name: str) -> Any:
    return importlib.import_module(f"rubricate.verifiers.sandbox.inside.{name}")


def forget() -> None:
    """Take the worker's own modules out of the program's sight."""
    for name in [n for n in sys.modules if n.split(".")[0] == "rubricate"]:
        del sys.modules[name]
