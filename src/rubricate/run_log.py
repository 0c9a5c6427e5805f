"""A run that grows while a model trains: every batch adds its responses, verdicts and rewards to one run folder.

The folder is an ordinary run: report, export, rescoring and audits read it. Verdicts and samples are appended as they
come, so a killed training loses at most the batch in flight; opening the folder again goes on with it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rubricate import __version__
from rubricate.errors import LockError
from rubricate.pipeline import Keys, rescore, save
from rubricate.rubrics.model import PolicySpec, Rubric
from rubricate.store import RunFolder
from rubricate.types import Judgement, Sample

if TYPE_CHECKING:
    from rubricate.rewarder import Rewarder, Scored


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
            **({} if rewarder.recipe is None else {"recipe": repr(rewarder.recipe)}),
            "training": True,
            "finished": False,
        }
        known = Path(path, "run.json").exists()
        self.folder = RunFolder.create(path, config=config) if not known else RunFolder.open(path)
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
            self._note(batch, scored, step)

    def _note(self, batch: int, scored: Sequence[Scored], step: int | None) -> None:
        known = [s.reward for s in scored if s.reward is not None]
        row: dict[str, Any] = {
            "batch": batch, "step": step, "responses": len(scored), "undefined": len(scored) - len(known),
            "reward": sum(known) / len(known) if known else None,
            "usage": asdict(sum((s.usage for s in scored[1:]), scored[0].usage)) if scored else {},
        }  # fmt: skip
        with Path(self.folder.path, "steps.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def finish(self) -> Path:
        """Write arrays, rewards and the summary of all batches so far; the folder can still grow afterwards."""
        with self._lock:
            stored = self.folder.config().get("policy")
            policy = stored if stored is None or isinstance(stored, str) else PolicySpec.model_validate(stored)
            save(self.folder, rescore(self.folder.path, policy), finished=True)
            return self.folder.path


def _named(sample: Sample, batch: int, place: int, step: int | None) -> Sample:
    more = {"batch": batch} | ({} if step is None else {"step": step})
    group = f"{batch}/{sample.group}" if sample.group else ""
    return replace(sample, id=f"{batch}/{place}", group=group, metadata={**sample.metadata, **more})
