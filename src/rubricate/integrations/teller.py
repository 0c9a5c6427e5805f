"""One response at a time, told as a number: what adapters share whose trainer calls per sample and cannot abstain.

Which rewarder, and what is said in place of a missing reward, comes from the code or from the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rubricate.errors import DataError, PolicyError, SettingError, UnknownNameError
from rubricate.files import parse_json
from rubricate.integrations.configured import PREFIX, Settings, rewarder_of
from rubricate.integrations.remote import AnyRewarder
from rubricate.integrations.rows import Prompt, Rows, told, verdicts_json, warn
from rubricate.metrics import counted, plain
from rubricate.rewarder import AnyRubric, Scored
from rubricate.rewards.deliver import ON_MISSING


class Ask(NamedTuple):
    """One response to be scored, with the rubric (JSON, an id, or nothing) of its prompt."""

    prompt: Prompt
    response: Prompt
    rubric: AnyRubric = None
    reference: str | None = None
    documents: Any = None


class Told(NamedTuple):
    """What a trainer is told about a response: ``reward`` (None only under ``abstain``), and what lies behind it."""

    reward: float | None
    scored: Scored

    @property
    def valid(self) -> bool:
        """Whether the reward was judged, not put in the place of a missing one."""
        return self.scored.reward is not None

    @property
    def verdicts(self) -> str:
        """The verdicts as one line of JSON, with the reason where there is no reward."""
        return verdicts_json(self.scored)

    @property
    def numbers(self) -> dict[str, float]:
        """Finite numbers under names that never change: counts, and the share of criteria with a verdict.

        A response that was not judged has counts of 0, which is true of it; means of tags are not among them, because
        a response that lacks a tag has no such number.
        """
        return counted(self.scored.metrics)

    @property
    def known(self) -> dict[str, float | None]:
        """Every curve of the rewarder, None where one does not apply."""
        return plain(self.scored.metrics)


@dataclass(frozen=True)
class Teller:
    """Scores responses and says a number for each.

    ``on_missing`` as in ``rewards.deliver``; ``group_mean`` says ``lowest`` (or 0) where a whole call has no reward:
    all rows then get the same number, so no advantage. Reasons for missing rewards are logged as warnings.
    """

    rewarder: AnyRewarder
    on_missing: str = "zero"
    lowest: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.on_missing not in ON_MISSING:
            raise UnknownNameError.among("on_missing", self.on_missing, ON_MISSING)
        if self.on_missing == "lowest" and self.lowest is None:
            raise SettingError("on_missing='lowest' without lowest", expected="the least reward there can be")

    @classmethod
    def configured(cls, on_missing: str = "zero", environ: Mapping[str, str] | None = None) -> Teller:
        """From ``RUBRICATE_*`` (``configured.Settings``), RUBRICATE_ON_MISSING and RUBRICATE_LOWEST."""
        outside = os.environ if environ is None else environ
        low = outside.get(f"{PREFIX}LOWEST", "")
        try:
            lowest = float(low) if low else None
        except ValueError:
            raise SettingError(f"{PREFIX}LOWEST={low!r}", expected="a number") from None
        rewarder = rewarder_of(Settings.read(environ=outside))
        return cls(rewarder, outside.get(f"{PREFIX}ON_MISSING") or on_missing, lowest=lowest)

    async def tell(self, asks: Sequence[Ask]) -> list[Told]:
        """One ``Told`` per ask, in order; asks with one prompt, rubric and reference are compared as a group."""
        rows = _rows(asks)
        return self._told(rows, await self.rewarder.score(*rows.ready(self.rewarder.strict)))

    def tell_sync(self, asks: Sequence[Ask]) -> list[Told]:
        """``tell`` from code that is not async."""
        rows = _rows(asks)
        return self._told(rows, self.rewarder.score_sync(*rows.ready(self.rewarder.strict)))

    def _told(self, rows: Rows, found: Sequence[Scored]) -> list[Told]:
        done = dict(zip(rows.samples, found, strict=True))
        empty = self.rewarder.curves.empty()
        scored = [done.get(k) or Scored(str(k), None, rows.refused[k], empty, code="bad_row") for k in range(rows.size)]
        warn(scored)
        values = told([s.reward for s in scored], rows.groups, self.on_missing, self.lowest)
        return [Told(value, row) for value, row in zip(values, scored, strict=True)]


def _rows(asks: Sequence[Ask]) -> Rows:
    columns = [list(column) for column in zip(*asks, strict=True)] or [[] for _ in Ask._fields]
    return Rows.read(*columns)


def label_of(label: Any) -> tuple[AnyRubric, str | None]:
    """Rubric and reference of a trainer's only column: an id, a rubric, ``{"rubric": ..., "reference": ...}``, or JSON.

    What is no rubric is handed on as it is, for the rewarder to refuse with its reason.

    >>> label_of('{"rubric": "tea", "reference": "Warm the pot."}')
    ('tea', 'Warm the pot.')
    """
    given = label
    if isinstance(label, str) and label.lstrip().startswith("{"):
        try:
            given = parse_json(label)
        except DataError:
            return label, None
    if isinstance(given, Mapping) and "rubric" in given and "criteria" not in given:
        reference = given.get("reference")
        return given["rubric"], reference if isinstance(reference, str) else None
    return label, None


def required(told: Told, target: str) -> float:
    """The reward for a target that takes numbers only; PolicyError, with the reason, where it was left missing."""
    if told.reward is None:
        raise PolicyError(
            f"a response has no reward ({told.scored.why}), and {target} takes numbers only",
            hint="Choose on_missing (RUBRICATE_ON_MISSING): zero, lowest or group_mean",
        )
    return told.reward
