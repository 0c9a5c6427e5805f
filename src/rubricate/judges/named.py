"""Judges by name with settings, for the command line and for configuration files.

``name:setting=value,setting=value``, then a slash and the judge inside: ``integrate:k=5/ordinal:temperature=0.7``.
"""

from __future__ import annotations

from typing import Any

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import Judge, PairJudge
from rubricate.registry import described, items, settings_of


def named_judge(text: str) -> Judge:
    """The judge of single responses that ``text`` describes (``registry.described``).

    UnknownNameError lists the judges; SettingError the settings of one.

    >>> named_judge("integrate:k=5,how=median/ordinal:reasons=yes,temperature=0.7").k
    5
    """
    judge = _parsed(text)
    if not isinstance(judge, Judge):
        known = [n for n, part in items("judge") if hasattr(part, "verdicts")]
        raise UnknownNameError.among("judge of single responses", _name(text), known)
    return judge


def named_any_judge(text: str) -> Judge | PairJudge:
    """The judge of single responses or of pairs that ``text`` describes; errors as those of ``named_judge``.

    >>> named_any_judge("pairwise:order=as_is").order
    'as_is'
    """
    judge = _parsed(text)
    if not isinstance(judge, (Judge, PairJudge)):
        known = [n for n, part in items("judge") if hasattr(part, "verdicts") or hasattr(part, "compare")]
        raise UnknownNameError.among("judge of responses or pairs", _name(text), known)
    return judge


def _name(text: str) -> str:
    return text.partition("/")[0].partition(":")[0]


def _parsed(text: str) -> Any:
    name, make, settings, inner = described("judge", text)
    if inner:
        takes = settings_of(make)
        place = next((key for key in ("judge", "members", "otherwise") if key in takes), None)
        if place is None:
            raise SettingError(f"{name} has no judge inside", where=text, expected="a name without a slash after it")
        settings[place] = (named_judge(inner),) if place == "members" else named_judge(inner)
    return _built(make, name, settings)


def _built(make: Any, name: str, settings: dict[str, Any]) -> Any:
    try:
        return make(**settings)
    except TypeError as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(
            f"{name}: {error}", hint="It takes parts that have no short form: build it in Python"
        ) from None
