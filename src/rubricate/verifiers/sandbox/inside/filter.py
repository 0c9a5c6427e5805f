"""The filter of system calls (seccomp): a list of what is allowed, a few checked by argument, everything else refused.

``syscalls.txt`` holds the decisions. Refused calls give EPERM, unlisted ones ENOSYS, so that a program sees an error
and no trap. Kept out: sockets, tracing and memory of other processes, mounts, namespaces, keys, clocks, capabilities,
signals to anybody else; and for a program of one process every fork and exec.
"""

from __future__ import annotations

import errno
import functools
import os
import platform
import struct
from pathlib import Path

from rubricate.verifiers.sandbox.inside import kernel

_ARCHITECTURE = {"x86_64": (0xC000003E, 1), "aarch64": (0xC00000B7, 2)}  # audit number, column of syscalls.txt
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_NAMESPACES, _THREAD, _NEGATIVE = 0x7E020000, 0x00010000, 0x80000000
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_AF_UNIX, _O_TRUNC, _WRITES = 1, 0x200, 0x3
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_PRCTLS = (3, 15, 16, 38, 0x53564D41)  # GET_DUMPABLE SET_NAME GET_NAME SET_NO_NEW_PRIVS SET_VMA
_SIGNALS = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")

Instruction = tuple[int, int, int, int]


def supported() -> bool:
    """Whether there is a table of system calls for this machine."""
    return platform.machine() in _ARCHITECTURE and os.uname().sysname == "Linux"


def prepare(*, jailed: bool) -> None:
    """Read the table once, before programs come."""
    for forks in (False, True):
        assemble(forks=forks, jailed=jailed, me=0, spare=())


def install(*, forks: bool, jailed: bool, spare: tuple[int, ...] = ()) -> None:
    """Put the filter on this process and all its children, for good.

    ``forks`` allows processes, ``jailed`` changing modes and times of files. Without ``spare`` only this process may
    be signalled; with it every single process but those named (where a namespace hides all others).
    """
    program = assemble(forks=forks, jailed=jailed, me=os.getpid(), spare=spare)
    packed = b"".join(struct.pack("=HBBI", *line) for line in program)
    kernel.no_new_privileges()
    kernel.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, struct.pack("@HxxxxxxQ", len(program), kernel.address(packed)))


def assemble(*, forks: bool, jailed: bool, me: int, spare: tuple[int, ...]) -> list[Instruction]:
    """The filter as instructions: architecture, then one test per call, checked calls with their arguments."""
    audit, column = _ARCHITECTURE[platform.machine()]
    allowed, checked, denied = _decisions(column, forks, jailed)
    lines: list[Instruction] = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), _ret(_REFUSE), (_LOAD, 0, 0, 0)]
    lines += [(_AT_LEAST, 0, 1, _X32), _ret(_UNKNOWN)]
    lines += _each(allowed, _ALLOW)
    for name, number in checked:
        block = _check(name, forks, me, spare)
        lines += [(_EQUAL, 0, len(block), number), *block]
    return [*lines, *_each(denied, _REFUSE), _ret(_UNKNOWN)]


@functools.cache
def _decisions(
    column: int, forks: bool, jailed: bool
) -> tuple[tuple[int, ...], list[tuple[str, int]], tuple[int, ...]]:
    rows = [r.split() for r in (Path(__file__).parent / "syscalls.txt").read_text().splitlines() if r[0] != "#"]
    rows = [r for r in rows if r[column] != "-"]
    passed = {"allow", *(["process"] if forks else []), *(["jail"] if jailed else [])}
    allowed = tuple(int(r[column]) for r in rows if r[3] in passed)
    checked = [(r[0], int(r[column])) for r in rows if r[3] == "check"]
    return allowed, checked, tuple(int(r[column]) for r in rows if r[3] in {"process", "jail", "deny"} - passed)


@functools.cache
def _each(numbers: tuple[int, ...], value: int) -> tuple[Instruction, ...]:
    return tuple(line for n in numbers for line in ((_EQUAL, 0, 1, n), _ret(value)))


def _check(name: str, forks: bool, me: int, spare: tuple[int, ...]) -> list[Instruction]:
    if name == "clone":
        thread = [] if forks else [(_ANY_BIT, 1, 0, _THREAD), _ret(_REFUSE)]
        return [_argument(0), (_ANY_BIT, 0, 1, _NAMESPACES), _ret(_REFUSE), *thread, _ret(_ALLOW)]
    if name in ("open", "openat"):  # emptying a file that is opened for reading escapes older versions of Landlock
        reads = [(_ANY_BIT, 0, 2, _O_TRUNC), (_ANY_BIT, 1, 0, _WRITES), _ret(_REFUSE)]
        return [_argument(1 if name == "open" else 2), *reads, _ret(_ALLOW)]
    if name in _SIGNALS:
        return _spare(spare) if spare else _one_of(0, (me,))
    if name == "prlimit64":
        return _one_of(0, (0, me))
    if name == "socketpair":
        return _one_of(0, (_AF_UNIX,))
    return _one_of(1, _IOCTLS) if name == "ioctl" else _one_of(0, _PRCTLS)


def _spare(pids: tuple[int, ...]) -> list[Instruction]:
    tests = [line for p in pids for line in ((_EQUAL, 0, 1, p), _ret(_REFUSE))]
    return [_argument(0), (_ANY_BIT, 0, 1, _NEGATIVE), _ret(_REFUSE), *tests, _ret(_ALLOW)]


def _one_of(argument: int, values: tuple[int, ...]) -> list[Instruction]:
    tests = [line for v in values for line in ((_EQUAL, 0, 1, v), _ret(_ALLOW))]
    return [_argument(argument), *tests, _ret(_REFUSE)]


def _argument(index: int) -> Instruction:
    return (_LOAD, 0, 0, 16 + 8 * index)  # the low half: both machines are little-endian


def _ret(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)
