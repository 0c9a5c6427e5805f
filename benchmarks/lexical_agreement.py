"""How far the embedded lexical judge agrees with an LLM judge, beside baselines that look at no criterion at all.

* mt_bench: 320 responses (80 prompts x 4 models) with a reference and a 1-5 rubric; the target is the mean of three
  recorded GPT-4 scores. Spearman over all responses, and the share of pairs of one prompt put in the same order.
* biggen: 695 instances. The recorded responses are a placeholder and all scores are 5, so there is nothing to correlate
  with; what can be asked is whether the judge prefers an instance's own reference answer to that of another instance
  of the same task (the reference is not shown to the judge).
* hhh: 221 pairs with a general rubric (helpful, honest, harmless, other); does the judge prefer the chosen one?

Prompts were split in halves. The constants of the method were chosen on "tune"; which signals there are to combine was
looked at on both halves, so "held out" is not untouched. Intervals: 1,000 bootstrap
resamples of prompts (mt_bench) or instances. numpy only. The data are public and not part of the project; run with

    python benchmarks/lexical_agreement.py [--data ../shared/data] [--json]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rubricate.judges.lexical import LexicalJudge
from rubricate.judges.lexicon import read
from rubricate.rubrics.importers.biggen import biggen
from rubricate.rubrics.importers.prometheus import prometheus
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
RESAMPLES = 1000
Item = tuple[Sample, Rubric]
Method = Callable[[Sample, Rubric], float]
WORD = re.compile(r"\w+")


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ranks(x: np.ndarray) -> np.ndarray:
    """Average ranks, ties sharing theirs."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation; NaN where one side is constant."""
    a, b = ranks(x) - (len(x) + 1) / 2, ranks(y) - (len(y) + 1) / 2
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / norm) if norm else float("nan")


def share(sample: Sample, rubric: Rubric, judge: LexicalJudge = LexicalJudge()) -> float:  # noqa: B008 (frozen)
    """What the judge found, before it is put on the scale; NaN when it abstains."""
    (verdict,) = judge.decide(sample, rubric, rubric.leaves)
    return float("nan") if verdict.probability is None else verdict.probability


def value(sample: Sample, rubric: Rubric) -> float:
    """The level that the judge gives."""
    (verdict,) = LexicalJudge().decide(sample, rubric, rubric.leaves)
    return float("nan") if verdict.value is None else verdict.value


def overlap(sample: Sample, rubric: Rubric) -> float:
    """Share of the different words of the reference that stand in the response."""
    known, said = (set(WORD.findall((t or "").lower())) for t in (sample.reference, sample.response))
    return len(known & said) / max(1, len(known))


METHODS: dict[str, Method] = {
    "lexical judge, level": value,
    "lexical judge, share": share,
    "  without detail": lambda s, r: share(s, r, LexicalJudge(detail=0.0)),
    "characters": lambda s, r: float(len(s.response)),
    "different words": lambda s, r: float(len(set(WORD.findall(s.response.lower())))),
    "reference overlap": overlap,
}
CRITERIA = (
    "Says that the refund arrives within five working days.",
    "Does not mention any side effects.",
    "Explains that plants use sunlight, water and carbon dioxide to make sugar and release oxygen.",
    "Names at least three reasons.",
    "Recommends to call emergency services or a doctor.",
    'Uses the phrase "in other words".',
    "Compares the design of two phones, such as screen, camera or battery.",
    "Gives the area of the triangle in square units.",
    "Warns against driving.",
    "Mentions London, Paris and 1999.",
)
NO_REFERENCE = ("lexical judge, share", "characters", "different words")


def interval(statistic: Callable[[np.ndarray], float], units: int) -> tuple[float, float, float]:
    """A statistic of all units, and its 95% bootstrap interval."""
    rng = np.random.default_rng(0)
    draws = [statistic(rng.integers(0, units, units)) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return statistic(np.arange(units)), float(low), float(high)


def ordered(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[P, 2]: pairs of one row of [P, G] put in the same order (a tie of x counts half), and pairs that y orders."""
    a, b = np.triu_indices(x.shape[1], 1)
    dx, dy = np.sign(x[:, a] - x[:, b]), np.sign(y[:, a] - y[:, b])
    right = np.where(dy != 0, (dx == dy) + 0.5 * (dx == 0), 0.0)
    return np.stack([right.sum(1), (dy != 0).sum(1)], axis=1)


def mt_bench(data: Path) -> tuple[list[list[Item]], np.ndarray]:
    """Samples [80][4] and recorded scores [80, 4, 3], by prompt."""
    found: dict[str, list[tuple[Item, list[float]]]] = {}
    for row in rows(data / "prometheus" / "mt_bench_eval.jsonl"):
        record = prometheus(row)
        scores = [j.verdicts[0].value for j in record.recorded]
        found.setdefault(record.rubric.id, []).append(((record.samples[0], record.rubric), scores))
    prompts = [found[name] for name in sorted(found, key=lambda n: int(n.rsplit("/", 1)[1]))]
    return [[item for item, _ in p] for p in prompts], np.array([[s for _, s in p] for p in prompts])


def agreement(x: np.ndarray, y: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """Both statistics of x[P, G] against y[P, G]."""
    right = ordered(x, y)
    return {
        "spearman": interval(lambda at: spearman(x[at].ravel(), y[at].ravel()), len(x)),
        "pairs": interval(lambda at: float(right[at, 0].sum() / right[at, 1].sum()), len(x)),
    }


def preference(better: Sequence[Item], worse: Sequence[Item], method: Method) -> tuple[tuple[float, float, float], int]:
    """How often the better one of a pair scores higher (a tie counts half), and in how many pairs both were scored."""
    difference = np.array([method(*a) - method(*b) for a, b in zip(better, worse, strict=True)])
    scored = difference[~np.isnan(difference)]
    return interval(lambda at: float((scored[at] > 0).mean() + 0.5 * (scored[at] == 0).mean()), len(scored)), len(
        scored
    )


def foreign_references(data: Path) -> tuple[list[Item], list[Item]]:
    """Each instance of biggen with its own reference as the response, and with that of the next one of its task."""
    tasks: dict[str, list] = {}
    for row in rows(data / "biggen" / "evals.jsonl"):
        record = biggen(row)
        tasks.setdefault(record.rubric.task_type, []).append((record.samples[0], record.rubric))
    own, foreign = [], []
    for items in tasks.values():
        for at, (sample, rubric) in enumerate(items):
            other = items[(at + 1) % len(items)][0]
            own.append((replace(sample, response=sample.reference, reference=None), rubric))
            foreign.append((replace(sample, response=other.reference, reference=None), rubric))
    return own, foreign


def chosen_rejected(data: Path) -> tuple[list[Item], list[Item]]:
    pairs = [prometheus(row) for row in rows(data / "prometheus" / "hhh_alignment_eval.jsonl")]
    return [(p.samples[0], p.rubric) for p in pairs], [(p.samples[1], p.rubric) for p in pairs]


def shown(figure: tuple[float, float, float]) -> str:
    return f"{figure[0]:6.3f} [{figure[1]:.3f}, {figure[2]:.3f}]"


def report_mt_bench(data: Path, summary: dict[str, float]) -> None:
    items, draws = mt_bench(data)
    target = draws.mean(axis=2)
    halves = {"all": slice(None), "tune": slice(0, None, 2), "held out": slice(1, None, 2)}
    print(f"mt_bench, {target.size} responses to {len(target)} prompts, target: mean of three GPT-4 scores\n")
    print(f"{'':24}{'half':10}{'Spearman':>24}{'pairs in order':>26}")
    scores = {name: np.array([[fn(*item) for item in p] for p in items]) for name, fn in METHODS.items()}
    for name, x in scores.items():
        for half, at in halves.items():
            found = agreement(x[at], target[at])
            print(f"{name:24}{half:10}{shown(found['spearman']):>24}{shown(found['pairs']):>26}")
            summary |= {f"mt_bench/{name.strip()}/{half}/{k}": v[0] for k, v in found.items()}
    for k in range(draws.shape[2]):
        rest = np.delete(draws, k, axis=2).mean(axis=2)
        found = agreement(draws[:, :, k], rest)
        print(f"{f'GPT-4 draw {k + 1}, the others':34}{shown(found['spearman']):>24}{shown(found['pairs']):>26}")
        summary |= {f"mt_bench/gpt-4 draw {k}/{n}": v[0] for n, v in found.items()}


def report_pairs(title: str, pairs: tuple[list[Item], list[Item]], summary: dict[str, float], key: str) -> None:
    print(f"\n{title}\n")
    for name in NO_REFERENCE:
        figure, scored = preference(*pairs, METHODS[name])
        print(f"{name:34}{shown(figure):>24}   {scored} of {len(pairs[0])} pairs scored")
        summary |= {f"{key}/{name}": figure[0], f"{key}/{name}/scored": scored}


def throughput(data: Path) -> float:
    """Verdicts per second on one core: ten criteria about each response of mt_bench, read for the first time."""
    criteria = [Criterion(id=f"c{k}", text=text) for k, text in enumerate(CRITERIA)]
    rubric = Rubric(id="speed", criteria=criteria)
    samples = [item[0] for prompt in mt_bench(data)[0] for item in prompt]
    judge = LexicalJudge()
    read.cache_clear()
    start = time.perf_counter()
    count = sum(len(judge.decide(s, rubric, criteria)) for s in samples)
    return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"the data folder {options.data} is not here; nothing measured")
        sys.exit(0)
    summary: dict[str, float] = {}
    report_mt_bench(options.data, summary)
    recorded = rows(options.data / "biggen" / "evals.jsonl")
    kinds = {(r["response"], r["score"]) for r in recorded}
    print(f"\nbiggen, {len(recorded)} rows with {len(kinds)} kind of (response, score): {sorted(kinds)[:2]}")
    print(
        "Spearman with the recorded scores: undefined" if len({s for _, s in kinds}) == 1 else "scores vary: use them"
    )
    own, foreign = foreign_references(options.data)
    for half, at in {"tune": slice(0, None, 2), "held out": slice(1, None, 2)}.items():
        title = f"biggen, {half}: own reference answer above that of another instance of the task (share of pairs)"
        report_pairs(title, (own[at], foreign[at]), summary, f"biggen/{half}")
    report_pairs("hhh: chosen above rejected", chosen_rejected(options.data), summary, "hhh")
    rate = throughput(options.data)
    summary["verdicts_per_second"] = rate
    print(f"\n{rate:,.0f} verdicts a second on one core, ten criteria a response")
    if options.json:
        print(json.dumps({k: round(v, 4) for k, v in summary.items()}))


if __name__ == "__main__":
    main()
