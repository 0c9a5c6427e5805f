"""Write docs/sandbox.md from the levels and from the table of attempts that the tests run.

python docs/build_sandbox.py [--show]
"""

from __future__ import annotations

import importlib.util
import sys
from itertools import groupby
from pathlib import Path
from types import ModuleType

from rubricate.verifiers.sandbox import levels

PAGE = Path(__file__).parent / "sandbox.md"
TABLE = Path(__file__).parents[1] / "tests" / "verifiers" / "sandbox" / "attempts.py"
HEAD = """# The sandbox

Code that a model wrote runs in `rubricate.verifiers.sandbox` and nowhere else: the verifiers `code_tests` and
`code_output` use it, and so may your own code.

```python
from rubricate.verifiers.sandbox import Limits, Program, Sandbox

with Sandbox(limits=Limits(wall=5, cpu=2)) as sandbox:
    for code in ("print(int(input()) * 2)", "1 / 0", "while True: pass", "import socket; socket.socket()"):
        result = sandbox.run(Program(code, stdin="21"), Limits(wall=5, cpu=1))
        print(result.status, result.stdout.strip(), result.stderr.strip().rpartition("\\n")[2])
```

```text
ok 42
error  ZeroDivisionError: division by zero
timed_out
error  PermissionError: [Errno 1] Operation not permitted
```

Each program is a fresh fork of an interpreter in which nothing was run before, in a session of its own, with an
empty folder that is removed afterwards, a clean environment, fixed hashes, no descriptor but its three pipes, and no
installed package unless `packages=True`. It is killed at a limit, with everything that it started. `await
sandbox.arun(...)` is the same without blocking; cancelling kills the program. At most `workers` programs run at
once.

`Result.status` is `ok`, `error`, `timed_out`, `memory`, `output_limit`, `file_limit`, `process_limit`, `killed` or
`stopped`. `fault` means that the sandbox failed: nothing is known about the program, and a verifier then gives no
verdict (state `failed`), never 0. A wall limit counts waiting for the processor too: on a machine with too many
workers, raise it.

## Levels

The strongest level that works is taken; `rubricate verifiers sandbox` says which one, what it stops and why a
stronger one does not work. `Sandbox("bubblewrap")` or `RUBRICATE_SANDBOX=bubblewrap` demands one, and it is an error
when that does not work. `limits` is no wall: it is taken with a warning, unless it is demanded.

"""
HOW = """
**bubblewrap**: `apt-get install bubblewrap` (`dnf install bubblewrap`). It needs user namespaces, or `bwrap` setuid.
**namespaces** does the same without it: own users, processes, mounts, network and IPC, a new root in which the
system is read-only. Where a container forbids user namespaces, **filter** remains: it needs no right at all, only
Linux 5.13 on x86_64 or aarch64. On aarch64 the table of system calls was taken from the headers and has not been
run.

Both kinds of jail and `filter` put every program behind a list of allowed system calls (seccomp) and behind Landlock
where the kernel has it, without capabilities, with no_new_privs. A program of one process (the default) cannot fork
at all; with `Limits(processes=8)` it can, and its processes are counted and measured together every 50 ms.

## Speed

Measured by `python benchmarks/sandbox.py` on 2 cores that others were using at the same time; a program prints one
number.

FIGURES

## What is tried

`tests/verifiers/sandbox/attempts.py` holds COUNT escapes and exhaustions. `test_attempts.py` makes each of them at
every level that works, and fails both when one succeeds that should not and when one is stopped that this table says
succeeds. The strongest level is tried by `make test`, the others by `make test-slow`.

"""
TAIL = """
Not in the table, because no process can be kept from it: reading the interpreter's own files, measuring time,
loading the machine up to its limits, and faults of the kernel.

## Tests that cannot be cheated

`code_tests` runs a test and the answer in two processes. The test's process holds the test and the pipe of the
verdict; the answer's process gets calls with their arguments and sends back plain data. So an answer cannot see an
expected value, end the test early, patch an assertion, or return an object that equals everything. Objects of its
own classes stay on its side: the test calls their methods; they take part in `==`, `in` and arithmetic only with
`operators=True`, and then the answer's methods decide. Names that the test uses and does not define are the
answer's, but never built-in names and the modules in `sandbox/inside/harness.py`. What a weak test accepts still
passes: `assert f(2)` holds for anything that is true.

This page is written by `python docs/build_sandbox.py`.
"""
FIGURES = """| per second | cold (a new worker each) | warm |
|---|---|---|
| an interpreter without protection | 43 | |
| `bubblewrap` | 7 | 129 |
| `namespaces` | 8 | 124 |
| `filter` | 8 | 78 |
| `limits` | 11 | 88 |
| tests of `code_tests`, two processes each | | 42 |
"""


def attempts() -> ModuleType:
    """The table of the tests."""
    spec = importlib.util.spec_from_file_location("sandbox_attempts", TABLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def protections() -> str:
    """What every level stops and what passes."""
    rows = ["| level | stops | passes |", "|---|---|---|"]
    for name in levels.LEVELS:
        stops, passes = levels.described(name)
        rows.append(f"| `{name}` | {'; '.join(stops)} | {'; '.join(passes)} |")
    return "\n".join(rows) + "\n"


def tried() -> str:
    """One row per attempt: stopped or not, by level."""
    table = attempts().ATTEMPTS
    rows = [f"| attempt | {' | '.join(levels.LEVELS)} |", "|---|" + "---|" * len(levels.LEVELS)]
    for group, members in groupby(table, key=lambda a: a.group):
        rows.append(f"| **{group}** |" + " |" * len(levels.LEVELS))
        for one in members:
            marks = ("**succeeds**" if level in one.succeeds else "stopped" for level in levels.LEVELS)
            rows.append(f"| {one.name} | {' | '.join(marks)} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """The whole page."""
    how = HOW.replace("FIGURES\n", FIGURES).replace("COUNT", str(len(attempts().ATTEMPTS)))
    return HEAD + protections() + how + tried() + TAIL


if __name__ == "__main__":
    if "--show" in sys.argv:
        sys.stdout.buffer.write(page().encode())
    else:
        PAGE.write_text(page(), encoding="utf-8")
