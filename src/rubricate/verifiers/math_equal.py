"""``math_equal``: whether the final answer of the response equals the expected one as mathematics."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from rubricate.errors import MissingExtraError, SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.final_answer import final_answer
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.sandbox import Limits, shared, sound
from rubricate.verifiers.sandbox.inside.maths import RIGHT, UNKNOWN, WRONG, plain_verdict

_MATHS = re.compile(r"\$\$(.+?)\$\$|\$(?! )([^$\n]+)(?<! )\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_LONGEST = 400
_PRELOAD = ("math_verify", "sympy", "rubricate.verifiers.sandbox.inside.maths:warm")


@verifier("math_equal", waits=True)
def math_equal(
    sample: Sample,
    expected: str | None = None,
    rel_tol: float = 0.0,
    significant: int = 3,
    ordered: bool = False,
    units: Literal["lenient", "strict"] = "lenient",
    seconds: float = 5.0,
) -> Outcome:
    """Whether the final answer equals ``expected`` (else the final answer of the reference): right, wrong, or open.

    Equal as text, as exact numbers, or by sympy: constants to 30 digits, expressions at random points, sets and lists
    in any order (unless ``ordered``), tuples and intervals in order, matrices, equations, inequalities; all parts are
    needed and none too many. A decimal with ``significant`` digits or more may be a rounding of the other (0: never).
    What cannot be read, has other variables or another unit, depends on the base of a bare log, or takes longer than
    ``seconds`` gets no verdict. ``units``: a unit on one side only is no matter (lenient), or leaves it open (strict).
    Card 16 (CoSineVerifier, arXiv 2512.01224): rules of its prompt; here units that differ are open, not equal.
    """
    if not 0 <= rel_tol < 1 or significant < 0 or not seconds > 0 or units not in ("lenient", "strict"):
        raise SettingError(
            f"rel_tol={rel_tol}, significant={significant}, seconds={seconds}, units={units!r}",
            expected="0 <= rel_tol < 1, significant >= 0, seconds > 0, units lenient or strict",
        )
    missing = [n for n in ("math_verify", "sympy") if importlib.util.find_spec(n) is None]
    if missing:
        raise MissingExtraError.of(missing[0].replace("_", "-"), "verify", purpose="the verifier 'math_equal'")
    wanted = formula(sample.reference or "") if expected is None else expected
    found = formula(answer_text(sample))
    if not wanted:
        return Outcome(None, "no expected answer is given, and none stands in the reference")
    if not found:
        return Outcome(0.0, f"no final answer found; expected {shown(wanted)}")
    if max(len(found), len(wanted)) > _LONGEST:
        return Outcome(None, f"an answer of more than {_LONGEST} characters is not compared")
    asked = {"rel_tol": rel_tol, "significant": significant, "ordered": ordered, "units": units}
    verdict, why = _compared(wanted, found, asked, seconds)
    if verdict == UNKNOWN:
        return Outcome(None, f"cannot tell whether {shown(found)} equals {shown(wanted)}{why}")
    told = "equals" if verdict == RIGHT else "does not equal"
    return Outcome(float(verdict == RIGHT), f"{shown(found)} {told} {shown(wanted)}", (found,))


def _compared(wanted: str, found: str, settings: Mapping[str, Any], seconds: float) -> tuple[str, str]:
    verdict = plain_verdict(wanted, found, settings["rel_tol"], settings["significant"])
    if verdict in (RIGHT, WRONG):
        return verdict, ""
    asked = {"expected": wanted, "found": found, **settings}
    sandbox = shared(packages=True, preload=_PRELOAD)
    result = sound(sandbox.call("maths:main", json.dumps(asked), Limits(wall=2 * seconds, cpu=seconds, memory=1 << 30)))
    if not result.ok or not result.report:
        return UNKNOWN, f" ({result.status})"
    return json.loads(result.report), ""


def formula(text: str) -> str:
    r"""The final answer of a text (see ``final_answer``); of a line of prose, its last formula.

    >>> formula(r"So 6 x 7 = 42, \boxed{\frac{42}{1}} as asked."), formula("It follows that $x = 3$ holds.")
    ('\\frac{42}{1}', 'x = 3')
    """
    answer = final_answer(text) or ""
    formulas = [next(filter(None, found)) for found in _MATHS.findall(answer)]
    return str(formulas[-1]).strip() if formulas else answer
