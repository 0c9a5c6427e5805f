"""Throughput of verifiers on one core (seconds of its time), verdicts made as a run makes them.

* simple checks: length, contains, not_contains, starts_with, format and exact over responses of about 1,200
  characters; checks per second, and beside the bare functions without a verdict.
* IFEval: its 834 instructions over 5,000 responses (each response is judged by the instructions of one prompt), strict
  and loose. The prompts are public data and not part of the project; without them this part is left out.

    python benchmarks/verifiers.py [--data ../shared/data] [--responses 5000]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np

from rubricate import registry
from rubricate.rubrics.importers import ifeval
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample
from rubricate.verifiers.base import decide

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
SIMPLE = {
    "length": {"max": 250, "soft": 50},
    "contains": {"texts": ["water", "leaves"]},
    "not_contains": {"texts": ["as an AI"]},
    "starts_with": {"texts": "Sure"},
    "format": {"heading": True},
    "exact": {"expected": "No."},
}
TEXT = "the water of a pot is warm and then leaves go in for three minutes while you wait so that it does not turn"
WORDS = TEXT.split()


def responses(n: int, size: int, rng: np.random.Generator) -> list[str]:
    """Sentences of 8 to 20 words in paragraphs, some with list items, capitals and commas."""
    texts = []
    for _ in range(n):
        parts, total = [], 0
        while total < size:
            words = [WORDS[k] for k in rng.integers(len(WORDS), size=rng.integers(8, 20))]
            words[0] = words[0].upper() if rng.random() < 0.1 else words[0].title()
            sentence = ("* " if rng.random() < 0.1 else "") + ", ".join([" ".join(words[:5]), " ".join(words[5:])])
            parts.append(sentence + rng.choice([". ", "!\n", ".\n\n"]))
            total += len(parts[-1])
        texts.append("".join(parts))
    return texts


def simple(texts: list[str]) -> None:
    samples = [Sample(str(k), (), text) for k, text in enumerate(texts)]
    print(f"{len(texts)} responses, {np.mean([len(t) for t in texts]):.0f} characters on average")
    print(f"{'check':<14}{'checks/s':>10}{'bare calls/s':>14}{'ratio':>8}")
    total = 0.0
    for name, settings in SIMPLE.items():
        spec = {"id": "c", "text": "t", "verifier": {"name": name, "settings": settings}}
        criterion, fn = Criterion.model_validate(spec), registry.lookup("verifier", name)
        spent, bare = [], []
        for _ in range(3):
            start = time.process_time()
            for sample in samples:
                decide(sample, criterion)
            middle = time.process_time()
            for sample in samples:
                fn(sample, **settings)
            spent.append(middle - start)
            bare.append(time.process_time() - middle)
        total += min(spent)
        rate, plain = len(samples) / min(spent), len(samples) / min(bare)
        print(f"{name:<14}{rate:>10,.0f}{plain:>14,.0f}{rate / plain:>8.2f}")
    print(f"all six: {len(SIMPLE) * len(samples) / total:,.0f} checks/s\n")


def instructions(texts: list[str], path: Path) -> None:
    if not path.is_file():
        print(f"{path} is not here: no IFEval")
        return
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for loose in (False, True):
        rubrics = [ifeval(row, loose=loose).rubric for row in rows]
        spent: Counter[str] = Counter()
        checks = 0
        start = time.process_time()
        for k, text in enumerate(texts):
            sample = Sample(str(k), (), text)
            for criterion in rubrics[k % len(rubrics)].leaves:
                before = time.process_time()
                decide(sample, criterion)
                spent[criterion.verifier.name if criterion.verifier else ""] += time.process_time() - before
                checks += 1
        seconds = time.process_time() - start
        rule = "loose" if loose else "strict"
        print(f"IFEval {rule}: {len(texts)} responses, {checks} checks in {seconds:.1f} s, {checks / seconds:,.0f}/s")
        for name, part in spent.most_common(4):
            print(f"  {name:<45}{part:>7.2f} s {part / seconds:>5.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--responses", type=int, default=5000)
    args = parser.parse_args()
    texts = responses(args.responses, 1200, np.random.default_rng(0))
    simple(texts)
    instructions(texts, args.data / "ifeval" / "input_data.jsonl")


if __name__ == "__main__":
    main()
