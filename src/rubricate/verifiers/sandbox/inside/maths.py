"""Whether two mathematical answers are equal: right, wrong, or cannot tell. Runs in the sandbox under a hard limit.

Right and wrong are certified. What cannot be read, uses other variables, or differs only in form is left open.
"""

from __future__ import annotations

import json
import os
import random
import re
from fractions import Fraction
from typing import Any

from rubricate.verifiers.sandbox.inside.math_forms import NAMES, Form, decimals, form, number
from rubricate.verifiers.sandbox.inside.programs import REPORT

RIGHT, WRONG, UNKNOWN = "right", "wrong", "unknown"
_POINTS, _TRIES, _DIGITS = 5, 40, 30
_WORDS = {"yes", "no", "true", "false"}
_WARM = (
    r"\frac{1}{2}",
    "x^2 + 2x",
    r"\sqrt{2} + \pi",
    r"\sin(x)",
    "x = 3",
    "x < 2",
    r"e^{2}",
    "2 \\cdot 3",
    "n(n+1)/2",
)
_CLOSE = Fraction(1, 10**12)


def main(text: str) -> None:
    """``text``: expected, found, rel_tol, significant, ordered as JSON; the verdict goes to the report."""
    asked = json.loads(text)
    expected, found = form(asked["expected"]), form(asked["found"])
    comparison = Comparison(asked["rel_tol"], asked["significant"], asked["units"])
    verdict = comparison.forms(expected, found, ordered=asked["ordered"])
    os.write(REPORT, json.dumps(verdict).encode())


def warm() -> None:
    """Read a few formulas, so that the tables of the parser are there before programs are forked."""
    import sympy

    for text in _WARM:
        read = _read(text)
        if isinstance(read, sympy.Expr):
            _value(read.subs(dict.fromkeys(read.free_symbols, 2)))


def plain_verdict(expected: str, found: str, rel_tol: float, significant: int) -> str:
    """The verdict where both are the same text or plain numbers, without sympy; unknown for anything else."""
    one, other = form(expected), form(found)
    if one == other:
        return RIGHT
    if len(one.parts) != 1 or len(other.parts) != 1 or one.unit or other.unit or one.brackets or other.brackets:
        return UNKNOWN
    words = [p.parts[0].strip("()") for p in (one, other)]
    if all(re.fullmatch(r"[A-J]", w) for w in words) or {w.lower() for w in words} <= _WORDS:
        return RIGHT if words[0].lower() == words[1].lower() else WRONG
    if number(one.parts[0]) is None or number(other.parts[0]) is None:
        return UNKNOWN
    return Comparison(rel_tol, significant).values(one, other)


class Comparison:
    """Comparison of answers within a relative tolerance; ``significant`` digits make a decimal a rounding.

    ``units``: whether a unit on one side only is no matter ("lenient") or leaves the question open ("strict").
    """

    def __init__(self, rel_tol: float, significant: int, units: str = "lenient") -> None:
        self.rel_tol, self.significant, self.units = Fraction(rel_tol) or _CLOSE, significant, units

    def forms(self, expected: Form, found: Form, *, ordered: bool) -> str:
        """Part by part: all needed, none too many; in order inside () and [], in any order otherwise."""
        if expected == found:
            return RIGHT
        if expected.brackets != found.brackets:
            pair = {expected.brackets, found.brackets}
            if not pair <= {"", "{}"}:  # [0, 1) is an interval and no other; (0, 1) may be a point
                return WRONG if pair & {"[)", "(]"} and "" not in pair else UNKNOWN
        if len(expected.parts) == 1 == len(found.parts):
            return self.values(expected, found)
        if len(expected.parts) != len(found.parts):
            return WRONG if self._all_numbers(expected) and self._all_numbers(found) else UNKNOWN
        if ordered or expected.brackets not in ("", "{}"):
            return _all(self.nested(a, b) for a, b in zip(expected.parts, found.parts, strict=True))
        return self._any_order(list(expected.parts), list(found.parts))

    def nested(self, expected: str, found: str) -> str:
        """Two parts, which may have parts themselves."""
        return self.forms(form(expected), form(found), ordered=False)

    def _all_numbers(self, one: Form) -> bool:
        values = [number(p.rpartition("=")[2]) for p in one.parts]
        return None not in values and len(set(values)) == len(values)

    def _any_order(self, expected: list[str], found: list[str]) -> str:
        doubt = False
        for part in expected:
            verdicts = [self.nested(part, other) for other in found]
            if RIGHT in verdicts:
                del found[verdicts.index(RIGHT)]
            elif UNKNOWN in verdicts:
                doubt = True
            else:
                return WRONG
        return UNKNOWN if doubt else RIGHT

    def values(self, expected: Form, found: Form) -> str:
        """One value each. A percent sign on one side only counts as 1/100 or as nothing."""
        if expected.unit != found.unit and (self.units == "strict" or (expected.unit and found.unit)):
            return UNKNOWN
        texts = expected.parts[0], found.parts[0]
        numbers = number(texts[0]), number(texts[1])
        scales = [Fraction(1)] if expected.percent == found.percent else [Fraction(1), Fraction(1, 100), Fraction(100)]
        if numbers[0] is not None and numbers[1] is not None:
            return RIGHT if any(self._near(numbers[0], numbers[1] * s, *texts) for s in scales) else WRONG
        verdicts = {self._read_and_compared(one, other, scales) for one, other in _logarithms(*texts)}
        return verdicts.pop() if len(verdicts) == 1 else UNKNOWN

    def _read_and_compared(self, first: str, second: str, scales: list[Fraction]) -> str:
        one, other = _read(first), _read(second)
        if one is None or other is None:
            return UNKNOWN
        verdicts = [self.expressions(one, other * s if s != 1 else other, first, second) for s in scales]
        return RIGHT if RIGHT in verdicts else UNKNOWN if UNKNOWN in verdicts else WRONG

    def _near(self, one: Any, other: Any, first: str, second: str) -> bool:
        gap = abs(one - other)
        if gap <= self.rel_tol * abs(one):
            return True
        for text in (first, second) if self.significant else ():
            if (places := decimals(text)) is not None and places[1] >= self.significant:
                return bool(gap <= Fraction(1, 2 * 10 ** places[0]))
        return False

    def expressions(self, one: Any, other: Any, first: str = "", second: str = "") -> str:
        """Two objects of sympy."""
        import sympy

        if isinstance(one, sympy.Eq) and isinstance(other, sympy.Eq) and one.lhs == other.lhs and one.lhs.is_Symbol:
            return self.expressions(one.rhs, other.rhs)
        one, other = _assigned(one, other), _assigned(other, one)
        if isinstance(one, sympy.MatrixBase) and isinstance(other, sympy.MatrixBase):
            return WRONG if one.shape != other.shape else _all(map(self.expressions, one, other))
        if isinstance(one, sympy.Expr) and isinstance(other, sympy.Expr):
            if not one.free_symbols | other.free_symbols:
                return self._constants(one, other, first, second)
            verdict = self._points(one, other)
            return verdict if verdict == RIGHT or one.free_symbols == other.free_symbols else UNKNOWN
        return _relations(one, other)

    def _constants(self, one: Any, other: Any, first: str, second: str) -> str:
        a, b = _value(one), _value(other)
        if a is None or b is None:
            endless = [bool(x.is_infinite) for x in (one, other)]
            return RIGHT if one == other else WRONG if any(endless) and (a or b or all(endless)) else UNKNOWN
        if a[1] or b[1]:
            size = max(abs(a[0]), abs(a[1]))
            return RIGHT if max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= self.rel_tol * size else WRONG
        return RIGHT if self._near(a[0], b[0], first, second) else WRONG

    def _points(self, one: Any, other: Any) -> str:
        """Equal at random points: right. Different where all variables are positive: wrong. Otherwise open."""
        import sympy

        rng, names = random.Random(0), sorted(one.free_symbols | other.free_symbols, key=str)
        same, apart, apart_elsewhere = 0, 0, 0
        for k in range(_TRIES):
            signs = [1 if k % 2 == 0 else rng.choice((1, -1)) for _ in names]
            point = {n: s * sympy.Rational(rng.randint(100, 3000), 997) for n, s in zip(names, signs, strict=True)}
            a, b = _value(one.subs(point)), _value(other.subs(point))
            if a is None or b is None:
                continue
            size = max(abs(a[0]), abs(a[1]), Fraction(1))
            equal = max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= _CLOSE * size
            same, apart = same + equal, apart + (not equal and k % 2 == 0)
            apart_elsewhere += not equal and k % 2
            if apart >= 2 or same >= 2 * _POINTS:
                break
        if apart >= 2:
            return WRONG
        return RIGHT if same >= _POINTS and not apart and not apart_elsewhere else UNKNOWN


def _all(verdicts: Any) -> str:
    found = list(verdicts)
    return WRONG if WRONG in found else UNKNOWN if UNKNOWN in found else RIGHT


def _logarithms(first: str, second: str) -> list[tuple[str, str]]:
    """Both texts as they stand, where log has base 10, and with natural logarithms: writers mean either."""
    given = first, second
    natural = re.sub(r"log(?![a-zA-Z_])", "ln", first), re.sub(r"log(?![a-zA-Z_])", "ln", second)
    return [given] if natural == given else [given, natural]


def _unread(text: str, found: Any) -> bool:
    """Whether the reader left letters out, as it does with a unit at the end (3 kg becomes 3)."""
    text = re.sub(r"\\(?:begin|end)\{[^{}]*\}|\\[a-zA-Z]+", " ", text)
    letters = set("".join(re.findall("[a-zA-Z]+", text)))
    symbols = {c for s in getattr(found, "free_symbols", ()) for c in s.name}
    return bool(letters - symbols - set("eEi"))


def _read(text: str) -> Any:
    """The object of sympy for LaTeX or plain notation, None when it cannot be read, or not to its end."""
    import sympy
    from math_verify import LatexExtractionConfig, parse

    if (value := number(text)) is not None:
        return sympy.Rational(value.numerator, value.denominator)
    text = re.sub(rf"(?<![\\a-zA-Z])({NAMES})(?![a-zA-Z])", r"\\\1", text)
    text = re.sub(r"\\sqrt\(([^()]*)\)", r"\\sqrt{\1}", text).replace("*", "\\cdot ")
    found = parse(
        f"${text}$",
        extraction_config=[LatexExtractionConfig()],
        fallback_mode="no_fallback",
        parsing_timeout=None,
        raise_on_error=False,
    )
    if not found or isinstance(found[0], str) or _unread(text, found[0]):
        return None
    names = [s for s in getattr(found[0], "free_symbols", ()) if s.name == "i"]
    return found[0].subs(names[0], sympy.I) if names else found[0]


def _assigned(one: Any, other: Any) -> Any:
    """What stands behind ``x =``, where the other side has no equation."""
    import sympy

    bare = isinstance(one, sympy.Eq) and one.lhs.is_Symbol and not isinstance(other, sympy.Eq)
    return one.rhs if bare else one


def _value(expression: Any) -> tuple[Fraction, Fraction] | None:
    """Real and imaginary part of a constant to 30 digits, None when it has no finite value."""
    import sympy

    value = sympy.N(expression, _DIGITS)
    real, imaginary = value.as_real_imag()
    if not (real.is_Float or real.is_Rational) or not (imaginary.is_Float or imaginary.is_Rational):
        return None
    if not (real.is_finite and imaginary.is_finite):
        return None
    tiny = Fraction(1, 10**20)
    parts = [Fraction(int(sympy.Rational(x).p), int(sympy.Rational(x).q)) for x in (real, imaginary)]
    return parts[0], parts[1] if abs(parts[1]) > tiny * max(Fraction(1), abs(parts[0])) else Fraction(0)


def _relations(one: Any, other: Any) -> str:
    """Inequalities and equations: equal as they stand, or with equal sets of solutions in one variable."""
    import sympy
    from sympy.core.relational import Relational

    if one == other:
        return RIGHT
    if not (isinstance(one, Relational) and isinstance(other, Relational) and one.free_symbols == other.free_symbols):
        return UNKNOWN
    if isinstance(one, sympy.Eq) and isinstance(other, sympy.Eq):
        ratio = sympy.simplify((one.lhs - one.rhs) / (other.lhs - other.rhs))
        return RIGHT if ratio.is_number and ratio.is_finite and ratio != 0 else UNKNOWN
    if len(one.free_symbols) != 1:
        return UNKNOWN
    real = sympy.Symbol("real_variable", real=True)
    sets = [r.subs(next(iter(r.free_symbols)), real).as_set() for r in (one, other)]
    return RIGHT if sets[0] == sets[1] else WRONG
