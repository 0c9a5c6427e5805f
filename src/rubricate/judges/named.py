"""Judges by name with settings, for the command line and for configuration files.

``name:setting=value,setting=value``, then a slash and the judge inside: ``integrate:k=5/ordinal:temperature=0.7``.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import Judge, PairJudge
from rubricate.registry import items, lookup

_WORDS = {"yes": True, "true": True, "no": False, "false": False, "none": None}


def named_judge(text: str) -> Judge:
    """The judge of single responses that ``text`` describes.

    Values are numbers, yes or no, none, words, or lists with + between their parts. UnknownNameError lists the judges;
    SettingError the settings of one.

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
    outer, _, inner = text.partition("/")
    name, _, listed = outer.partition(":")
    make = lookup("judge", name.strip())
    takes = settings_of(make)
    settings: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in listed.split(","))):
        key, equals, value = part.partition("=")
        if not equals or key not in takes:
            raise SettingError(f"{name} takes no setting {part!r}", expected=f"some of {sorted(takes)} as name=value")
        settings[key] = _value(value)
        if isinstance(takes[key], tuple) and not isinstance(settings[key], tuple):
            settings[key] = (settings[key],)
    if inner:
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


def settings_of(make: Any) -> dict[str, Any]:
    """Names and defaults of the settings of a registered judge; ... stands for a setting that must be given."""
    if not is_dataclass(make):
        return {}
    own_first = sorted(fields(make), key=lambda f: f.kw_only is True)  # the settings of every call come last
    return {f.name: ... if f.default is MISSING else f.default for f in own_first}


def _value(text: str) -> Any:
    if "+" in text[1:]:
        return tuple(_value(part) for part in text.split("+"))
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text
