"""``regex``: a regular expression matches the response, in time that the response cannot blow up.

Python's ``re`` cannot be interrupted, and the response is hostile input. Three guards: patterns whose backtracking can
grow exponentially are refused before anything is judged; responses above ``max_chars`` are not searched; where several
unbounded repeats (``.*.*x``) could cost a power of the length beyond ``STEPS``, the package regex searches with a time
limit in place of ``re``, and a search that reaches it cannot tell. Without that package it cannot tell either.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from typing import Any

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import shown

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
STEPS, SECONDS = 1e9, 2.0  # what ``re`` may take at worst; how long the package regex may search
_FEW = 9  # a group repeated at most this often cannot blow up


@verifier("regex")
def regex(
    sample: Sample,
    pattern: str,
    flags: str = "",
    whole: bool = False,
    min_count: int = 1,
    max_count: int | None = None,
    max_chars: int = 20_000,
) -> Outcome:
    """Whether the pattern matches min_count to max_count times (``whole``: matches all of the response).

    ``flags`` are letters of "imsx". ``max_count: 0`` with ``min_count: 0`` asks for no match. A response longer than
    ``max_chars`` is not searched: it cannot tell.
    """
    if min_count < 0 or (max_count is not None and max_count < min_count):
        raise SettingError(f"min_count={min_count}, max_count={max_count}", expected="0 <= min_count <= max_count")
    compiled(pattern, flags)
    answer = answer_text(sample)
    if len(answer) > max_chars:
        return Outcome(None, f"{len(answer)} characters; a pattern is searched in at most {max_chars}")
    try:
        found = _found(pattern, flags, answer, whole, max(1, min_count) if max_count is None else max_count + 1)
    except TimeoutError:
        return Outcome(None, f"the search took longer than {SECONDS:g} s")
    if found is None:
        return Outcome(None, "the search could take too long; with the package regex (extra verify) it is limited")
    if whole:
        fits = bool(found)
        return Outcome(float(fits), "matches as a whole" if fits else f"{shown(answer)} does not match as a whole")
    good = len(found) >= min_count and (max_count is None or len(found) <= max_count)
    more = " or more" if max_count is None and found else ""
    bounds = f"at least {min_count}" if max_count is None else f"{min_count} to {max_count}"
    return Outcome(float(good), f"{len(found)}{more} matches; expected {bounds}", tuple(f for f in found[:3] if f))


def _found(pattern: str, flags: str, text: str, whole: bool, enough: int) -> list[str] | None:
    """Matches until there are enough (or the whole text, if it is one); None where nothing can search in bounds."""
    expression: Any = compiled(pattern, flags)
    limit: dict[str, float] = {}
    if len(text) ** (1 + repeats(parser.parse(pattern, _bits(flags)))) > STEPS:
        expression, limit = _limited(pattern, flags), {"timeout": SECONDS}
    if expression is None:
        return None
    if whole:
        return [text] if expression.fullmatch(text, **limit) is not None else []
    return [m[0] for m in itertools.islice(expression.finditer(text, **limit), enough)]


@functools.lru_cache(maxsize=1024)
def _limited(pattern: str, flags: str) -> Any:
    """The pattern for the package regex; None without the package, or where it reads the pattern otherwise."""
    try:
        module = importlib.import_module("regex")
    except ImportError:
        return None
    try:
        return module.compile(pattern, functools.reduce(lambda a, f: a | getattr(module, f.upper()), flags, 0))
    except module.error:
        return None


def compiled_linear(pattern: str, flags: str) -> re.Pattern[str]:
    """The compiled pattern, if searching with it takes time in proportion to the text: no unbounded repeat in it."""
    found = compiled(pattern, flags)
    if repeats(parser.parse(pattern, _bits(flags))):
        raise SettingError(
            f"the pattern {pattern!r} has an unbounded repeat", expected="a word, or a pattern without * and +"
        )
    return found


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str, flags: str) -> re.Pattern[str]:
    """The compiled pattern; refused when it is no pattern, or when its time can grow exponentially with the text."""
    bits = _bits(flags)
    try:
        found = re.compile(pattern, bits)
    except re.error as error:
        raise SettingError(f"the pattern {pattern!r} is not a regular expression: {error}") from None
    if explodes(parser.parse(pattern, bits)):
        raise SettingError(
            f"the pattern {pattern!r} repeats something that can match in several ways",
            expected="repeats whose time cannot grow exponentially with the response",
            hint="Make the inner or the outer repeat possessive: (?:a+)++ or (?:a++)+, or atomic: (?>a+)",
        )
    return found


def _bits(flags: str) -> int:
    bits = 0
    for letter in flags:
        if letter not in _FLAGS:
            raise SettingError(f"flags={flags!r}", expected="letters among i, m, s, x")
        bits |= _FLAGS[letter]
    return bits


def repeats(tree: Any) -> int:
    """How many repeats without an upper end a parsed pattern holds."""
    kinds = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
    return sum(
        (kind in kinds and value[1] is op.MAXREPEAT) + sum(map(repeats, _parts(kind, value))) for kind, value in tree
    )


def explodes(tree: Any) -> bool:
    """Whether a repeated part of a parsed pattern can match one text in several ways: nested or ambiguous repeats."""
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            _, high, body = value
            if high > _FEW and _varies(body):
                return True
        if any(explodes(part) for part in _parts(kind, value)):
            return True
    return False


def _varies(tree: Any) -> bool:
    """Whether a part holds a choice on which matching can come back."""
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] != value[1]:
            return True
        if kind is op.BRANCH and not _told_apart(value[1]):
            return True
        if kind not in (op.POSSESSIVE_REPEAT, op.ATOMIC_GROUP) and any(_varies(p) for p in _parts(kind, value)):
            return True
    return False


def _told_apart(options: list[Any]) -> bool:
    """Whether every option of a branch starts with a letter of its own."""
    firsts = [chr(o[0][1]).casefold() if len(o) and o[0][0] is op.LITERAL else "" for o in options]
    return "" not in firsts and len(set(firsts)) == len(firsts)


def _parts(kind: Any, value: Any) -> list[Any]:
    """The sub-patterns of one node."""
    if kind is op.BRANCH:
        return list(value[1])
    if kind is op.GROUPREF_EXISTS:
        return [p for p in value[1:] if p is not None]
    if kind is op.ATOMIC_GROUP:
        return [value]
    if isinstance(value, tuple) and value and isinstance(value[-1], parser.SubPattern):
        return [value[-1]]
    return []
