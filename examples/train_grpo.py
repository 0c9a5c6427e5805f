"""Train a model of 115,000 parameters with rubrics as rewards, on a CPU, from nothing: ``make train-example``.

    python examples/train_grpo.py --mode all --out runs/train

verifiers: the rubric is decided by programs. http: by a mock judge over HTTP; 2 % of its replies can never be read.
weights: a gate, and criterion weights that follow the contrast of verdicts. exploit: a judge that pays for an opening
mark, the monitors that see it, and the fix. Each mode writes its curves (PNG and JSON) and a run folder with a report,
prints where the reward started and ended, and fails when its bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tiny.pictures import GRAY, PAID, WORTH, panels, write_json
from tiny.task import (
    CONTENT_GATE,
    HOLISTIC,
    NO_DIGIT,
    SHORT,
    gullible,
    honest,
    judge_server,
    rubric,
    with_gate,
)
from tiny.training import Record, train

import rubricate as rb
from rubricate.audit import Alarm, alarms, dead_groups, proxy_gap
from rubricate.cli.runs import write_report
from rubricate.integrations.trl import RubricReward
from rubricate.recipe import Recipe
from rubricate.recipes.reward_agents import pow3r
from rubricate.rewards import all_pass, gate
from rubricate.steps import ref, step


@dataclass(frozen=True)
class Outcome:
    """What a mode came to: its last line, and what was missed."""

    line: str
    missed: tuple[str, ...] = ()


def bar(record: Record, name: str, seconds: float, limit: float, at_least: float = 0.9) -> Outcome:
    """Start and end reward beside the bar of the mode."""
    start, end = record.start(), record.end()
    line = f"{name:10} reward {start:.3f} -> {end:.3f}   quality {record.end('quality'):.3f}   {seconds:.0f} s"
    missed = [f"the reward ends at {end:.3f}, below {at_least}"] if not end >= at_least else []
    missed += [f"it took {seconds:.0f} s, more than {limit:g}"] if seconds > limit else []
    return Outcome(line, tuple(missed))


def finish(rewarder: rb.Rewarder) -> None:
    """Arrays, rewards and report of the run folder."""
    if rewarder.run is not None:
        print(f"{'':10} report {write_report(rewarder.run.finish())}", flush=True)


def curves(record: Record) -> dict[str, list[float]]:
    """The curves of a training, for JSON."""
    return {name: list(record.curve(name)) for name in ("reward", "quality", "length")}


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


def exploit(out: Path, steps: int | None, seed: int, fix: str = "split") -> Outcome:
    """A judge that can be fooled, what the monitors say, and the run after the fix."""
    started = time.monotonic()
    with judge_server(gullible).in_thread() as server, judge_server(honest).in_thread() as fair:
        judge = rb.PointwiseJudge(reasons=False)
        fooled, upright = (rb.HttpClient(s.url, "mock-judge") for s in (server, fair))
        hacked = rb.Rewarder((HOLISTIC,), judge, fooled, log=str(out / "run-exploit"))
        watch = Watch()
        bad = train(RubricReward(hacked), steps=steps or 60, seed=seed, every=watch)
        back = max((k for k in bad.states if k <= watch.onset), default=0)
        fixed = rb.Rewarder((FIXES[fix],), judge, fooled, log=str(out / "run-fixed"))
        watch_fixed, watch_fair = Watch(), Watch()
        good = train(
            RubricReward(fixed), steps=120, seed=seed, start=bad.states[back], every=watch_fixed, learning_rate=3e-3
        )
        control = train(
            RubricReward(rb.Rewarder((rubric("nice"),), judge, upright)), steps=40, seed=seed, every=watch_fair
        )
    seconds = time.monotonic() - started
    finish(hacked)
    finish(fixed)
    found = watch.last
    for alarm in found:
        print(f"{'':10} {alarm}", flush=True)
    _show_exploit(out, bad, good, control, watch, back, seed, seconds)
    figures = (
        f"{'exploit':10} paid {bad.start():.3f} -> {bad.end():.3f}, worth {bad.end('quality'):.3f}; alarm "
        f"at step {watch.raised}, onset {watch.onset}; from step {back} fixed: worth {good.end('quality'):.3f}   "
        f"{seconds:.0f} s"
    )
    checks = {
        "the judge was not fooled": bad.end() >= 0.9 and bad.end("quality") <= 0.3,
        "no alarm for the exploit": watch.raised >= 0,
        "the alarm came late": watch.raised < len(bad.reward) - 5,
        "the fix did not restore the quality": good.end("quality") >= 0.9,
        "an alarm without cause, after the fix": watch_fixed.raised < 0,
        "an alarm without cause, honest judge": watch_fair.raised < 0,
    }
    return Outcome(figures, tuple(what for what, held in checks.items() if not held))


class Watch:
    """Asks the monitors after every step; keeps the step of the first alarm about a gap, and what was said last."""

    def __init__(self) -> None:
        self.raised, self.onset = -1, -1
        self.last: tuple[Alarm, ...] = ()

    def __call__(self, record: Record) -> None:
        """One more checkpoint."""
        if len(record.reward) < 5:
            return
        paid, worth = np.array(record.reward), np.array(record.quality)
        self.last = alarms(paid, worth, paid.mean(2)[:, :, None], np.array(record.length), names=("good",))
        gap = next((a for a in self.last if a.monitor == "gap"), None)
        if gap is not None and self.raised < 0:
            self.raised, self.onset = len(record.reward) - 1, gap.checkpoint


def _show(path: Path, title: str, record: Record, seed: int, seconds: float, **more: object) -> None:
    shown = {"reward": (record.curve("reward"), PAID), "true quality": (record.curve("quality"), WORTH)}
    panels(path.with_suffix(".png"), [{"title": title, "curves": shown}])
    write_json(path.with_suffix(".json"), {"seed": seed, "seconds": seconds, **more, **curves(record)})


def _show_exploit(
    out: Path, bad: Record, good: Record, control: Record, watch: Watch, back: int, seed: int, seconds: float
) -> None:
    def part(title: str, record: Record, **more: object) -> dict[str, object]:
        shown = {
            "paid by the judge": (record.curve("reward"), PAID),
            "worth, by the reference": (record.curve("quality"), WORTH),
        }
        return {"title": title, "curves": shown, **more}

    marks = {"onset": watch.onset, "alarm": watch.raised}
    parts = [
        part("a judge that can be fooled", bad, marks=marks),
        part(f"back to step {back}, behind a content gate", good, first=back),
        part("an honest judge", control),
    ]
    panels(out / "exploit.png", parts)
    gap = proxy_gap(np.array(bad.reward).mean(2), np.array(bad.quality).mean(2), baseline=3).gap
    data = {
        "seed": seed, "seconds": seconds, "alarm": watch.raised, "onset": watch.onset, "back": back,
        "alarms": [str(a) for a in watch.last], "gap": gap, "dead_groups": dead_groups(np.array(bad.reward)),
        "exploited": curves(bad), "fixed": curves(good), "control": curves(control),
    }  # fmt: skip
    write_json(out / "exploit.json", data)


def _reached(record: Record, level: float = 0.9) -> int:
    """The first step from which three in a row reach a level; -1 for none."""
    hit = record.curve("quality") >= level
    runs = hit[:-2] & hit[1:-1] & hit[2:]
    return int(np.argmax(runs)) if runs.any() else -1


FIXES = {"split": rubric("nice-content", CONTENT_GATE), "gate": with_gate(HOLISTIC)}
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
        "--fix", choices=FIXES, default="split", help="of the exploit: a gate and criteria, or a gate alone"
    )
    given = parser.parse_args(arguments)
    modes = MODES | {"exploit": partial(exploit, fix=given.fix)}
    chosen = list(MODES) if given.mode == "all" else [given.mode]
    outcomes = []
    for name in chosen:
        print(f"{name:10} {(MODES[name].__doc__ or '').splitlines()[0]}", flush=True)
        outcomes.append(modes[name](given.out, given.steps, given.seed))
    print(f"{'':10} curves in {given.out}")
    for outcome in outcomes:
        print(outcome.line)
        for what in outcome.missed:
            print(f"{'':10} MISSED: {what}")
    return int(any(o.missed for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
