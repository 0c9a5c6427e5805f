"""A run that grows while a model trains: every batch adds its responses, verdicts and rewards to one run folder.

The folder is an ordinary run: report, export, rescoring and audits read it. Verdicts and samples are appended as they
come, so a killed training loses at most the batch in flight; opening the folder again goes on with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rubricate import __version__
from rubricate.errors import LockError
from rubricate.pipeline import Keys, Result, rescore, save
from rubricate.rewards.policies import Rewards
from rubricate.rubrics.model import PolicySpec, Rubric
from rubricate.store import RunFolder
from rubricate.types import Judgement, Sample, Usage

if TYPE_CHECKING:
    from rubricate.rewarder import Rewarder, Scored

GIVEN = "given.jsonl"
UNKNOWN = "what it was paid was not stored"


class RunLog:
    """Appends batches to a run folder; ``finish`` writes arrays, rewards and the summary. Safe for threads."""

    def __init__(self, path: str | Path, rewarder: Rewarder) -> None:
        judge, client = rewarder.chosen_judge, rewarder.client
        policy = rewarder.policy
        config = {
            "rubricate": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "rubrics": {r.id: r.digest for r in rewarder.rubrics},
            "judge": {"name": type(judge).__name__, "digest": judge.digest, "settings": repr(judge)},
            "client": None if client is None else {"endpoint": client.endpoint, "model": getattr(client, "model", "")},
            "policy": policy if isinstance(policy, str) or policy is None else policy.model_dump(),
            **_recipe(rewarder),
            "training": True,
            "finished": False,
        }
        known = Path(path, "run.json").exists()
        self.folder = RunFolder.create(path, config=config) if not known else RunFolder.open(path)
        self._keeps = rewarder.recipe is not None
        self._lock = threading.Lock()
        self._rubrics: dict[str, Rubric] = {r.id: r for r in rewarder.rubrics}
        for stored in self._stored() if known else ():
            self._take(stored)
        self.batches = self._count() if known else 0

    def _stored(self) -> Iterator[Rubric]:
        if Path(self.folder.path, "rubrics.json").exists():
            yield from map(Rubric.model_validate, self.folder.read_json("rubrics.json"))

    def _count(self) -> int:
        rows = self.folder.read_lines("samples.jsonl") if Path(self.folder.path, "samples.jsonl").exists() else ()
        return 1 + max((int(row.get("metadata", {}).get("batch", -1)) for row in rows), default=-1)

    def _take(self, rubric: Rubric) -> bool:
        """Whether the rubric is new to the run; LockError when the run knows another one by its id."""
        known = self._rubrics.get(rubric.id)
        if known is not None and known.digest != rubric.digest:
            raise LockError(
                f"the rubric {rubric.id!r} has the digest {rubric.digest}, and the run knows it as {known.digest}",
                where=str(self.folder.path), hint="Start a new run, or give the changed rubric an id of its own",
            )  # fmt: skip
        self._rubrics[rubric.id] = rubric
        return known is None

    def add(
        self, samples: Sequence[Sample], rubrics: Mapping[str, Rubric], judgements: Sequence[Judgement],
        scored: Sequence[Scored], step: int | None, keys: Keys,
    ) -> None:  # fmt: skip
        """Append one batch; its responses get the ids ``BATCH/PLACE``."""
        with self._lock:
            batch, self.batches = self.batches, self.batches + 1
            new = [self._take(r) for r in rubrics.values()]
            if any(new) or not Path(self.folder.path, "rubrics.json").exists():
                plain = [r.model_dump(mode="json", exclude_defaults=True) for r in self._rubrics.values()]
                self.folder.write_json("rubrics.json", plain)
            named = [_named(s, batch, k, step) for k, s in enumerate(samples)]
            self.folder.append_samples(named)
            with self.folder:
                for sample, judgement in zip(named, judgements, strict=True):
                    rubric = rubrics[sample.rubric]
                    by_id = {c.id: c for c in rubric.leaves}
                    asked = [keys.of(sample, rubric, by_id[v.criterion]) for v in judgement.verdicts]
                    self.folder.append(sample.id, asked, judgement.verdicts)
            if self._keeps:
                self.folder.append_lines(GIVEN, map(_given, named, scored))
            self._note(batch, scored, step)

    def _note(self, batch: int, scored: Sequence[Scored], step: int | None) -> None:
        known = [s.reward for s in scored if s.reward is not None]
        row: dict[str, Any] = {
            "batch": batch, "step": step, "responses": len(scored), "undefined": len(scored) - len(known),
            "reward": sum(known) / len(known) if known else None,
            "usage": asdict(sum((s.usage for s in scored[1:]), scored[0].usage)) if scored else {},
        }  # fmt: skip
        self.folder.append_lines("steps.jsonl", [row])

    def finish(self) -> Path:
        """Write arrays, rewards and the summary of all batches so far; the folder can still grow afterwards."""
        with self._lock:
            result = as_given(self.folder.path)
            save(self.folder, replace(result, usage=_spent(self.folder)), finished=True)
            return self.folder.path


def as_given(path: str | Path) -> Result:
    """A stored run with its own rewards: those that a recipe gave while it was made, else those of its policy.

    A recipe cannot be asked again: its weights may have followed the verdicts of earlier batches. So its rewards are
    read from ``given.jsonl``; a response without a line there has none, and says so.
    """
    folder = RunFolder.open(path)
    config = folder.config()
    stored = config.get("policy")
    result = rescore(path, None if stored is None else PolicySpec.model_validate(stored))
    if config.get("rewards_by") != "recipe":
        return result
    rows = {row["sample"]: row for row in folder.read_lines(GIVEN)}
    return replace(result, rewards=_rewards(result, rows))


def _spent(folder: RunFolder) -> Usage:
    """What all batches have cost."""
    written = Path(folder.path, "steps.jsonl").exists()
    return sum((Usage(**row["usage"]) for row in folder.read_lines("steps.jsonl")), Usage()) if written else Usage()


def _rewards(result: Result, rows: Mapping[str, Mapping[str, Any]]) -> Rewards:
    """The rewards that the rows hold; coverage stays that of the verdicts."""
    told = [rows.get(s.id, {"reward": None, "why": UNKNOWN}) for s in result.samples]
    values = np.array([np.nan if row["reward"] is None else row["reward"] for row in told], dtype=np.float64)
    reasons = dict.fromkeys((result.rewards.reasons[0], *(row["why"] for row in told if row["reward"] is None)))
    place = {why: k for k, why in enumerate(reasons)}
    code = [0 if row["reward"] is not None else place[row["why"]] for row in told]
    return Rewards(
        values, ~np.isnan(values), result.rewards.coverage, np.array(code, dtype=np.int8), result.rewards.mass,
        tuple(reasons),
    )  # fmt: skip


def _recipe(rewarder: Rewarder) -> dict[str, Any]:
    """What the run says about its recipe; ``rewards_by`` tells the report whose numbers to show."""
    if rewarder.recipe is None:
        return {}
    paid = {} if rewarder.recipe.reward is None else {"rewards_by": "recipe"}
    return {"recipe": repr(rewarder.recipe), **paid}


def _given(sample: Sample, scored: Scored) -> dict[str, Any]:
    more = {} if scored.advantage is None else {"advantage": scored.advantage}
    return {"sample": sample.id, "reward": scored.reward, "why": scored.why, **more}


def _named(sample: Sample, batch: int, place: int, step: int | None) -> Sample:
    more = {"batch": batch} | ({} if step is None else {"step": step})
    group = f"{batch}/{sample.group}" if sample.group else ""
    return replace(sample, id=f"{batch}/{place}", group=group, metadata={**sample.metadata, **more})
