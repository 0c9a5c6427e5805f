"""lm-eval: a metric that is judged in one go, for ``process_results`` and ``aggregation`` of a task's YAML.

Contract run with lm-eval 0.4.13: ``process_results`` is sync and sees one document at a time, so judging there would be
serial. Here it only hands on what is to be judged, and the aggregation judges all documents at once. Per-sample logs
then hold the payload; the verdicts are in the rewarder's run folder (``log``, RUBRICATE_LOG). lm-eval has no way to
leave a sample out, so the aggregation does: samples without a reward count only in ``rubric_valid``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.errors import DataError, PolicyError
from rubricate.integrations.teller import Ask, Teller, Told


@dataclass(frozen=True)
class RubricTask:
    """The functions of a task's ``utils.py``, with the names of the fields of its documents.

    ``process_results = RubricTask(prompt="question").process_results``. ``teller`` None: from the environment.
    """

    prompt: str = "prompt"
    rubric: str = "rubric"
    reference: str = "reference"
    documents: str = "documents"
    teller: Teller | None = None

    def process_results(self, doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        """What is to be judged, under both names of ``metric_list``: ``rubric_mean`` and ``rubric_valid``."""
        if self.prompt not in doc:
            raise DataError(f"the document has no field {self.prompt!r}", expected=f"one of {sorted(doc)}")
        payload = {
            "prompt": doc[self.prompt], "response": results[0], "rubric": doc.get(self.rubric),
            "reference": doc.get(self.reference), "documents": doc.get(self.documents),
        }  # fmt: skip
        return {"rubric_mean": payload, "rubric_valid": payload}

    def rubric_mean(self, payloads: Sequence[Mapping[str, Any]]) -> float:
        """Mean reward of the samples that have one (all, under another ``on_missing``); PolicyError when none has."""
        rewards = [t.reward for t in self._told(payloads) if t.reward is not None]
        if not rewards:
            raise PolicyError(
                f"none of {len(payloads)} samples has a reward", hint="Look at the warnings and the judge"
            )
        return sum(rewards) / len(rewards)

    def rubric_valid(self, payloads: Sequence[Mapping[str, Any]]) -> float:
        """Share of the samples that were judged."""
        return sum(t.valid for t in self._told(payloads)) / max(1, len(payloads))

    def _told(self, payloads: Sequence[Mapping[str, Any]]) -> list[Told]:
        teller = self.teller or Teller.configured("abstain")
        return teller.tell_sync([Ask(**payload) for payload in payloads])


_TASK = RubricTask()


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """``RubricTask().process_results``: documents with ``prompt`` and ``rubric``."""
    return _TASK.process_results(doc, results)


def rubric_mean(payloads: Sequence[Mapping[str, Any]]) -> float:
    """``RubricTask().rubric_mean``; the rewarder comes from the environment."""
    return _TASK.rubric_mean(payloads)


def rubric_valid(payloads: Sequence[Mapping[str, Any]]) -> float:
    """``RubricTask().rubric_valid``; the rewarder comes from the environment."""
    return _TASK.rubric_valid(payloads)
