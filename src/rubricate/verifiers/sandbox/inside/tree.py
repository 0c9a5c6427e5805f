"""A program and its descendants: counted, measured and killed together."""

from __future__ import annotations

import contextlib
import os
import signal

from rubricate.verifiers.sandbox.inside.guard import Fence

_PAGE = os.sysconf("SC_PAGE_SIZE")
_ROUNDS = 200  # of killing, for a tree that grows while it is felled


class Tree:
    """The process ``pid`` and what it started. In a jail that is every process but the worker."""

    def __init__(self, pid: int, fence: Fence) -> None:
        self.pid, self.fence = pid, fence

    def kill_main(self) -> None:
        """Stop everything at once; the first process stays to be waited for."""
        if self.fence.jailed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # everybody in this namespace but the first process and this one
            return
        for pid in (self.pid, *self.descendants()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill and reap until no descendant is left. Orphans come to the worker, which is their subreaper."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        for _ in range(_ROUNDS):
            left = self.fence.jailed or self.descendants()
            if left:
                self.kill_main()
            try:
                while os.waitpid(-1, 0 if self.fence.jailed else os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            if not left:
                return

    def descendants(self) -> list[int]:
        """Processes below this worker, where /proc tells."""
        parent = _parents()
        found, fresh = set[int](), {os.getpid()}
        while fresh:
            fresh = {p for p, above in parent.items() if above in fresh} - found
            found |= fresh
        return sorted(found)

    def excess(self, processes: int, memory: float) -> str:
        """``process_limit`` or ``memory`` when all together have too much, else nothing."""
        pids = self.descendants()
        if len(pids) > processes:
            return "process_limit"
        return "memory" if sum(map(_resident, pids)) > memory else ""


def _parents() -> dict[int, int]:
    found = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
                if fields[0] != "Z":
                    found[int(name)] = int(fields[1])
    return found


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/statm") as file:
        fields = file.read().split()
        return (int(fields[1]) - int(fields[2])) * _PAGE  # without what it shares with files
    return 0


def used(folder: str, jailed: bool, limits: dict[str, float]) -> bool:
    """Whether the files under ``folder`` are too many or too large together."""
    if jailed:
        space = os.statvfs(folder)
        inodes = space.f_files - space.f_ffree
        return inodes > limits["files"] + 3 or (space.f_blocks - space.f_bfree) * space.f_bsize > limits["disk"]
    count, size = 0, 0
    for path, folders, files in os.walk(folder):
        count += len(folders) + len(files)
        with contextlib.suppress(OSError):
            size += sum(os.lstat(os.path.join(path, name)).st_blocks * 512 for name in files[:1000])
        if count > limits["files"] or size > limits["disk"]:
            return True
    return False
