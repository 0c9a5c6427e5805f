"""The namespaces of a worker: own users, processes, mounts, network, IPC; a new root with a read-only system.

``enter`` returns only in the first process of the new namespaces. The process that called it waits outside, holds
nothing, and ends with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence

from rubricate.verifiers.sandbox.inside import kernel

_SPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXECUTE, _REMOUNT = 1, 2, 4, 8, 32
_MOUNT_SETATTR, _AT_RECURSIVE, _DETACH = 442, 0x8000, 2
_DEVICES = ("null", "zero", "full", "random", "urandom")
_USER = 1000
_STAGES = ("/mnt", "/srv", "/media", "/home", "/tmp")
SCRATCH = "/box"


def enter(control: int, visible: Sequence[str], scratch: int) -> None:
    """Go into new namespaces: ``visible`` paths read-only, /box of ``scratch`` bytes in memory, no network."""
    user, group = os.geteuid(), os.getegid()
    kernel.call("unshare", _SPACES)
    for name, line in (("setgroups", "deny"), ("uid_map", f"{_USER} {user} 1"), ("gid_map", f"{_USER} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    child = os.fork()
    if child:
        os.close(control)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    _new_root(visible, scratch)


def _new_root(visible: Sequence[str], scratch: int) -> None:
    kernel.mount(None, "/", None, _RECURSIVE | _PRIVATE)
    stage = next(s for s in _STAGES if os.path.isdir(s) and not any(v.startswith(s) for v in visible))
    kernel.mount("tmpfs", stage, "tmpfs", _NO_SETUID | _NO_DEVICES, "size=1m,mode=755")
    for path in visible:
        _show(path, stage + path)
    os.mkdir(f"{stage}/dev")
    for name in _DEVICES:
        with open(f"{stage}/dev/{name}", "w"):
            kernel.mount(f"/dev/{name}", f"{stage}/dev/{name}", None, _BIND)
    os.mkdir(f"{stage}/proc")
    with contextlib.suppress(PermissionError):  # inside a container whose own /proc is masked there is none
        kernel.mount("proc", f"{stage}/proc", "proc", _NO_SETUID | _NO_DEVICES | _NO_EXECUTE)
    os.mkdir(stage + SCRATCH)
    kernel.mount("tmpfs", stage + SCRATCH, "tmpfs", _NO_SETUID | _NO_DEVICES, f"size={scratch},mode=700")
    kernel.mount(None, stage, None, _BIND | _REMOUNT | _READ_ONLY | _NO_SETUID | _NO_DEVICES)
    os.chdir(stage)
    kernel.call("pivot_root", b".", b".")
    kernel.call("umount2", b".", _DETACH)
    os.chdir(SCRATCH)


def _show(path: str, at: str) -> None:
    """Bind ``path`` read-only at ``at``, with everything mounted below it; a link is made again."""
    os.makedirs(os.path.dirname(at), exist_ok=True)
    if os.path.lexists(at):
        return
    if os.path.islink(path):
        os.symlink(os.readlink(path), at)
        return
    if os.path.isdir(path):
        os.mkdir(at)
    else:
        os.close(os.open(at, os.O_CREAT | os.O_WRONLY))
    kernel.mount(path, at, None, _BIND | _RECURSIVE)
    flags = (_READ_ONLY | _NO_SETUID | _NO_DEVICES).to_bytes(8, "little") + bytes(24)
    kernel.system_call(_MOUNT_SETATTR, -100, at.encode(), _AT_RECURSIVE, flags, len(flags))
