"""The audit hook of the weakest level: it refuses what Python announces. A program that wants out gets out.

It sees the functions of the standard library that raise an audit event, no more: compiled code, and calls without an
event (``os.mkfifo``, ``os.stat``, ``signal.pidfd_send_signal``), pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_REFUSED = (
    "socket.",
    "ctypes.",
    "mmap.",
    "syslog.",
    "fcntl.",
    "resource.",
    "shutil.chown",
    "os.kill",
    "os.killpg",
    "os.chown",
    "os.setxattr",
    "os.putenv",
    "signal.pthread_kill",
    "sys._current_frames",
    "sys.addaudithook",
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
)
_PROCESSES = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn")
_MODULES = frozenset({"ctypes", "_ctypes", "socket", "_socket", "multiprocessing", "resource"})
_PATHS = {
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.utime": 1,
}
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random", "/dev/zero")
_NAMES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install(readable: tuple[str, ...], writable: str, *, forks: bool) -> None:
    """Refuse from now on sockets, foreign memory, files outside ``readable`` and ``writable``, and unless ``forks``
    processes.
    """
    modules = _MODULES if forks else _MODULES | {"_posixsubprocess"}
    for name in modules:
        sys.modules.pop(name, None)
    refused = _REFUSED if forks else _REFUSED + _PROCESSES
    sys.addaudithook(_hook(readable, os.path.realpath(writable), refused, modules))


def _hook(
    readable: tuple[str, ...], writable: str, refused: tuple[str, ...], modules: frozenset[str]
) -> Callable[[str, tuple[Any, ...]], None]:
    real, join, fsdecode = os.path.realpath, os.path.join, os.fsdecode

    def inside(path: object, roots: tuple[str, ...]) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return isinstance(path, int)
        full = real(fsdecode(path))
        return any(full == r or full.startswith(join(r, "")) for r in roots)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(refused) or (event == "import" and arguments[0] in modules):
            raise PermissionError(f"the sandbox refuses {event}")
        if event in _PATHS and not all(inside(a, (writable,)) for a in arguments[: _PATHS[event]]):
            raise PermissionError(f"the sandbox refuses {event} outside its folder")
        if event == "open":
            writes = bool((arguments[2] or 0) & _NAMES)
            if not inside(arguments[0], (writable, *_HARMLESS) if writes else (writable, *_HARMLESS, *readable)):
                raise PermissionError(f"the sandbox refuses to open {arguments[0]!r}")
        if event in ("os.listdir", "os.scandir", "os.chdir") and not inside(arguments[0] or ".", (writable, *readable)):
            raise PermissionError(f"the sandbox refuses {event}")

    return hook
