"""``numeric_units``: a number with a unit equals the expected one, in whatever unit it is written."""

from __future__ import annotations

import functools
import importlib
import re
import tokenize
from dataclasses import dataclass
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.numeric import numbers

_LATEX = {
    r"\,": " ",
    r"\;": " ",
    r"\ ": " ",
    "~": " ",
    r"\cdot": "*",
    r"\times": "*",
    r"\mu": "µ",
    r"\Omega": "Ω",
    r"^\circ": "°",
    r"^{\circ}": "°",
    r"\circ": "°",
    r"\degree": "°",
    r"\%": "%",
    "℃": "°C",
    "℉": "°F",
    "·": "*",
    "⋅": "*",
    "−": "-",
    "$": "",
}
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathsf|rm|si|unit)\s*\{([^{}]*)\}")
_RAISED = re.compile(r"\^\{(-?\d{1,2})\}")
_GLUED = re.compile(r"(?<=[A-Za-zµΩ])(-?\d{1,2})(?![\d.])")
_UNIT = re.compile(r"[A-Za-zµμΩ°%²³⁻⁰¹⁴-⁹*/^()\s\d-]{1,48}")
_END = re.compile(r"[.,;:!?=\n\\}]|$")
_BREAKS = (AttributeError, ValueError, TypeError, AssertionError, ArithmeticError, LookupError, tokenize.TokenError)
_DIFFERENCES = {"degree_Celsius": "delta_degree_Celsius", "degree_Fahrenheit": "delta_degree_Fahrenheit"}


@dataclass(frozen=True, slots=True)
class Measure:
    """A number as it stands in a text with what follows it: the unit that was read, or None."""

    value: float
    unit: Any
    text: str


@verifier("numeric_units")
def numeric_units(
    sample: Sample,
    expected: str | None = None,
    rel_tol: float = 0.01,
    abs_tol: float = 0.0,
    missing: str = "wrong",
    convert: bool = True,
    difference: bool = False,
    which: str = "last",
) -> Outcome:
    """Whether the last (first, any) number with a unit is the ``expected`` one ("9.81 m/s^2"; else of the reference).

    Compared in the unit of the expected: abs(found - expected) <= max(abs_tol, rel_tol * abs(expected)). ``missing``:
    a number without a unit is "wrong", has the "same" unit, or is "unknown" (no verdict). "same" is not granted to
    decibels and temperatures, where a bare number means something else: no verdict. Decibels against a plain ratio get
    no verdict either (power or amplitude?). ``convert=False`` wants the very unit; ``difference`` reads °C and °F as
    steps, not points. Units by pint. Card 16 (arXiv 2512.01224), whose prompt takes "20" for "20 dB".
    """
    if missing not in ("wrong", "same", "unknown") or which not in ("last", "first", "any"):
        raise SettingError(
            f"missing={missing!r}, which={which!r}", expected="missing wrong, same or unknown; which last, first or any"
        )
    if not (rel_tol >= 0 and abs_tol >= 0):
        raise SettingError(f"rel_tol={rel_tol}, abs_tol={abs_tol}", expected="tolerances >= 0")
    given = measures(expected if expected is not None else sample.reference or "")
    wanted = given[-1] if given else None
    if wanted is None or wanted.unit is None:
        if expected is not None:
            raise SettingError(f"expected={expected!r}", expected="a number with a unit that pint knows")
        return Outcome(None, "no expected number with a unit is given, and none stands in the reference")
    found = measures(answer_text(sample), wanted.unit)
    if not found:
        return Outcome(0.0, f"no number found; expected {shown(wanted.text)}")
    chosen = found if which == "any" else found[-1:] if which == "last" else found[:1]
    settings = {"missing": missing, "convert": convert, "difference": difference}
    verdicts = [_verdict(m, wanted, rel_tol, abs_tol, settings) for m in chosen]
    best = max(range(len(chosen)), key=lambda k: _RANK[verdicts[k][0]])
    value, why = verdicts[best]
    return Outcome(value, f"{shown(chosen[best].text)} {why} {shown(wanted.text)}", (chosen[best].text,))


_RANK = {1.0: 2, None: 1, 0.0: 0}


def _verdict(
    found: Measure, wanted: Measure, rel_tol: float, abs_tol: float, settings: dict[str, Any]
) -> tuple[float | None, str]:
    unit, special = found.unit, _logarithmic(wanted.unit) or (_offset(wanted.unit) and not settings["difference"])
    if unit is None:
        if settings["missing"] == "wrong":
            return 0.0, "has no unit; expected"
        if settings["missing"] == "unknown" or special:
            return None, "has no unit, so that it may or may not be"
        unit = wanted.unit
    if _logarithmic(unit) != _logarithmic(wanted.unit) and unit.dimensionality == wanted.unit.dimensionality:
        return None, "may or may not be, as a level or a ratio,"
    if unit.dimensionality != wanted.unit.dimensionality:
        return 0.0, "has another kind of unit than"
    if not settings["convert"] and unit != wanted.unit:
        return 0.0, "has another unit than"
    value = _converted(found.value, unit, wanted.unit, settings["difference"])
    most = max(abs_tol, rel_tol * abs(wanted.value))
    equal = abs(value - wanted.value) <= most + 1e-12 * abs(wanted.value)  # conversion rounds
    return float(equal), "equals" if equal else "does not equal"


def measures(text: str, like: Any = None) -> list[Measure]:
    """The numbers of a text with their units; ``like`` settles what a word may be (the longest reading of its kind).

    >>> [(m.value, str(m.unit)) for m in measures("from 3 km to 4.5 m/s")]
    [(3.0, 'kilometer'), (4.5, 'meter / second')]
    """
    for latex, sign in _LATEX.items():
        text = text.replace(latex, sign)
    text = _WRAPPED.sub(r" \1 ", _RAISED.sub(r"^\1", text))
    found, at, taken = list[Measure](), 0, 0
    for number in numbers(text):
        start = text.index(number.text, at)
        at = start + len(number.text)
        if start < taken or text[:start].endswith(("^", "**")):
            continue  # an exponent of the unit before
        rest = "%" if number.percent else text[at : at + 60]
        unit, length = _unit(rest[: _end(rest)], like)
        taken = at + (0 if number.percent else length)
        found.append(Measure(number.value, unit, text[start:taken]))
    return found


def _end(rest: str) -> int:
    match = _END.search(rest)
    return match.start() if match else len(rest)


def _unit(rest: str, like: Any) -> tuple[Any, int]:
    """The unit at the beginning of what follows a number, and its length: the longest that reads, of the kind wanted if
    there is one.
    """
    match = _UNIT.match(rest)
    ends = [word.end() for word in re.finditer(r"\S+", match[0])] if match else []
    readings = [(parsed, end) for end in reversed(ends) if (parsed := _parse(rest[:end].strip())) is not None]
    alike = [r for r in readings if like is not None and r[0].dimensionality == like.dimensionality]
    if alike:
        return alike[0]
    if not readings or (like is not None and readings[0][1] != ends[-1]):
        return None, 0  # none, or one only in passing, such as the "in" of "5 in total" where seconds are wanted
    return readings[0]


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    text = _GLUED.sub(r"^\1", "1" + text if text.startswith("/") else text)
    if re.search(r"\d{3}", text) or text[:1] in "*^-" or re.match(r"\d(?!/)", text):
        return None
    try:
        unit = _registry().parse_units(re.sub(r"(?<=[A-Za-zµΩ°\d)])\s+(?=[A-Za-zµΩ°(])", "*", text))
    except _BREAKS:
        return None
    return None if str(unit) == "dimensionless" else unit


@functools.cache
def _registry() -> Any:
    try:
        return importlib.import_module("pint").UnitRegistry()
    except ImportError:
        raise MissingExtraError.of("pint", "verify", purpose="the verifier 'numeric_units'") from None


def _converted(value: float, unit: Any, to: Any, difference: bool) -> float:
    if difference:
        unit, to = (_registry().Unit(_DIFFERENCES.get(str(u), str(u))) for u in (unit, to))
    return float(_registry().Quantity(value, unit).to(to).magnitude)


def _offset(unit: Any) -> bool:
    return "[temperature]" in unit.dimensionality and len(unit._units) == 1


def _logarithmic(unit: Any) -> bool:
    known = _registry()._units
    return any(type(known[n].converter).__name__ == "LogarithmicConverter" for n in unit._units if n in known)
