"""Reply text -> answers. Pure, strict, and never guessing.

The last complete JSON object with the expected key counts, reasoning blocks and echoed examples before it do not. An
answer that was never offered, a doubled id, a missing id or a value out of range is a problem of that id alone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_TAGS = ("think", "thinking", "reasoning", "analysis")
_OPENING = re.compile(f"<({'|'.join(_TAGS)})>", re.IGNORECASE)
_CLOSING = {tag: re.compile(f"</{tag}>", re.IGNORECASE) for tag in _TAGS}
_decoder = json.JSONDecoder()


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key stands twice")
    return table


_strict = json.JSONDecoder(parse_constant=_refuse)
_unique = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once)
_CODE = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)
ABSTAIN = "cannot_tell"


class Answer(NamedTuple):
    """One readable answer: ``value`` in scale units, or None with ``abstained``; the judge's word, reason, quotes."""

    value: float | None
    label: str
    reason: str = ""
    quotes: tuple[str, ...] = ()
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reply held: answers by id, problems by id (each a sentence), ids that nobody asked for."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = ()


def strip_reasoning(text: str) -> str:
    """``text`` without reasoning blocks; an unclosed block at the start swallows everything before its end tag.

    >>> strip_reasoning("<think>met? no</think>{}")
    '{}'
    """
    if "<" not in text:
        return text
    text = _without_blocks(text)
    for tag in _TAGS:
        text = text.rsplit(f"</{tag}>", 1)[-1]
    return text


def _without_blocks(text: str) -> str:
    """``text`` without ``<tag>...</tag>``; in proportion to its length, however many blocks are opened."""
    kept: list[str] = []
    at, unclosed = 0, set[str]()
    for opening in _OPENING.finditer(text):
        tag = opening[1].lower()
        if opening.start() < at or tag in unclosed:
            continue
        closing = _CLOSING[tag].search(text, opening.end())
        if closing is None:
            unclosed.add(tag)
        else:
            kept.append(text[at : opening.start()])
            at = closing.end()
    return "".join(kept) + text[at:]


def last_object(text: str, key: str) -> dict[str, Any] | None:
    """The last complete JSON object in ``text`` that has ``key``; None when there is none.

    >>> last_object('for example {"a": 1}, so: {"a": 2} done', "a")
    {'a': 2}
    """
    text = strip_reasoning(text).strip()
    if text.startswith("{"):
        try:
            whole = _strict.decode(text)
            if isinstance(whole, dict) and key in whole:
                return whole
        except ValueError:
            pass
    found: dict[str, Any] | None = None
    position = text.find("{")
    while position >= 0:
        try:
            value, end = _decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            if isinstance(value, dict) and key in value:
                found = value
        position = text.find("{", end)
    return found


def whole_object(text: str) -> dict[str, Any] | None:
    """The JSON object that ``text`` consists of, reasoning and one code fence around it apart; None for anything else.

    For protocols in which a second object beside the first would be ambiguous: a key that stands twice is refused too.

    >>> whole_object('```json\\n{"a": 1}\\n```'), whole_object('{"a": 1} {"a": 2}'), whole_object('{"a": 1, "a": 2}')
    ({'a': 1}, None, None)
    """
    text = strip_reasoning(text).strip()
    match = _CODE.fullmatch(text)
    try:
        found = _unique.decode(match[1] if match else text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def parse_verdicts(text: str, offered: Mapping[str, Mapping[str, float] | tuple[float, float, bool]]) -> Parsed:
    """Answers for the ids in ``offered``.

    ``offered[id]`` is a table label -> value, or (min, max, whole) for numbers. The reply is
    ``{"verdicts": [{"id", "verdict", "reason"?, "evidence"?}]}``; other forms are problems, so that a doubled key of a
    JSON object cannot hide a second verdict.
    """
    found = last_object(text, "verdicts")
    if found is None:
        problem = "the reply holds no complete JSON object with 'verdicts'" if text.strip() else "the reply is empty"
        return Parsed(problems=dict.fromkeys(offered, problem))
    answers: dict[str, Answer] = {}
    problems: dict[str, str] = {}
    extra: list[str] = []
    entries = found["verdicts"] if isinstance(found["verdicts"], list) else ()
    for entry in entries:
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in offered:
            extra.append(str(name))
        elif name in answers or name in problems:
            answers.pop(name, None)
            problems[name] = "answered twice"
        else:
            result = read_answer(entry, offered[name])
            if isinstance(result, Answer):
                answers[name] = result
            else:
                problems[name] = result
    for name in offered:
        if name not in answers and name not in problems:
            problems[name] = "left out of the reply"
    return Parsed(answers, problems, tuple(extra))


def read_answer(entry: Mapping[str, Any], offered: Mapping[str, float] | tuple[float, float, bool]) -> Answer | str:
    """The answer of one entry (``verdict``, ``reason``, ``evidence``), or what is wrong with it."""
    verdict, reason, quotes = entry.get("verdict"), entry.get("reason", ""), entry.get("evidence")
    if type(verdict) is str and type(reason) is str and quotes is None and type(offered) is dict:
        plain = offered.get(verdict)  # nearly every entry of a well-behaved judge ends here
        if plain is not None:
            return Answer(plain, verdict, reason)
    if not isinstance(reason, str):
        reason = ""
    found = tuple([q for q in quotes if isinstance(q, str) and q]) if isinstance(quotes, list) else ()
    value = _number(verdict, offered) if isinstance(offered, tuple) else _label(verdict, offered)
    if value is None:
        if isinstance(verdict, str) and verdict.strip().lower() == ABSTAIN:
            return Answer(None, ABSTAIN, reason, found, True)
        return "the verdict was never offered"  # not quoted: the model is told this, and may have quoted the response
    return Answer(value, str(verdict), reason, found)


def _number(verdict: Any, offered: tuple[float, float, bool]) -> float | None:
    low, high, whole = offered
    if isinstance(verdict, str):
        try:
            verdict = float(verdict)
        except ValueError:
            return None
    if isinstance(verdict, bool) or not isinstance(verdict, (int, float)) or not math.isfinite(verdict):
        return None
    if not low <= verdict <= high or (whole and not float(verdict).is_integer()):
        return None
    return float(verdict)


def _label(verdict: Any, offered: Mapping[str, float]) -> float | None:
    if isinstance(verdict, bool):
        verdict = "met" if verdict else "not_met"
    if not isinstance(verdict, str):
        return None
    value = offered.get(verdict)
    return offered.get(verdict.strip().lower().replace(" ", "_")) if value is None else value
