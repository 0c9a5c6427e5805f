"""Packing verdicts and scoring them: 100,000 rollouts x 20 criteria under the HealthBench policy.

    python benchmarks/scoring.py [--json]

Beside a plain Python loop over the same verdicts, in the same run. Prints seconds, the ratio and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

from rubricate import Rubric, State, Verdict
from rubricate.arrays import pack
from rubricate.scoring import reward
from rubricate.types import Judgement


def loop(judgements: list[Judgement], weights: dict[str, float]) -> list[float]:
    """HealthBench by hand, one response after the other."""
    positive = sum(w for w in weights.values() if w > 0)
    return [sum(weights[v.criterion] * (v.value or 0.0) for v in j.verdicts) / positive for j in judgements]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rubric = Rubric(
        id="bench",
        criteria=[{"id": f"c{k}", "text": f"Criterion {k}.", "weight": -2 if k % 4 == 3 else 3} for k in range(20)],
        policy="healthbench",
    )
    digest, weights = rubric.digest, {c.id: c.weight for c in rubric.leaves}
    judgements = [
        Judgement(
            str(i), digest, tuple(Verdict(c, State.SCORED, float((7 * i + k) % 3 == 0)) for k, c in enumerate(weights))
        )
        for i in range(options.rows)
    ]
    start = time.perf_counter()
    scores = pack(judgements, {digest: rubric.columns()})
    packed = time.perf_counter()
    rewards = reward(scores, rubric)
    scored = time.perf_counter()
    plain = loop(judgements, weights)
    looped = time.perf_counter()
    assert abs(rewards.values - plain).max() < 1e-12
    total, peak = scored - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{options.rows:,} x 20 verdicts")
    print(f"pack {packed - start:6.2f} s   score {scored - packed:6.3f} s   both {total:6.2f} s (bar 2 s)")
    print(f"plain loop {looped - scored:6.2f} s   pack + score / loop {total / (looped - scored):5.2f}")
    print(f"score alone / loop {(scored - packed) / (looped - scored):5.3f}   peak memory {peak:5.2f} GB (bar 1 GB)")
    if options.json:
        print(
            json.dumps(
                {"pack_s": packed - start, "score_s": scored - packed, "loop_s": looped - scored, "peak_gb": peak}
            )
        )


if __name__ == "__main__":
    main()
