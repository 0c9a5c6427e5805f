"""The process of the tests: runs one test against an answer that lives elsewhere, and says whether it held.

The verdict goes out on a pipe that the process of the answer does not have. What the answer returns arrives here as
plain data, so no object of its making can compare itself equal, patch an assertion or end this process.
"""

from __future__ import annotations

import ast
import builtins
import collections
import importlib
import json
import linecache
import os
import socket
import sys
import traceback
import types
import typing
import unittest
from collections.abc import Iterable
from typing import Any

from rubricate.verifiers.sandbox.inside.programs import CHANNEL, REPORT
from rubricate.verifiers.sandbox.inside.remote import Link, Lost

# Names that tests may use without importing them. They are ours: an answer cannot put its own in their place.
_MODULES = (
    *("bisect", "cmath", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "itertools"),
    *("json", "math", "operator", "random", "re", "statistics", "string", "sys", "time", "typing", "unittest"),
)
_TYPES = ("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple")
_FILE = "tests.py"


class AnswerModule(types.ModuleType):
    """``solution``, for tests that import from it."""

    def __init__(self, link: Link, names: Iterable[str]) -> None:
        super().__init__("solution")
        self.__dict__["_link"] = link
        self.__all__ = [n for n in names if trusted(n) is None and not hasattr(builtins, n)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._link.do("name", name)
        except NameError as error:
            raise AttributeError(str(error)) from None


def trusted(name: str) -> Any:
    """What a name means whatever the answer says, or None."""
    if name in _MODULES:
        return importlib.import_module(name)
    return getattr(collections, name) if name in _TYPES else vars(typing).get(name) if name in typing.__all__ else None


def main(text: str) -> None:
    """Run one test. ``text``: code, what to call in it (``run``), names to bind, entry point, switches, as JSON."""
    plan = json.loads(text)
    link = Link(socket.socket(fileno=CHANNEL), operators=plan["operators"], in_place=plan["in_place"])
    try:
        _test(plan, link)
    finally:
        error = sys.exc_info()[1]
        passed = error is None and not link.lost
        said = {"passed": passed, "why": "" if passed else _why(error, link)}
        os.write(REPORT, json.dumps(said).encode())
        os._exit(0)  # nothing that the tests left behind may speak after this


def _test(plan: dict[str, Any], link: Link) -> None:
    hello = link.hello()
    if "broken" in hello:
        raise Lost(f"the answer does not load: {hello['broken']}")
    solution = AnswerModule(link, map(str, hello["names"]))
    sys.modules["solution"] = solution
    space: dict[str, Any] = {"__name__": "tests", **_bound(plan, solution, set(hello["names"]))}
    linecache.cache[_FILE] = (len(plan["code"]), None, plan["code"].splitlines(keepends=True), _FILE)
    exec(compile(plan["code"], _FILE, "exec"), space)
    _call(plan["run"], space, plan["entry_point"], solution)


def _call(run: list[str], space: dict[str, Any], entry_point: str, solution: AnswerModule) -> None:
    if not run:
        return
    if len(run) == 2:
        result = unittest.TestResult()
        space[run[0]](run[1]).run(result)
        problems = [text for _, text in result.failures + result.errors]
        if problems or result.testsRun != 1:
            raise AssertionError(problems[0].strip().rpartition("\n")[2] if problems else "the test did not run")
    else:
        space[run[0]](*([getattr(solution, entry_point)] if entry_point else []))


def _bound(plan: dict[str, Any], solution: AnswerModule, there: set[str]) -> dict[str, Any]:
    """The names that the tests use and do not define: ours where they are trusted, else the answer's."""
    tree = ast.parse(plan["code"])
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    made = {n.id for s in tree.body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    made |= {s.name for s in tree.body if isinstance(s, (ast.FunctionDef, ast.ClassDef))}
    wanted = {n for n in used - made if not hasattr(builtins, n)} | set(plan["names"])
    found = {n: trusted(n) for n in wanted if n not in plan["names"] and trusted(n) is not None}
    return found | {n: getattr(solution, n) for n in wanted - set(found) if n in there}


def _why(error: BaseException | None, link: Link) -> str:
    """The failing line of the tests and the error, in one line."""
    lines = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == _FILE] if error else []
    text = str(error).strip().partition("\n")[0]
    said = f"{type(error).__name__}{': ' if text else ''}{text}" if error else "the answer's process ended"
    return "; ".join([*([f"{lines[-1]}: {said}"] if lines and lines[-1] else [said]), *sorted(link.notes)])[:500]
