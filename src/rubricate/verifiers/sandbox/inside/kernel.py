"""The few Linux calls that Python 3.11 does not wrap."""

from __future__ import annotations

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG = 4, 38, 36, 1
_CAPABILITY_VERSION_3 = 0x20080522


def call(name: str, *arguments: int | bytes | None) -> int:
    """A function of libc by name; an OSError with its errno when it gives -1."""
    found = int(getattr(_libc, name)(*(_wide(a) for a in arguments)))
    if found == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return found


def system_call(number: int, *arguments: int | bytes | None) -> int:
    """A system call by number, for those without a function in libc."""
    return call("syscall", number, *arguments)


def prctl(option: int, *arguments: int | bytes) -> int:
    """``prctl(2)``; unused arguments are 0."""
    return call("prctl", option, *arguments, *(0,) * (4 - len(arguments)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """``mount(2)``."""
    first, second, third, last = (x if x is None else x.encode() for x in (source, target, kind, data))
    call("mount", first, second, third, flags, last)


def no_new_privileges() -> None:
    """From now on no exec gives more rights than this process has; for good."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability, for good once no_new_privs is set."""
    call("capset", struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24))


def address(data: bytes) -> int:
    """Where a buffer lies; valid while the caller keeps it."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def _wide(value: int | bytes | None) -> ctypes.c_void_p | ctypes.c_long | bytes | None:
    return ctypes.c_long(value) if isinstance(value, int) else value
