"""``code_output``: the share of input cases for which the program in the response prints what it should."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.code_block import code_of
from rubricate.verifiers.code_tests import PYTHON
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.sandbox import Limits, Program, Result, shared, sound


@verifier("code_output", waits=True)
def code_output(
    sample: Sample,
    cases: Sequence[Mapping[str, str]],
    compare: str = "lines",
    tolerance: float = 0.0,
    block: str = "last",
    seconds: float = 5.0,
    memory_mib: int = 512,
    packages: bool = False,
) -> Outcome:
    """Share of the ``cases`` ({"stdin": text, "stdout": text}) that the program of the response answers as expected.

    ``compare``: "exact" text; "lines", without spaces at their ends and empty lines at the end; "tokens", split at
    white space, where numbers may differ by ``tolerance`` (absolute or relative). The expected text never enters the
    process of the program. A case fails when the program ends with an error or at a limit.
    """
    if compare not in ("exact", "lines", "tokens") or not tolerance >= 0 or (tolerance and compare != "tokens"):
        raise SettingError(
            f"compare={compare!r}, tolerance={tolerance}",
            expected="exact, lines or tokens; tolerance >= 0, with tokens",
        )
    if isinstance(cases, (str, Mapping)) or not cases or not all("stdout" in c for c in cases):
        raise SettingError(f"cases={cases!r:.80}", expected='one or more of {"stdin": text, "stdout": text}')
    code = code_of(answer_text(sample), PYTHON, block)
    if not code.strip():
        return Outcome(0.0, "no code found")
    limits = Limits(wall=2 * seconds, cpu=seconds, memory=memory_mib << 20)
    sandbox = shared(packages=packages)
    failed = []
    for number, case in enumerate(cases, 1):
        result = sound(sandbox.run(Program(code, stdin=case.get("stdin", "")), limits))
        if not result.ok:
            failed.append(f"case {number}: {result.status} {_last_line(result)}".rstrip())
        elif not same_output(result.stdout, case["stdout"], compare, tolerance):
            failed.append(f"case {number}: printed {shown(result.stdout)}, expected {shown(case['stdout'])}")
    passed = len(cases) - len(failed)
    told = "; ".join(failed[:3]) + (f"; and {len(failed) - 3} more" if len(failed) > 3 else "")
    return Outcome(passed / len(cases), f"{passed} of {len(cases)} cases passed" + (f". {told}" if told else ""))


def same_output(found: str, expected: str, compare: str = "lines", tolerance: float = 0.0) -> bool:
    """Whether two outputs are the same in the sense of ``compare``.

    >>> same_output("1.0001 ok\\n", "1 ok", "tokens", 1e-3)
    True
    """
    if compare == "exact":
        return found == expected
    if compare == "lines":
        return _lines(found) == _lines(expected)
    return all(_same_token(a, b, tolerance) for a, b in zip_longest(found.split(), expected.split()))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _same_token(found: str | None, expected: str | None, tolerance: float) -> bool:
    if found == expected:
        return True
    if found is None or expected is None or not tolerance:
        return False
    try:
        a, b = float(found), float(expected)
    except ValueError:
        return False
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def _last_line(result: Result) -> str:
    return result.stderr.strip().rpartition("\n")[2][:200]
