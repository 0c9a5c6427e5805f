"""A JSON object from a reply that is nearly one: syntax is repaired, content never.

The rungs: reasoning blocks are dropped; the last complete object with the key; a fenced block, or what stands between
the outermost braces, as it is; the same with quotes, bare keys and trailing commas repaired. Nothing is closed that was
left open (a cut number would be read as another one), nothing is filled in, and a doubled key is told, not resolved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rubricate.llm.parse import strip_reasoning

_BLOCK = re.compile(r"```[\w-]*\n(.*?)```", re.DOTALL)
_TOKENS = re.compile(
    r'(?P<double>"(?:\\.|[^"\\])*")'
    r"|(?P<single>'(?:\\.|[^'\\])*')"
    r"|,(?P<end>\s*[}\]])"
    r"|(?P<before>[{,]\s*)(?P<key>[A-Za-z_][\w-]*|\d+)(?=\s*:)",
    re.DOTALL,
)


class Found(NamedTuple):
    """An object, how it was got (``object``, ``braces`` or ``repaired``), and the keys that stood twice anywhere."""

    value: dict[str, Any]
    rung: str
    doubled: frozenset[str] = frozenset()


def climb(text: str, key: str) -> Found | None:
    """The object with ``key`` in ``text``; None when no rung gives one.

    >>> climb("Sure: {'scores': {1: 4, '2': 3,},}", "scores")
    Found(value={'scores': {'1': 4, '2': 3}}, rung='repaired', doubled=frozenset())
    >>> climb('{"scores": {"1": 4, "2": 1', "scores") is None
    True
    """
    plain = strip_reasoning(text)
    found = _last(plain, key)
    if found is not None:
        return found
    candidates = list(_candidates(plain))
    for rung, form in (("braces", str), ("repaired", repaired)):
        for candidate in candidates:
            value = _load(form(candidate))
            if value is not None and key in value.value:
                return value._replace(rung=rung)
    return None


def repaired(text: str) -> str:
    """``text`` with single quotes doubled, bare keys quoted, commas before a closing bracket dropped.

    >>> repaired("{a: 'it is', \\"b\\": [1, 2,],}")
    '{"a": "it is", "b": [1, 2]}'
    """

    def fix(match: re.Match[str]) -> str:
        if match["double"] is not None:
            return match["double"]
        if match["single"] is not None:
            return json.dumps(match["single"][1:-1].replace("\\'", "'"), ensure_ascii=False)
        if match["end"] is not None:
            return match["end"]
        return f'{match["before"]}"{match["key"]}"'

    return _TOKENS.sub(fix, text)


def _candidates(text: str) -> Iterator[str]:
    """What may be the object: the last fenced block, then everything between the outermost braces."""
    yield from reversed(_BLOCK.findall(text))
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        yield text[start : end + 1]


class _Doubles:
    """Collects keys that stand twice in one object while it is decoded."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                self.keys.add(key)
            seen[key] = value
        return seen


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _load(text: str) -> Found | None:
    doubles = _Doubles()
    try:
        value = json.loads(text, object_pairs_hook=doubles, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return Found(value, "braces", frozenset(doubles.keys)) if isinstance(value, dict) else None


def _last(text: str, key: str) -> Found | None:
    """The last complete object with ``key`` at the top level of the text."""
    found = None
    position = text.find("{")
    while position >= 0:
        doubles = _Doubles()
        try:
            value, end = json.JSONDecoder(object_pairs_hook=doubles, parse_constant=_refuse).raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            if isinstance(value, dict) and key in value:
                found = Found(value, "object", frozenset(doubles.keys))
        position = text.find("{", end)
    return found
