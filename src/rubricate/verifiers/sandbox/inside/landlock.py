"""Landlock: which part of the file system this process may still read or write. Linux 5.13 and newer, no privilege."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from rubricate.verifiers.sandbox.inside import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ACCESS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version of the interface
_ON_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # execute, write, read, truncate, ioctl
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_NO_SOCKETS = 1 << 9
_TCP, _SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals


def version() -> int:
    """The version of the interface, 0 where the kernel has none."""
    try:
        return kernel.system_call(_CREATE, None, 0, 1)
    except OSError:
        return 0


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> None:
    """Leave this process reading under ``readable``, writing under ``writable``, and the ``devices``; for good."""
    has = version()
    handled = _ACCESS[max(v for v in _ACCESS if v <= has)]
    attributes = struct.pack("=QQQ", handled, _TCP, _SCOPES)[: 8 if has < 4 else 16 if has < 6 else 24]
    rules = kernel.system_call(_CREATE, attributes, len(attributes), 0)
    for paths, access in (
        (readable, _EXECUTE | _READ_FILE | _READ_DIR),
        (writable, handled & ~_NO_SOCKETS & ~_EXECUTE),
        (devices, _WRITE_FILE | _READ_FILE),
    ):
        for path in filter(os.path.exists, paths):
            _allow(rules, path, access & handled)
    kernel.no_new_privileges()
    kernel.system_call(_RESTRICT, rules, 0)
    os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        kept = access if os.path.isdir(path) else access & _ON_FILES
        kernel.system_call(_ADD, rules, 1, struct.pack("=Qi", kept, folder), 0)
    finally:
        os.close(folder)
