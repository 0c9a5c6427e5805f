"""``numeric``: a number in the response equals the expected one, within a tolerance."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import shown

_MINUS = str.maketrans({m: "-" for m in "−‒–﹣－"} | {"＋": "+", "．": ".", "，": ",", "％": "%"})
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SIGN = re.compile(r"(?:^|[^\w)\]])([-+][$€£]?)$")
_GROUPS = re.compile(r"[,{}\s'’_]")
_SPACES = "\u00a0\u2009\u202f'’_"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text: its value without the percent sign, whether one follows, the text itself."""

    value: float
    percent: bool
    text: str


@verifier("numeric")
def numeric(
    sample: Sample,
    expected: float | str | Sequence[float] | None = None,
    which: str = "last",
    abs_tol: float = 0.0,
    rel_tol: float = 1e-9,
    percent: str = "either",
    decimal: str = ".",
) -> Outcome:
    """Whether the last (first, any) number in the response is the expected one, or one of several.

    Holds when abs(found - expected) <= max(abs_tol, rel_tol * abs(expected)). Without ``expected`` it is the last
    number of the reference. Reads thousands separators, fractions (3/4), 1.2e-3, 1.2 x 10^-3 and every minus sign.
    ``percent``: 45% counts as "number" 45, as "share" 0.45, or as "either". ``decimal`` is "." or ",".
    """
    if which not in ("last", "first", "any") or percent not in ("number", "share", "either") or decimal not in ".,":
        raise SettingError(
            f"which={which!r}, percent={percent!r}, decimal={decimal!r}",
            expected="which last, first or any; percent number, share or either; decimal . or ,",
        )
    if not (abs_tol >= 0 and rel_tol >= 0):
        raise SettingError(f"abs_tol={abs_tol}, rel_tol={rel_tol}", expected="tolerances >= 0")
    wanted = _wanted(expected, sample.reference, percent, decimal)
    if not wanted:
        return Outcome(None, "no expected number is given, and none stands in the reference")
    found = numbers(answer_text(sample), decimal)
    goal = f"expected {' or '.join(f'{w:.12g}' for w in wanted[:4])}"
    if not found:
        return Outcome(0.0, f"no number found; {goal}")
    for number in found if which == "any" else found[-1:] if which == "last" else found[:1]:
        if any(_close(v, w, abs_tol, rel_tol) for v in _values(number, percent) for w in wanted):
            return Outcome(1.0, f"{shown(number.text)} equals the expected number", (number.text,))
    if which == "any":
        return Outcome(0.0, f"none of {len(found)} numbers fits; {goal}")
    chosen = found[-1] if which == "last" else found[0]
    return Outcome(0.0, f"the {which} number is {shown(chosen.text)}; {goal}", (chosen.text,))


def numbers(text: str, decimal: str = ".") -> list[Number]:
    """The numbers of a text in order. Digits glued behind a letter (H2O) are none; 5-3 is 5 and 3.

    >>> [n.value for n in numbers("From 1,200 to −3.5e2, or 3/4, or 12%")]
    [1200.0, -350.0, 0.75, 12.0]
    """
    found = []
    plain = text.translate(_MINUS)
    for match in _pattern(decimal).finditer(plain):
        start, sign = _start(plain, match.start(), decimal)
        if start < 0:
            continue
        power = match["exp"] or match["pow"] or (match["sup"] or "").translate(_SUPER)
        value = sign * _float(match["whole"], decimal, power)
        if match["over"]:
            below = _float(match["over"], decimal)
            value = value / below if below else math.nan
        if math.isfinite(value):
            found.append(Number(value, bool(match["percent"]), text[start : match.end()].strip()))
    return found


def _start(text: str, at: int, decimal: str) -> tuple[int, int]:
    """Where the number whose digits begin at ``at`` begins with its sign, and the sign; -1 when it is none."""
    before = text[at - 1] if at else " "
    if before.isalnum() or before == "_" or (before == decimal and text[at - 2 : at - 1].isdecimal()):
        return -1, 1
    sign = _SIGN.search(text[max(0, at - 4) : at])
    if sign is None or (sign.start() == 0 and at > 4):
        return at, 1
    return at - (min(4, at) - sign.start(1)), -1 if sign[1][0] == "-" else 1


@functools.cache
def _pattern(decimal: str) -> re.Pattern[str]:
    group = rf"(?:{'[.]' if decimal == ',' else ','}|\{{,\}}|[{_SPACES}])"
    point = re.escape(decimal)
    return re.compile(
        rf"(?P<whole>(?:\d{{1,3}}(?:{group}\d{{3}})++(?!\d)|\d++)(?:{point}\d++)?|(?<!\w){point}\d++)"
        r"(?:[eE](?P<exp>[-+]?\d{1,4})(?!\w)"
        r"|\s?(?:[x×*·]|\\times|\\cdot)\s?10(?:\^\{?(?P<pow>[-+]?\d{1,4})\}?|(?P<sup>[⁻⁺]?[⁰¹²³⁴-⁹]++)))?"
        rf"(?:\s?/\s?(?P<over>\d++)(?![\d/]|{point}\d))?(?P<percent>\s?\\?%)?"
    )


def _float(text: str, decimal: str, power: str = "") -> float:
    if decimal == ",":
        text = text.replace("{,}", "").replace(".", "").replace(",", ".")
    return float(f"{_GROUPS.sub('', text)}e{power or 0}")


def _values(number: Number, percent: str) -> tuple[float, ...]:
    if not number.percent or percent == "number":
        return (number.value,)
    return (number.value / 100,) if percent == "share" else (number.value, number.value / 100)


def _wanted(
    expected: float | str | Sequence[float] | None, reference: str | None, percent: str, decimal: str
) -> list[float]:
    if expected is None:
        return [v for n in numbers(reference or "", decimal)[-1:] for v in _values(n, percent)]
    given = [expected] if isinstance(expected, (int, float, str)) else list(expected)
    wanted: list[float] = []
    for item in given:
        read = numbers(item, decimal) if isinstance(item, str) else [Number(float(item), False, "")]
        if len(read) != 1 or not math.isfinite(read[0].value):
            raise SettingError(f"expected={item!r}", expected="a finite number, or a text that holds one number")
        wanted += _values(read[0], percent)
    return wanted


def _close(found: float, wanted: float, abs_tol: float, rel_tol: float) -> bool:
    return abs(found - wanted) <= max(abs_tol, rel_tol * abs(wanted))
