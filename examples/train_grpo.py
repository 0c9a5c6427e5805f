"""Train a model of 115,000 parameters with rubrics as rewards, on a CPU, from nothing: ``make train-example``.

    python examples/train_grpo.py --mode all --out runs/train

verifiers: the rubric is decided by programs. http: by a mock judge over HTTP; 2 % of its replies can never be read.
weights: a gate, and criterion weights that follow the contrast of verdicts. exploit: a judge that pays for an opening
mark, the monitors that see it, and the fixes. Each mode writes its curves (PNG and JSON) and a run folder with a
report, prints where the reward started and ended, and fails when its bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tiny.exploit import FIXES, exploit
from tiny.outcome import Outcome, bar, curves, finish
from tiny.pictures import GRAY, PAID, WORTH, panels, write_json
from tiny.task import NO_DIGIT, SHORT, honest, judge_server, rubric
from tiny.training import Record, train

import rubricate as rb
from rubricate.integrations.trl import RubricReward
from rubricate.recipe import Recipe
from rubricate.recipes.reward_agents import pow3r
from rubricate.rewards import all_pass, gate
from rubricate.steps import ref, step


def verifiers(out: Path, steps: int | None, seed: int) -> Outcome:
    """The rubric is decided by programs."""
    started = time.monotonic()
    rewarder = rb.Rewarder((rubric("nice", by_program=True),), log=str(out / "run-verifiers"))
    record = train(RubricReward(rewarder), steps=steps or 60, seed=seed)
    seconds = time.monotonic() - started
    _show(out / "verifiers", "decided by programs", record, seed, seconds)
    finish(rewarder)
    return bar(record, "verifiers", seconds, 120.0)


def http(out: Path, steps: int | None, seed: int) -> Outcome:
    """The rubric is judged over HTTP; 2 % of the questions never get a readable reply."""
    started = time.monotonic()
    with judge_server(honest, unreadable=0.02, seed=seed).in_thread() as server:
        client = rb.HttpClient(server.url, "mock-judge")
        judge = rb.PointwiseJudge(reasons=False, reasks=1)
        rewarder = rb.Rewarder((rubric("nice"),), judge, client, log=str(out / "run-http"))
        record = train(RubricReward(rewarder), steps=steps or 60, seed=seed)
        calls = server.stats.requests
    seconds = time.monotonic() - started
    lost = int(sum(np.isnan(r).sum() for r in record.reward))
    total = sum(r.size for r in record.reward)
    _show(
        out / "http", "judged over HTTP, 2 % unreadable", record, seed, seconds, calls=calls, lost=lost, responses=total
    )
    finish(rewarder)
    print(f"{'':10} {calls} calls; {lost} of {total} responses without a reward", flush=True)
    return bar(record, "http", seconds, 300.0)


def weights(out: Path, steps: int | None, seed: int) -> Outcome:
    """A gate (no digit) and a criterion that all meet, under weights that follow contrast and under plain ones."""
    contrast = pow3r()
    assert contrast.reward is not None
    gated = Recipe(
        weights=contrast.weights,
        reward=step(gate, condition=step(all_pass, ref("scores"), asked=ref("gate_mask")), x=contrast.reward),
    )
    asked = rubric("nice-gated", SHORT, NO_DIGIT, by_program=True)
    started = time.monotonic()
    rewarder = rb.Rewarder((asked,), recipe=gated, log=str(out / "run-weights"))
    record = train(RubricReward(rewarder), steps=steps or 80, seed=seed)
    seconds = time.monotonic() - started
    plain = train(RubricReward(rb.Rewarder((asked,))), steps=steps or 80, seed=seed)
    finish(rewarder)
    worth = {"contrast weights": (record.curve("quality"), WORTH), "plain weights": (plain.curve("quality"), GRAY)}
    title = "true quality behind a gate"
    panels(out / "weights.png", [{"title": title, "curves": worth}])
    write_json(
        out / "weights.json",
        {"seed": seed, "seconds": seconds, "contrast": curves(record), "plain": curves(plain)},
    )
    print(f"{'':10} quality .9 at step {_reached(record)}, with plain weights {_reached(plain)}", flush=True)
    return bar(record, "weights", seconds, 300.0)


def _show(path: Path, title: str, record: Record, seed: int, seconds: float, **more: object) -> None:
    shown = {"reward": (record.curve("reward"), PAID), "true quality": (record.curve("quality"), WORTH)}
    panels(path.with_suffix(".png"), [{"title": title, "curves": shown}])
    write_json(path.with_suffix(".json"), {"seed": seed, "seconds": seconds, **more, **curves(record)})


def _reached(record: Record, level: float = 0.9) -> int:
    """The first step from which three in a row reach a level; -1 for none."""
    hit = record.curve("quality") >= level
    runs = hit[:-2] & hit[1:-1] & hit[2:]
    return int(np.argmax(runs)) if runs.any() else -1


MODES: dict[str, Callable[[Path, int | None, int], Outcome]] = {
    "verifiers": verifiers, "http": http, "weights": weights, "exploit": exploit,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the modes; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["all", *MODES], default="all")
    parser.add_argument("--out", type=Path, default=Path("runs/train"))
    parser.add_argument("--steps", type=int, default=None, help="training steps (of the exploit: before the fix)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--fix", choices=FIXES, nargs="+", default=["gate", "second"], help="of the exploit: what comes after the alarm"
    )
    parser.add_argument(
        "--late", choices=["fail", "report"], default="fail", help="what a missed time limit is; rewards always count"
    )
    given = parser.parse_args(arguments)
    modes = MODES | {"exploit": partial(exploit, fixes=given.fix)}
    chosen = list(MODES) if given.mode == "all" else [given.mode]
    outcomes = []
    for name in chosen:
        print(f"{name:10} {(MODES[name].__doc__ or '').splitlines()[0]}", flush=True)
        outcomes.append(modes[name](given.out, given.steps, given.seed))
    print(f"{'':10} curves in {given.out}")
    return conclude(outcomes, late_fails=given.late == "fail")


def conclude(outcomes: Sequence[Outcome], *, late_fails: bool) -> int:
    """Print the last lines of the modes; 1 when a reward missed its bar, or (``late_fails``) a time limit."""
    for outcome in outcomes:
        print(outcome.line)
        for what in (*outcome.missed, *([outcome.late] if late_fails and outcome.late else [])):
            print(f"{'':10} MISSED: {what}")
        if outcome.late and not late_fails:
            print(f"{'':10} late: {outcome.late}")
    return int(any(o.missed or (late_fails and o.late) for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
