"""Refining from recorded verdicts: every step over 60 criteria, 500 answers and 250 pairs; lints of many.

Seconds are those of one core.

    python benchmarks/refine.py [--criteria 60] [--answers 500] [--lint 10000]

Targets: 5 s each.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from rubricate.refine import STEPS, Judged, Refined, RefineSettings, refine_rubric
from rubricate.rubrics.lint import lint
from rubricate.rubrics.model import Criterion, Rubric

TARGET = 5.0
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo")


def verdicts(answers: int, criteria: int, rng: np.random.Generator) -> np.ndarray:
    """Verdicts with a common quality, the better answer of two first, clones in every tenth column, 5 % missing."""
    quality = np.sort(rng.normal(size=(answers // 2, 2)), axis=1)[:, ::-1].reshape(-1, 1)
    scores = (rng.random((answers, criteria)) < 1 / (1 + np.exp(-quality * rng.normal(1, 1, criteria)))).astype(float)
    scores[:, ::10] = scores[:, :1]
    scores[rng.random(scores.shape) < 0.05] = np.nan
    return scores


def refine(scores: np.ndarray, criteria: Rubric) -> Refined:
    """All steps of ``rubricate refine``; every second answer is the better one of a pair."""
    rows = np.arange(len(scores))
    judged = Judged(scores, np.ones(scores.shape, dtype=bool), rows // 4, better=rows[::2], worse=rows[1::2])
    return refine_rubric(criteria, judged, RefineSettings(STEPS))


def rubric(count: int, rng: np.random.Generator, vocabulary: int = 2744) -> Rubric:
    """Criteria of six content words each, out of made-up ones of which few are frequent."""
    words = np.array([a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES])[:vocabulary]
    share = 1.0 / np.arange(20, 20 + len(words))
    drawn = rng.choice(words, size=(count, 6), p=share / share.sum())
    texts = ["States the {} and the {} of {}, with {} {} for each {}.".format(*row) for row in drawn]
    return Rubric(id="bench", criteria=tuple(Criterion(id=f"c{k}", text=t) for k, t in enumerate(texts)))


def main() -> None:
    """Run both and print seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--criteria", type=int, default=60)
    parser.add_argument("--answers", type=int, default=500)
    parser.add_argument("--lint", type=int, default=10_000)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    scores = verdicts(args.answers, args.criteria, rng)
    criteria = rubric(args.criteria, rng)
    start = time.process_time()
    left = len(refine(scores, criteria).rubric.leaves)
    spent = time.process_time() - start
    print(
        f"refine {args.criteria} criteria over {args.answers} answers: {spent:.2f} s, {left} left (target {TARGET:g} s)"
    )
    for words in (2744, 100):
        many = rubric(args.lint, rng, words)
        start = time.process_time()
        found = len(lint(many))
        spent = time.process_time() - start
        print(f"lint {args.lint} criteria of {words} words: {spent:.2f} s, {found} findings (target {TARGET:g} s)")


if __name__ == "__main__":
    main()
