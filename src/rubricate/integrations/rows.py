"""Rows as trainers hand them over (prompts, completions, columns) and what they want back (a number, None, text)."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rubricate.errors import DataError, RubricateError, RubricError, SettingError
from rubricate.files import parse_json
from rubricate.integrations.remote import AnyRewarder
from rubricate.rewarder import AnyRubric, Scored, plain_verdict
from rubricate.rewards.deliver import deliver
from rubricate.types import Message, Sample, Step

Prompt = str | Sequence[Mapping[str, Any]]
Rewards = list[float | None]
_log = logging.getLogger("rubricate.integrations")
ROLES = ("system", "user", "assistant", "tool")


@dataclass
class Rows:
    """N rows of a batch: ``samples`` and ``rubrics`` of those that can be read; why the others are ``refused``."""

    size: int
    samples: dict[int, Sample] = field(default_factory=dict)
    rubrics: dict[int, AnyRubric] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)

    @classmethod
    def read(
        cls,
        prompts: Sequence[Prompt],
        completions: Sequence[Prompt],
        rubrics: Sequence[AnyRubric] | None = None,
        references: Sequence[Any] | None = None,
        documents: Sequence[Any] | None = None,
    ) -> Rows:
        """Rows with the same prompt, rubric and reference form a group. SettingError for columns of unequal lengths.

        A prompt is text or chat messages; a completion too (its answer is the text of the last assistant message; of
        several messages, all are its steps). Documents are a list of texts, or the JSON of one.
        """
        size = len(prompts)
        columns: dict[str, Sequence[Any] | None] = {
            "completions": completions, "rubrics": rubrics, "references": references, "documents": documents,
        }  # fmt: skip
        for name, column in columns.items():
            if column is not None and len(column) != size:
                raise SettingError(f"{size} prompts and {len(column)} {name}", expected="one of each per row")
        rows, ids = cls(size), dict[str, str]()
        for k in range(size):
            messages, rubric = messages_of(prompts[k]), None if rubrics is None else rubrics[k]
            reference = None if references is None else references[k]
            key = json.dumps([[(m.role, m.content) for m in messages], repr(rubric), repr(reference)])
            rows.groups.append(ids.setdefault(key, f"p{len(ids)}"))
            try:
                texts = () if documents is None else texts_of(documents[k])
                response, steps = answer_of(completions[k])
                known = None if reference is None or reference == "" else str(reference)
                rows.samples[k] = Sample(str(k), messages, response, rows.groups[k], "", known, texts, steps)
                rows.rubrics[k] = rubric
            except RubricateError as error:
                rows.refused[k] = f"row {k}: {error}"
        return rows

    def ready(self, strict: bool) -> tuple[list[Sample], list[AnyRubric]]:
        """What is to be scored; with ``strict`` a refused row raises DataError."""
        if strict and self.refused:
            raise DataError(next(iter(self.refused.values())))
        return list(self.samples.values()), list(self.rubrics.values())

    def whole(self, scored: Sequence[Scored], rewarder: AnyRewarder) -> list[Scored]:
        """All rows again, the refused ones without a reward; RubricError when not one row could be used.

        A batch without any usable row is a mistake of the data set, not a bad sample: to train on would be idle.
        """
        done = dict(zip(self.samples, scored, strict=True))
        empty = rewarder.curves.empty()
        rows = [done.get(k) or Scored(str(k), None, self.refused[k], empty, code="bad_row") for k in range(self.size)]
        if rows and all(s.code not in ("ok", "no_reward") for s in rows):
            raise RubricError(
                f"none of the {len(rows)} rows can be scored; the first: {rows[0].why}",
                hint="The rubric column holds the JSON of a rubric, or the id of one that the rewarder knows",
            )
        return rows


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """A prompt as messages; text is one message of the user."""
    if isinstance(prompt, str):
        return (Message("user", prompt),)
    return tuple(Message(_role(m), content_of(m.get("content"))) for m in prompt)


def answer_of(completion: Prompt) -> tuple[str, tuple[Step, ...]]:
    """The answer of a completion, and its messages as steps when there are several."""
    if isinstance(completion, str):
        return completion, ()
    said = [content_of(m.get("content")) for m in completion if m.get("role", "assistant") == "assistant"]
    steps = tuple(Step(content_of(m.get("content")), _role(m)) for m in completion) if len(completion) > 1 else ()
    return said[-1] if said else "", steps


def content_of(content: Any) -> str:
    """The text of a message's content: text, parts with text, or nothing (a tool call alone)."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else ()
    return "".join(p["text"] for p in parts if isinstance(p, Mapping) and isinstance(p.get("text"), str))


def texts_of(value: Any) -> tuple[str, ...]:
    """Documents of one row: a list of texts, the JSON of one, one text, or None. DataError for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = parse_json(value)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Sequence) or not all(isinstance(v, str) for v in value):
        raise DataError("the documents are no list of texts", expected="a list of texts, or its JSON")
    return tuple(value)


def told(
    rewards: Sequence[float | None], groups: Sequence[str], on_missing: str, lowest: float | None = None
) -> Rewards:
    """What a trainer is told: ``rewards.deliver``, with None where a reward stays missing.

    Under ``group_mean`` a call without any reward says ``lowest`` (or 0) to every row: all alike, so nobody gains.

    >>> told([None, None], ["a", "b"], "group_mean")
    [0.0, 0.0]
    """
    values = np.array([np.nan if r is None else r for r in rewards], dtype=np.float64)
    if on_missing == "group_mean" and np.isnan(values).all():
        on_missing, lowest = "lowest", 0.0 if lowest is None else lowest
    return [None if np.isnan(v) else float(v) for v in deliver(values, groups, on_missing, lowest=lowest)]


def warn(scored: Sequence[Scored]) -> None:
    """Log why responses have no reward, for trainers that show it nowhere else."""
    for row in scored:
        if row.reward is None:
            _log.warning("a response has no reward (%s): %s", row.code, row.why)


def means(scored: Sequence[Scored]) -> dict[str, float]:
    """The mean of every metric over the rows where it applies; names that apply nowhere are left out."""
    columns: dict[str, list[float]] = {}
    for row in scored:
        for name, value in row.metrics.items():
            if math.isfinite(value):
                columns.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in columns.items()}


def verdicts_json(scored: Scored) -> str:
    """The verdicts of a response, and why it has no reward, as one line of JSON."""
    row: dict[str, Any] = {"rubric": scored.rubric, "verdicts": [plain_verdict(v) for v in scored.verdicts]}
    return json.dumps(row | ({"why": scored.why} if scored.why else {}), ensure_ascii=False)


def _role(message: Mapping[str, Any]) -> str:
    role = message.get("role", "assistant")
    return role if role in ROLES else "user"
