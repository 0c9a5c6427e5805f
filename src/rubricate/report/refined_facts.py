"""The numbers of a rubric before and after it was refined, on the same verdicts, with what can be said about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rubricate.arrays import Ints
from rubricate.audit.paired import PairedGain, paired_gain
from rubricate.audit.rubric_quality import Discrimination, discrimination, group_spread
from rubricate.refine.found import Share, wilson_share
from rubricate.refine.recovery import matches, pair_margins
from rubricate.report.numbers import count, number, percent, signed
from rubricate.rubrics.lint import LintContext, lint
from rubricate.rubrics.model import Criterion, Rubric

if TYPE_CHECKING:
    from rubricate.pipeline import Result


class Labels(NamedTuple):
    """Labelled pairs that decided nothing: rows of their answers (-1: not judged), and the rubric of each."""

    better: Ints
    worse: Ints
    rubric: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One side of the comparison: number of criteria, recovery, discrimination, findings of lint by severity, verdicts
    ``missing`` of ``asked``, responses without a reward, and criteria that nobody judged."""

    criteria: int
    found: Share
    told_apart: Discrimination
    findings: Mapping[str, int]
    missing: int
    asked: int
    undefined: int
    unjudged: tuple[str, ...]

    @property
    def recovery(self) -> float:
        """Share of the labelled pairs found again; NaN without any."""
        return float(self.found.share[0])


@dataclass(frozen=True)
class BeforeAfter:
    """Both sides, the gains in recovery and in spread with their intervals, lint errors that are new."""

    before: Side
    after: Side
    recovery: PairedGain
    spread: PairedGain
    new_errors: tuple[str, ...]


def before_after(
    before: Result, after: Result, labels: Labels, rubric: str = "", *, seed: int = 0, resamples: int = 1000
) -> BeforeAfter:
    """Compare two results over the same responses, of one ``rubric`` or of all.

    Recovery is over ``labels``; a tie finds nothing again. The spread of rewards is taken prompt by prompt.
    """
    places = _places(before)
    names = [rubric] if rubric else list(places)
    rows = np.sort(np.concatenate([places[n] for n in names]))
    pairs = np.array([not rubric or name == rubric for name in labels.rubric], dtype=np.bool_)
    rng = np.random.default_rng(seed)
    match = [_match(r, labels.better[pairs], labels.worse[pairs]) for r in (before, after)]
    spreads = [group_spread(r.rewards.values[rows], r.scores.group[rows]) for r in (before, after)]
    sides, errors = [], []
    for result, found in zip((before, after), match, strict=True):
        findings, named = _lint(result, {n: places[n] for n in names})
        errors.append(named)
        sides.append(_side(result, rows, {n: places[n] for n in names}, wilson_share(found[None]), findings))
    return BeforeAfter(
        sides[0], sides[1], paired_gain(match[0], match[1], rng, resamples=resamples),
        paired_gain(spreads[0], spreads[1], rng, resamples=resamples), tuple(sorted(errors[1] - errors[0])),
    )  # fmt: skip


def _places(result: Result) -> dict[str, Ints]:
    """Rows of the responses of each rubric."""
    found: dict[str, list[int]] = {name: [] for name in result.rubrics}
    for k, sample in enumerate(result.samples):
        found[sample.rubric].append(k)
    return {name: np.array(own, dtype=np.int64) for name, own in found.items()}


def _match(result: Result, better: Ints, worse: Ints) -> np.ndarray:
    known = (better >= 0) & (worse >= 0)
    return matches(np.where(known, pair_margins(result.rewards.values, better, worse), np.nan))


def _side(result: Result, rows: Ints, places: Mapping[str, Ints], found: Share, findings: Mapping[str, int]) -> Side:
    scores, rewards = result.scores, result.rewards
    leaves = [(name, j, c.id) for name in places for j, c in enumerate(result.rubrics[name].leaves)]
    unjudged = tuple(f"{name}: {leaf}" for name, j, leaf in leaves if not scores.asked[places[name], j].any())
    return Side(
        criteria=len(leaves), found=found, told_apart=discrimination(rewards.values[rows], scores.group[rows]),
        findings=findings, missing=int(scores.missing[rows].sum()), asked=int(scores.asked[rows].sum()),
        undefined=int((~rewards.valid[rows]).sum()), unjudged=unjudged,
    )  # fmt: skip


def _lint(result: Result, places: Mapping[str, Ints]) -> tuple[dict[str, int], set[str]]:
    """Findings by severity, and the errors by name. Both sides are read with the same verdicts and without statistics
    of their own, so that a refined rubric is not blamed for what was found out about it."""
    counts: Counter[str] = Counter()
    errors = set()
    for name, rows in places.items():
        rubric = result.rubrics[name]
        values = result.scores.values[rows][:, : len(rubric.leaves)]
        context = LintContext(values=values, ids=tuple(c.id for c in rubric.leaves))
        for finding in lint(_bare(rubric), context=context):
            counts[finding.severity] += 1
            if finding.severity == "error":
                errors.add(f"{name}: {finding.rule} {finding.criterion}".strip())
    return dict(counts), errors


def _bare(rubric: Rubric) -> Rubric:
    criteria = tuple(_without_stats(c) for c in rubric.criteria)
    return rubric.model_copy(update={"criteria": criteria, "stats": None, "locked": None})


def _without_stats(node: Criterion) -> Criterion:
    children = tuple(_without_stats(c) for c in node.children)
    return node.model_copy(update={"stats": None, "children": children})


def recovery_said(gain: PairedGain) -> str:
    """What the held-out pairs show, in one sentence that claims no more than the interval allows."""
    if not gain.n:
        return "Whether the labels are found again better is not known: no labelled pair was held out."
    change = f"{percent(gain.before, 1.0)} to {percent(gain.after, 1.0)} of {count(gain.n, 'held-out pair')}"
    span = f"{_points(gain.low)} to {_points(gain.high)} points"
    if not gain.sure:
        return f"Labels found again: {change}. No difference is shown: its interval, {span}, holds 0."
    better = "better" if gain.gain > 0 else "worse"
    return f"Labels are found again {better}: {change}, a difference of {_points(gain.gain)} points ({span})."


def spread_said(gain: PairedGain) -> str:
    """The same for the spread of rewards inside prompts."""
    if not gain.n:
        return "How far answers are told apart is not known: no prompt has two answers with a reward."
    change = f"{number(gain.before)} to {number(gain.after)} over {count(gain.n, 'prompt')}"
    span = f"{signed(gain.low)} to {signed(gain.high)}"
    if not gain.sure:
        return f"Spread of the rewards to one prompt: {change}. No difference is shown: its interval, {span}, holds 0."
    more = "further" if gain.gain > 0 else "less far"
    return f"Answers to one prompt are told apart {more}: spread {change} ({span})."


def _points(x: float) -> str:
    return signed(100 * x, 1)


def facts_record(facts: BeforeAfter) -> dict[str, Any]:
    """The numbers as plain data; what is not known is null."""
    sides = {}
    for name, side in (("before", facts.before), ("after", facts.after)):
        found = {
            "share": side.recovery,
            "low": side.found.low[0],
            "high": side.found.high[0],
            "n": int(side.found.n[0]),
        }
        sides[name] = {
            "criteria": side.criteria, "recovery": _known(found), "discrimination": _known(side.told_apart._asdict()),
            "lint": dict(side.findings), "missing": side.missing, "asked": side.asked, "undefined": side.undefined,
            "unjudged": list(side.unjudged),
        }  # fmt: skip
    gains = {"recovery": _known(facts.recovery._asdict()), "spread": _known(facts.spread._asdict())}
    return {**sides, "gain": gains, "new_errors": list(facts.new_errors)}


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, int) else None if np.isnan(v) else round(float(v), 6) for k, v in values.items()}
