"""Programs per second in the sandbox: cold (a new worker for each) and warm, at each level that works here.

    python benchmarks/sandbox.py [--programs N] [--workers N] [--json]

The program prints one number. ``bare`` starts an ordinary interpreter for each, without any protection. ``tests`` is
the verifier ``code_tests``: tests per second, two processes each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rubricate.types import Sample
from rubricate.verifiers import code_tests
from rubricate.verifiers.sandbox import Sandbox, levels

PROGRAM = "print(6 * 7)"


def rate(run: Callable[[int], object], count: int, workers: int) -> float:
    """Runs per second of ``count`` runs, so many at once."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, range(count)))
    return count / (time.perf_counter() - begun)


def cold(level: str) -> str:
    with Sandbox(level, workers=1) as sandbox:
        return sandbox.run(PROGRAM).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    few, many, workers = max(4, options.programs // 10), options.programs, options.workers
    rows = {
        "bare": {
            "cold": rate(
                lambda _: subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.DEVNULL), few, workers
            )
        }
    }
    for level in levels.LEVELS:
        if why := levels.fault(level):
            print(f"{level:11} {why}")
            continue
        with Sandbox(level, workers=workers) as sandbox:
            rate(lambda _, s=sandbox: s.run(PROGRAM), workers, workers)
            warm = rate(lambda _, s=sandbox: s.run(PROGRAM), many, workers)
        rows[level] = {"cold": rate(lambda _, at=level: cold(at), few, workers), "warm": warm}
    answer, tests = Sample("a", (), "def f(x):\n    return x * x"), [f"assert f({k}) == {k * k}" for k in range(10)]
    code_tests(answer, tests)
    rows["code_tests"] = {"warm": 10 * rate(lambda _: code_tests(answer, tests), max(2, many // 20), workers)}
    print(f"{'programs/s':11} {'cold':>8} {'warm':>8}")
    for name, row in rows.items():
        print(f"{name:11} " + " ".join(f"{row[k]:8.0f}" if k in row else f"{'':8}" for k in ("cold", "warm")))
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
