"""Which protections there are, which of them work on this machine, and how to get a stronger one."""

from __future__ import annotations

import functools
import os
import shutil
import site
import sys
import warnings
from pathlib import Path

from rubricate.errors import SandboxError, UnknownNameError
from rubricate.verifiers.sandbox.inside.guard import JAILED, LEVELS
from rubricate.verifiers.sandbox.inside.jail import SCRATCH
from rubricate.verifiers.sandbox.records import Level

INSIDE = Path(__file__).parent / "inside"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/nix/store")

_KERNEL = (
    "sockets of every kind, DNS",
    "signals, tracing and memory of other processes",
    "fork and exec (or, where processes are allowed, more of them than the limit)",
    "reading outside the interpreter, its library and the program's own folder",
    "writing outside the program's own folder",
    "raising limits, mounts, namespaces, clocks, keys, shared memory",
)
_ALWAYS = ("more time, memory, output, files or open descriptors than the limits", "descendants that stay behind")
_LEAKS = ("reading the interpreter and its library", "timing and load of the machine", "faults of the kernel itself")
_STOPS = {
    "bubblewrap": (*_ALWAYS, *_KERNEL, "seeing other processes, the network or the file system of the host"),
    "namespaces": (*_ALWAYS, *_KERNEL, "seeing other processes, the network or the file system of the host"),
    "filter": (*_ALWAYS, *_KERNEL),
    "limits": (
        "more time, output, files or (on Linux) memory than the limits",
        "what Python announces to an audit hook: opening files elsewhere, sockets, processes, ctypes",
    ),
}
_PASSES = {
    "bubblewrap": _LEAKS,
    "namespaces": _LEAKS,
    "filter": (*_LEAKS, "learning whether a path exists"),
    "limits": (*_LEAKS, "everything, for a program that sets out to pass the audit hook: this is no wall"),
}
_WEAK = (
    "code of models runs at the sandbox level 'limits', which is no wall; `rubricate verifiers sandbox` says how to "
    "get a stronger one, RUBRICATE_SANDBOX=limits accepts this one"
)
_HOW = {
    "bubblewrap": "install it (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install bubblewrap)",
    "namespaces": "allow unprivileged user namespaces (sysctl user.max_user_namespaces; in a container also its "
    "seccomp and AppArmor profiles)",
    "filter": "use Linux 5.13 or newer on x86_64 or aarch64, with Landlock among the security modules",
    "limits": "use Linux or macOS",
}


def visible(packages: bool) -> tuple[str, ...]:
    """Paths that a program may read: the system's libraries, the interpreter, our entries, site-packages if asked."""
    own = [sys.base_prefix, os.path.dirname(os.path.realpath(interpreter())), str(INSIDE)]
    paths = [*_SYSTEM, *own, *(site_packages() if packages else ())]
    there = [p for p in dict.fromkeys(paths) if os.path.lexists(p)]
    return tuple(p for p in there if not any(p != q and p.startswith(q + "/") for q in there))


def site_packages() -> tuple[str, ...]:
    """The folders of installed packages that this interpreter uses."""
    known = {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(p for p in sys.path if p in known or p.rstrip("/").endswith(("site-packages", "dist-packages")))


def interpreter() -> str:
    """The interpreter itself, not the link of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def wrapper(level: str, shown: tuple[str, ...], space: int) -> list[str]:
    """The command in front of the interpreter: bubblewrap with its options, or nothing."""
    if level != "bubblewrap":
        return []
    binds = [word for p in shown for word in _bind(p)]
    return [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-all", "--new-session", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000"),
        *binds,
        *("--dev", "/dev", "--remount-ro", "/dev", "--proc", "/proc"),
        *("--size", str(space), "--perms", "0700", "--tmpfs", SCRATCH, "--remount-ro", "/", "--chdir", SCRATCH, "--"),
    ]


def _bind(path: str) -> tuple[str, ...]:
    return ("--symlink", os.readlink(path), path) if os.path.islink(path) else ("--ro-bind", path, path)


def known(name: str) -> str:
    """The name of a level, or an error that lists them."""
    if name not in LEVELS:
        raise UnknownNameError.among("sandbox level", name, LEVELS)
    return name


@functools.cache
def fault(name: str) -> str:
    """Why a level does not work on this machine, found by running a program in it; empty when it does."""
    from rubricate.verifiers.sandbox.worker import Worker, job_of

    if sys.platform not in ("linux", "darwin") or (sys.platform != "linux" and name != "limits"):
        return f"not on {sys.platform}"
    if name == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    if name == "filter" and (lacks := _lacks()):
        return lacks
    try:
        worker = Worker.start(known(name))
        try:
            result = worker.run(job_of("print(6 * 7)"))
        finally:
            worker.close()
    except SandboxError as error:
        return error.what
    return "" if result.stdout == "42\n" else result.stderr.strip().rpartition("\n")[2] or f"it ended {result.status}"


def _lacks() -> str:
    from rubricate.verifiers.sandbox.inside import filter as calls
    from rubricate.verifiers.sandbox.inside import landlock

    if not calls.supported():
        return "there is no list of system calls for this machine"
    return "" if landlock.version() else "the kernel has no Landlock"


def chosen(demand: str | None) -> str:
    """The level demanded (argument, or RUBRICATE_SANDBOX), which must work; otherwise the strongest that works."""
    name = demand or os.environ.get("RUBRICATE_SANDBOX") or ""
    if name:
        if why := fault(known(name)):
            raise SandboxError(
                f"the sandbox level {name!r} was demanded and does not work here: {why}",
                hint=f"To get it: {_HOW[name]}",
            )
        return name
    for level in LEVELS:
        if not fault(level):
            if level == LEVELS[-1]:
                warnings.warn(_WEAK, RuntimeWarning, stacklevel=2)
            return level
    reasons = "; ".join(f"{level}: {fault(level)}" for level in LEVELS)
    raise SandboxError(f"no sandbox works on this machine ({reasons})", hint=f"To get one: {_HOW['filter']}")


def level(demand: str | None = None) -> Level:
    """What is active (or would be, if demanded): the level, what it stops, what passes, how to get a stronger one."""
    name = chosen(demand)
    above = LEVELS[: LEVELS.index(name)]
    stronger = tuple((n, f"{fault(n)}; {_HOW[n]}" if fault(n) else "works here") for n in above)
    return Level(name, _STOPS[name], _PASSES[name], stronger)


def described(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a level stops and what passes, whether or not it works here."""
    return _STOPS[known(name)], _PASSES[name]


def jailed(name: str) -> bool:
    """Whether a level has namespaces."""
    return name in JAILED
