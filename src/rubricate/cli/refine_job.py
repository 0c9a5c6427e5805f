"""The state of one ``rubricate refine``: the run, the pairs, the rubrics so far, and new verdicts on new criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

if TYPE_CHECKING:
    from rubricate.arrays import Ints
    from rubricate.judges.base import Judge
    from rubricate.judges.engine import Progress
    from rubricate.llm.calls import Calls
    from rubricate.loops import LabelledPair
    from rubricate.pipeline import Result
    from rubricate.refine import Refined, RefineSettings
    from rubricate.report.refined_facts import BeforeAfter, Labels
    from rubricate.rubrics.model import Rubric
    from rubricate.types import Verdict

    Show = Callable[[Progress], None]


@dataclass
class Job:
    """``before``: the run under the rubrics of the file; ``refined`` by rubric id, what became of them so far."""

    rubrics: list[Rubric]
    before: Result
    fit: dict[str, list[LabelledPair]]
    labels: Labels
    models: tuple[str, str] | None
    config: dict[str, Any]
    said: list[str]
    refined: dict[str, Refined] = field(default_factory=dict)
    fresh: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    @classmethod
    def read(
        cls, path: Path, verdicts: Path, pairs: Path | None, settings: RefineSettings, models: tuple[str, str] | None
    ) -> Job:
        """The job of the files; nothing is decided yet."""
        from rubricate.loops import carried_over, read_pairs, read_verdicts
        from rubricate.pipeline import rescore
        from rubricate.rubrics.io import read_rubrics
        from rubricate.store import RunFolder

        rubrics = read_rubrics(path)
        about: dict[str, Any] = {"rubrics_file": str(path), "verdicts": str(verdicts)}
        if verdicts.is_dir():
            about |= {k: v for k, v in RunFolder.open(verdicts).config().items() if k in ("judge", "client")}
            before = carried_over(rescore(verdicts), rubrics)
        else:
            before = read_verdicts(verdicts, rubrics)
        said = [f"{r.id}: no response was judged by it; it stays" for r in rubrics if r.id not in before.rubrics]
        known = [r.id for r in rubrics]
        listed = read_pairs(pairs) if pairs else []
        fit, labels, numbers = _labels(listed, known, before, settings.min_pairs, said)
        return cls(rubrics, before, fit, labels, models, about | numbers, said)

    @property
    def judge_name(self) -> str:
        """The kind of judge of the run; empty for a table of verdicts."""
        return str((self.config.get("judge") or {}).get("name", ""))

    @property
    def judge_digest(self) -> str:
        """Its digest."""
        return str((self.config.get("judge") or {}).get("digest", ""))

    @property
    def now(self) -> dict[str, Rubric]:
        """The rubrics as they are at this point."""
        return {n: self.refined[n].rubric if n in self.refined else r for n, r in self.before.rubrics.items()}

    @property
    def after(self) -> Result:
        """The run under the rubrics as they are at this point."""
        from rubricate.loops import carried_over

        return carried_over(self.before, self.now.values(), fresh=self.fresh)

    def take(self, done: dict[str, Refined]) -> None:
        """Put a further refinement behind the ones so far."""
        for name, one in done.items():
            self.refined[name] = self.refined[name].then(one) if name in self.refined else one

    def filter(self, settings: RefineSettings) -> None:
        """The array filters, over the verdicts that there are."""
        from rubricate.loops import refine_result

        self.take(refine_result(self.after, self.fit, settings, self.models))

    def split(self, client: Calls, judge: Judge, above: int, clash: bool, show: Show) -> None:
        """Split what more than ``above`` answers to one prompt meet; ``clash``: a model compares the parts with what
        is there."""
        from rubricate.judges.engine import Progress
        from rubricate.llm.sync import run_sync
        from rubricate.loops import divide_rubrics
        from rubricate.refine import DecomposeFilter, LlmClash, LlmSplitter
        from rubricate.refine.divide import can_split

        now = self.now
        total = sum(can_split(leaf) for r in now.values() for leaf in r.leaves)
        progress = Progress(total=total)  # at most: most criteria do not have to be split

        def splitter(prompt: str, answers: tuple[str, ...]) -> LlmSplitter:
            return LlmSplitter(client, prompt, answers)

        def done(name: str) -> None:
            progress.done += 1
            show(progress)

        decompose = DecomposeFilter(satisfied_gt=above)
        clashing = LlmClash(client) if clash else None
        work = divide_rubrics(
            self.after, now, splitter, judge, client, decompose=decompose, clash=clashing, on_criterion=done
        )
        self.take(run_sync(work))

    def rewrite(self, client: Calls, judge: Judge, show: Show) -> None:
        """Word anew what is right in some of the deciding pairs and wrong in too many."""
        from rubricate.judges.engine import Progress
        from rubricate.llm.sync import run_sync
        from rubricate.loops import rewrite_rubrics
        from rubricate.refine import LlmRewriter

        now = self.now
        progress = Progress(total=sum(len(now[n].leaves) for n, own in self.fit.items() if own))

        def done(name: str) -> None:
            progress.done += 1
            show(progress)

        self.take(
            run_sync(rewrite_rubrics(self.after, now, self.fit, LlmRewriter(client), judge, client, on_criterion=done))
        )

    def judge_new(self, judge: Judge, client: Calls | None, concurrency: int, show: Show) -> None:
        """Verdicts on criteria that the run does not know, over all its responses."""
        from rubricate.judges.engine import Progress
        from rubricate.llm.sync import run_sync
        from rubricate.loops import judge_criteria, rows_of

        after = self.after
        work, places = {}, rows_of(after)
        for name, rubric in after.rubrics.items():
            rows = places[name]
            new = [c for j, c in enumerate(rubric.leaves) if not after.scores.asked[rows, j].any()]
            if new:
                work[name] = (new, [after.samples[k] for k in rows])
        progress = Progress(total=sum(len(new) * len(rows) for new, rows in work.values()))

        def seen(verdicts: tuple[Verdict, ...]) -> None:
            progress.add(verdicts)
            show(progress)

        for name, (new, samples) in work.items():
            asking = judge_criteria(
                after.rubrics[name], new, samples, judge, client, concurrency=concurrency, on_verdicts=seen
            )
            self.fresh |= run_sync(asking)

    def review(self, record: Path, source: TextIO, screen: TextIO) -> int:
        """Ask a person about every criterion that is left; how many are not decided yet."""
        from dataclasses import replace

        from rubricate.refine import after_review, review

        rubrics = self.now
        several = len(rubrics) > 1
        names = {(r.id, c.id): f"{r.id}/{c.id}" if several else c.id for r in rubrics.values() for c in r.leaves}
        asked = [(names[r.id, c.id], c.text) for r in rubrics.values() for c in r.leaves]
        made = {d.criterion: d for d in review(asked, record, source, screen)}
        if len(made) < len(asked):
            return len(asked) - len(made)
        for name, rubric in rubrics.items():
            decisions = [replace(made[names[name, c.id]], criterion=c.id) for c in rubric.leaves]
            self.refined[name] = after_review(self.refined[name], decisions)
        return 0

    def facts(self) -> dict[str, BeforeAfter]:
        """The numbers before and after: of all rubrics under "", and of each under its id where there are several."""
        from rubricate.report.refined_facts import before_after

        after, names = self.after, list(self.refined)
        return {n: before_after(self.before, after, self.labels, n) for n in ["", *(names if len(names) > 1 else [])]}

    def written(self) -> list[Rubric]:
        """The rubrics of the file with the refined ones in place."""
        return [self.refined[r.id].rubric if r.id in self.refined else r for r in self.rubrics]

    def record(self, facts: BeforeAfter, config: dict[str, Any]) -> dict[str, Any]:
        """Everything that was decided, as plain data."""
        from datetime import UTC, datetime

        from rubricate import __version__
        from rubricate.report.refined_facts import facts_record

        made = datetime.now(UTC).isoformat(timespec="seconds")
        rubrics = [_refined_record(one) for one in self.refined.values()]
        numbers = facts_record(facts)
        return {"rubricate": __version__, "created": made, **config, "numbers": numbers, "rubrics": rubrics}


def _labels(
    pairs: Sequence[LabelledPair], names: Sequence[str], before: Result, least: int, said: list[str]
) -> tuple[dict[str, list[LabelledPair]], Labels, dict[str, Any]]:
    """The pairs that decide, the rows of those held out, and what is said about them.

    Where half of the pairs are fewer than ``least`` no label decides anything, so all of them are held out.
    """
    from rubricate.loops import hold_out, pairs_of, rows_of, rows_of_pairs
    from rubricate.report.refined_facts import Labels

    fit, better, worse, whose = {}, [], [], []
    absent = shared = 0
    rows = rows_of(before)
    for name, own in pairs_of(pairs, names).items():
        if name not in rows:
            continue
        one, two = (_placed(side, rows[name]) for side in rows_of_pairs(own, [before.samples[k] for k in rows[name]]))
        absent += int(((one < 0) | (two < 0)).sum())
        halves = hold_out(own)
        few = len(halves.fit) < least
        shared += halves.shared and not few
        held = np.arange(len(own)) if few else halves.held_out
        fit[name] = [] if few else [own[k] for k in halves.fit]
        better += one[held].tolist()
        worse += two[held].tolist()
        whose += [name] * len(held)
    if absent:
        said.append(f"{absent} pairs name an answer that was not judged: they count as not known")
    if shared:
        said.append(f"the pairs of {shared} rubrics are about one prompt, so both halves share answers")
    labels = Labels(np.array(better, dtype=np.int64), np.array(worse, dtype=np.int64), tuple(whose))
    return fit, labels, {"pairs_fit": sum(map(len, fit.values())), "pairs_held_out": len(better)}


def _placed(side: Ints, rows: Ints) -> Ints:
    """Places among all responses of places among those at ``rows``; -1 stays."""
    return np.where(side >= 0, rows[side], -1)


def _refined_record(one: Refined) -> dict[str, Any]:
    changes = []
    for change in one.changes:
        found = {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in change.evidence._asdict().items()}
        own = {"criterion": change.criterion, "action": change.action, "step": change.step, "reason": change.reason}
        more = {"source": change.source, "weight": change.weight, "text": change.text, "parts": list(change.parts)}
        changes.append(own | {k: v for k, v in more.items() if v} | {"evidence": found})
    ids = {"rubric": one.before.id, "before": one.before.digest, "after": one.rubric.digest}
    return {**ids, "version": one.rubric.version, "notes": list(one.notes), "changes": changes}
