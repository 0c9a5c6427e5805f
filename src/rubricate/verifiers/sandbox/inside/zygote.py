"""The worker: enters its protection once, loads what programs need, then forks one fresh child per program.

It never runs code of others itself. Between programs nothing is left: the child is dead with all its descendants, its
folder is gone, and this process has only passed bytes on.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import signal
import socket
import sys
from typing import Any

from rubricate.verifiers.sandbox.inside import guard
from rubricate.verifiers.sandbox.inside.frames import receive, send
from rubricate.verifiers.sandbox.inside.programs import run

_PAGE = resource.getpagesize()


def main(settings: dict[str, Any]) -> None:
    """Serve programs over the socket ``settings["fd"]`` until the host hangs up."""
    level, scratch = settings["level"], settings["scratch"]
    if level == "namespaces":
        from rubricate.verifiers.sandbox.inside import jail

        jail.enter(settings["fd"], settings["visible"], settings["space"])
    control = socket.socket(fileno=settings["fd"])
    control.set_inheritable(False)
    _harden(level)
    sys.path += settings["packages"]
    for name in settings["preload"]:
        module, _, warm = name.partition(":")
        loaded = importlib.import_module(module)
        if warm:
            getattr(loaded, warm)()
    guard.prepare(level)
    gc.collect()
    gc.freeze()
    fence = guard.Fence(level, tuple(settings["visible"]), _size())
    send(control, {"ready": os.getpid()})
    while True:
        job, channel = receive(control)
        if job is None:
            os._exit(0)
        if "code" in job:
            send(control, run(job, channel, fence, control, scratch))


def _harden(level: str) -> None:
    """Orphans of programs come here; no program may look into this process."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a child that ends wakes whoever waits for its pipes
    if sys.platform == "linux":
        from rubricate.verifiers.sandbox.inside import kernel

        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        if level in guard.JAILED:
            kernel.drop_capabilities()


def _size() -> int:
    """Bytes of address space of this process."""
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * _PAGE
    return 1 << 28
