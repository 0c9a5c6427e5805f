"""Frozen records of the sandbox: limits, a program, what became of it, the protection in force."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from rubricate.errors import SettingError

MIB = 1 << 20


class Status(enum.StrEnum):
    """How a program ended.

    ok: exit code 0. error: another exit code (an uncaught exception is 1). timed_out: the wall clock or the CPU limit.
    memory, output_limit, file_limit, process_limit: that limit. killed: by a signal of its own making. stopped: by
    the caller. fault: the sandbox itself failed and nothing is known about the program.
    """

    OK = "ok"
    ERROR = "error"
    TIMED_OUT = "timed_out"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output_limit"
    FILE_LIMIT = "file_limit"
    PROCESS_LIMIT = "process_limit"
    KILLED = "killed"
    STOPPED = "stopped"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    ``wall`` and ``cpu`` in seconds (cpu is rounded up to whole ones); ``memory`` in bytes beyond the bare interpreter;
    ``output`` in bytes for each of stdout and stderr; ``file_size`` for one file, ``disk`` and ``files`` for all;
    ``processes`` at once (1: no fork and no exec); ``open_files`` descriptors.
    """

    wall: float = 10.0
    cpu: float = 5.0
    memory: int = 512 * MIB
    output: int = MIB
    file_size: int = 16 * MIB
    disk: int = 32 * MIB
    files: int = 512
    processes: int = 1
    open_files: int = 64

    def __post_init__(self) -> None:
        low = [f.name for f in dataclasses.fields(self) if not getattr(self, f.name) > 0]
        if low or self.open_files < 16 or self.memory < 16 * MIB:
            raise SettingError(
                f"limits {', '.join(low) or 'memory or open_files'} too low",
                expected="limits above 0, memory of 16 MiB and 16 open files at least",
            )


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Program:
    """Python code to run as ``__main__``: its standard input, arguments, and files put into its folder first."""

    code: str
    stdin: str = ""
    argv: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.files:
            if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise SettingError(f"the file name {name!r}", expected="a path below the program's own folder")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a program: status, exit code (negative: the signal), output cut at its limit, cost.

    ``seconds`` is wall time, ``cpu`` processor time, ``peak`` the resident memory in bytes of the largest process.
    ``report`` is what an entry of ours said on its own pipe; a program has none.
    """

    status: Status
    code: int = 0
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    level: str = ""
    report: str = ""

    @property
    def ok(self) -> bool:
        """Whether the program ended by itself with exit code 0."""
        return self.status is Status.OK


@dataclass(frozen=True, slots=True)
class Level:
    """The protection in force: its name, what it stops, what passes, why no stronger one is there, how to get one."""

    name: str
    stops: tuple[str, ...]
    passes: tuple[str, ...]
    stronger: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        lines = [f"level    {self.name}", *_column("stops", self.stops), *_column("passes", self.passes)]
        return "\n".join([*lines, *_column("stronger", [f"{name}: {why}" for name, why in self.stronger])])


def _column(title: str, rows: tuple[str, ...] | list[str]) -> list[str]:
    return [f"{title if k == 0 else '':9}{row}" for k, row in enumerate(rows)]
