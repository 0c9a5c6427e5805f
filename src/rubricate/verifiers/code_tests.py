"""``code_tests``: the share of unit tests that the code in the response passes."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.code_block import code_of
from rubricate.verifiers.sandbox import Limits, Result, Sandbox, Status, shared, sound

PYTHON = ("python", "py", "python3")


@dataclass(frozen=True, slots=True)
class CodeTest:
    """One test: its name, the code that holds it, and what to call in it (a function, or a class and its method)."""

    name: str
    code: str
    run: tuple[str, ...] = ()


@verifier("code_tests", waits=True)
def code_tests(
    sample: Sample,
    tests: str | Sequence[str],
    entry_point: str = "",
    names: Sequence[str] = (),
    block: str = "last",
    seconds: float = 5.0,
    memory_mib: int = 512,
    operators: bool = False,
    in_place: bool = False,
    packages: bool = False,
) -> Outcome:
    """Share of the ``tests`` that the code of the response passes: passed / all, each in processes of its own.

    ``tests`` is a Python module (its ``test_*`` functions, ``unittest`` classes, or else each top-level ``assert``, or
    ``check(candidate)`` with ``entry_point``), or a list of snippets. A name that the tests use and do not define is
    the answer's; ``names`` lists those of them that are also built-in names. ``seconds`` bounds a test's processor time
    and twice that its wall time. Tests run in another process than the answer: what it returns arrives as plain data;
    it can neither end a test, nor see an expected value, nor compare itself equal. ``operators`` lets the answer's own
    classes take part in ``==``, ``in`` and arithmetic; ``in_place`` carries changes of arguments back. 5 s per test as
    in TAROT (card 171).
    """
    plan = split_tests(tests, entry_point)
    limits = Limits(wall=2 * seconds, cpu=seconds, memory=memory_mib << 20)
    code = code_of(answer_text(sample), PYTHON, block)
    if not code.strip():
        return Outcome(0.0, "no code found")
    switches = {"entry_point": entry_point, "names": list(names), "operators": operators, "in_place": in_place}
    sandbox = shared(packages=packages)
    faults = {test.name: _fault(sandbox, code, test, switches, limits) for test in plan}
    failed = [f"{name}: {why}" for name, why in faults.items() if why]
    passed = len(plan) - len(failed)
    told = "; ".join(failed[:3]) + (f"; and {len(failed) - 3} more" if len(failed) > 3 else "")
    return Outcome(passed / len(plan), f"{passed} of {len(plan)} tests passed" + (f". {told}" if told else ""))


def _fault(sandbox: Sandbox, code: str, test: CodeTest, switches: dict[str, object], limits: Limits) -> str:
    """Why the test fails, or nothing. A fault of the sandbox raises."""
    plan = json.dumps({"code": test.code, "run": test.run, **switches})
    answer, tests = sandbox.linked(("answer:main", code), ("harness:main", plan), limits)
    sound(tests)
    if tests.report and tests.status is Status.OK:
        said = json.loads(tests.report)
        return "" if said["passed"] else f"{said['why']}{_ended(answer)}"
    sound(answer)
    return f"{tests.status}{_ended(answer)}"


def _ended(answer: Result) -> str:
    return "" if answer.status in (Status.OK, Status.STOPPED, Status.ERROR) else f" (the answer: {answer.status})"


def split_tests(tests: str | Sequence[str], entry_point: str = "") -> list[CodeTest]:
    """The single tests of a module, or of a list of snippets; SettingError where there is none or it is no Python.

    >>> [t.name for t in split_tests("x = 2\\nassert f(x) == 4\\nassert f(3) == 9")]
    ['assert f(x) == 4', 'assert f(3) == 9']
    """
    if not isinstance(tests, str):
        found = [CodeTest(f"test {k}", _checked(code)[0]) for k, code in enumerate(tests, 1)]
    else:
        code, tree = _checked(tests)
        found = _functions(code, tree, entry_point) or _asserts(tree)
    if not found:
        raise SettingError("tests holds no test", expected="test_* functions, unittest classes, asserts or check()")
    return found


def _checked(code: str) -> tuple[str, ast.Module]:
    try:
        return code, ast.parse(code)
    except (SyntaxError, ValueError) as error:
        raise SettingError(f"tests: {error}", expected="Python code") from None


def _functions(code: str, tree: ast.Module, entry_point: str) -> list[CodeTest]:
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            found.append(CodeTest(node.name, code, (node.name,)))
        elif isinstance(node, ast.FunctionDef) and node.name == "check" and entry_point:
            found.append(CodeTest("check", code, ("check",)))
        elif isinstance(node, ast.ClassDef) and any("TestCase" in ast.unparse(b) for b in node.bases):
            methods = [n.name for n in node.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]
            found += [CodeTest(f"{node.name}.{m}", code, (node.name, m)) for m in methods]
    if entry_point and not found:
        raise SettingError(f"entry_point={entry_point!r}", expected="tests that define check(candidate)")
    return found


def _asserts(tree: ast.Module) -> list[CodeTest]:
    """Each top-level assert with the other statements that stand before it."""
    found, before = [], list[ast.stmt]()
    for node in tree.body:
        if isinstance(node, ast.Assert):
            text = ast.unparse(node)
            found.append(CodeTest(text[:80], ast.unparse(ast.Module([*before, node], []))))
        else:
            before.append(node)
    return found
