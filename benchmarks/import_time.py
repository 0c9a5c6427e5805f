"""What starting costs: ``import rubricate`` above numpy's own import, the first public name, and ``rubricate --help``.

    python benchmarks/import_time.py [--json]

Medians of fresh interpreters, in milliseconds above an empty one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

CASES = {
    "numpy": [sys.executable, "-c", "import numpy"],
    "rubricate": [sys.executable, "-c", "import numpy, rubricate"],
    "rubricate_run": [sys.executable, "-c", "import numpy, rubricate; rubricate.run"],
    "help": [sys.executable, "-m", "rubricate", "--help"],
}


def milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: dict[str, list[float]] = {name: [] for name in ("empty", *CASES)}
    for _ in range(options.rounds):
        rows["empty"].append(milliseconds([sys.executable, "-c", "pass"]))
        for name, command in CASES.items():
            rows[name].append(milliseconds(command))
    middle = {name: statistics.median(times) for name, times in rows.items()}
    above = {name: middle[name] - middle["numpy"] for name in ("rubricate", "rubricate_run")}
    print(f"numpy                        {middle['numpy'] - middle['empty']:7.0f} ms")
    print(f"import rubricate above numpy {above['rubricate']:7.0f} ms   (bar 150)")
    print(f"rubricate.run above numpy    {above['rubricate_run']:7.0f} ms")
    print(f"rubricate --help             {middle['help']:7.0f} ms   (bar 400)")
    if options.json:
        print(
            json.dumps({"import_ms": above["rubricate"], "run_ms": above["rubricate_run"], "help_ms": middle["help"]})
        )


if __name__ == "__main__":
    main()
