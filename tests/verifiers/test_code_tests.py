"""Unit tests against the code of a response: every honest form of test, and every way to cheat."""

import pytest

from rubricate.errors import SettingError
from rubricate.registry import lookup
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State
from rubricate.verifiers import decide
from rubricate.verifiers.base import check_settings
from rubricate.verifiers.code_tests import code_tests, split_tests
from rubricate.verifiers.sandbox import Sandbox, Status
from rubricate.verifiers.sandbox.records import Result

SQUARE = "assert f(2) == 4\nassert f(3) == 9"


def run(code, tests=SQUARE, **settings):
    return code_tests(Sample("a", (), f"Here it is:\n```python\n{code}\n```\nDone."), tests, **settings)


@pytest.mark.parametrize(
    ("code", "tests", "share"),
    [
        ("def f(x): return x * x", SQUARE, 1.0),
        ("def f(x): return x + 2", SQUARE, 0.5),
        ("def g(x): return x * x", SQUARE, 0.0),
        ("def f(x) return", SQUARE, 0.0),
        ("def f(x): return x * x", ["assert f(2) == 4", "y = f(3)\nassert y == 9", "assert f(1) == 2"], 2 / 3),
        ("def f(x): return x * x", "def test_a():\n    assert f(2) == 4\ndef test_b():\n    assert f(2) == 5", 0.5),
        ("def f(x): return x * x", "from solution import f as g\nassert g(2) == 4", 1.0),
        ("def f(x): return x * x", "from solution import *\nimport solution\nassert f(2) == solution.f(-2) == 4", 1.0),
        ("def f(x): raise KeyError(x)", "try:\n    f(3)\nexcept KeyError as e:\n    k = e.args\nassert k == (3,)", 1.0),
        ("def f(x):\n    yield from range(x)", "assert list(f(3)) == [0, 1, 2]\nassert 2 in f(3)\nassert sum(f(4)) == 6", 1.0),
        ("def f(g, x): return [g(y) for y in x]", "assert f(lambda y: y + 1, (1, 2)) == [2, 3]", 1.0),
        ("def f(g):\n    try: g()\n    except ValueError: return 'caught'", "def g(): raise ValueError('x')\nassert f(g) == 'caught'", 1.0),
        ("def f(): return {1: (2, {3}), 'b': [b'x', 1j, None, True, float('inf')]}", "assert f() == {1: (2, {3}), 'b': [b'x', 1j, None, True, float('inf')]}", 1.0),
        ("def f(): return (1,)", "assert f() == [1]", 0.0),
        ("LIMIT = 7\ndef f(): return LIMIT", "assert f() == LIMIT == 7", 1.0),
        ("def f(n):\n    r = 1\n    for k in range(1, n + 1): r *= k\n    return r", "assert f(3000) == math.factorial(3000)", 1.0),
        ("from fractions import Fraction\ndef f(): return Fraction(1, 3)", "from fractions import Fraction\nassert f() * 3 == 1", 1.0),
        ("from collections import namedtuple, Counter\ndef f(): return namedtuple('P', 'x y')(1, 2)\ndef g(): return Counter('aab')", "assert f() == (1, 2)\nassert g() == {'a': 2, 'b': 1}", 1.0),
    ],
)  # fmt: skip
def test_shares(code, tests, share):
    assert run(code, tests).value == pytest.approx(share)


STACK = """
class Empty(IndexError): pass
class Stack:
    size = 0
    def __init__(self, *items): self.items = list(items)
    def push(self, x): self.items.append(x); return self
    def pop(self):
        if not self.items: raise Empty('empty')
        return self.items.pop()
    def __len__(self): return len(self.items)
    def __getitem__(self, k): return self.items[k]
    def __setitem__(self, k, x): self.items[k] = x
    def __iter__(self): return iter(self.items)
    def __str__(self): return f'Stack{self.items}'
    def __enter__(self): return self
    def __exit__(self, *_): self.items.clear()
    def __eq__(self, other): return isinstance(other, Stack) and self.items == other.items
"""
CASE = """
import unittest
class TestStack(unittest.TestCase):
    def setUp(self): self.s = Stack(1, 2)
    def test_pop(self): self.assertEqual([self.s.pop(), len(self.s)], [2, 1])
    def test_chain(self): self.assertEqual(self.s.push(3).push(4)[3], 4)
    def test_item(self):
        self.s[0] = 9
        self.assertEqual(list(self.s), [9, 2])
    def test_text(self): self.assertEqual(f"{self.s}", "Stack[1, 2]")
    def test_attribute(self):
        self.s.size = 5
        self.assertEqual((self.s.size, Stack.size), (5, 0))
    def test_class(self): self.assertIsInstance(self.s, Stack)
    def test_with(self):
        with self.s as t: t.push(3)
        self.assertEqual(len(self.s), 0)
    def test_own_error(self):
        with self.assertRaises(Empty): Stack().pop()
        with self.assertRaises(IndexError): Stack().pop()
    def test_twin(self): self.assertEqual(self.s, Stack(1, 2))
"""


def test_classes_live_over_there_and_work_here():
    outcome = run(STACK, CASE)
    assert outcome.value == pytest.approx(8 / 9)
    assert "TestStack.test_twin" in outcome.reason
    assert "operators=True" in outcome.reason
    assert run(STACK, CASE, operators=True).value == 1.0


def test_changes_of_arguments_come_back_when_asked():
    tests = "a = [3, 1]\nf(a)\nassert a == [1, 3]"
    assert "in_place=True" in run("def f(x): x.sort()", tests).reason
    assert run("def f(x): x.sort()", tests, in_place=True).value == 1.0
    grab = "def f(x):\n    x.clear()\n    return []"
    assert run(grab, "a = [3, 1]\nassert f(a) == sorted(a)").value == 0.0
    assert run(grab, "a = [3, 1]\nassert f(a) == sorted(a)", in_place=True).value == 1.0  # the control: as in Python


def test_check_with_an_entry_point():
    tests = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9"
    assert run("def f(x): return x * x", tests, entry_point="f").value == 1.0
    assert run("def f(x): return x + 2", tests, entry_point="f").value == 0.0
    assert run("def g(x): return x * x", tests, entry_point="f").value == 0.0


ANY = "class Any:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    def __sub__(self, o): return 0.0\n    __rsub__ = __lt__ = __le__ = __gt__ = __contains__ = __bool__ = __eq__\n"
CHEATS = {
    "equal to everything": ANY + "def f(x): return Any()",
    "equal to everything, as a number": "class I(int):\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return I(0)",
    "equal to everything, in a list": ANY + "def f(x): return [Any()]",
    "exit at import": "import sys\nsys.exit(0)",
    "exit at call": "import os\ndef f(x): os._exit(0)",
    "exit by exception": "def f(x): raise SystemExit(0)",
    "exit at end": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",
    "a patched harness": "import builtins, unittest\nunittest.TestCase.assertEqual = lambda *a: None\nbuiltins.all = lambda x: True\ndef f(x): return 0",
    "a patched harness, deeper": "import sys\nfor m in list(sys.modules.values()):\n    if hasattr(m, 'AssertionError'): m.AssertionError = None\ndef f(x): return 0",
    "a printed verdict": "print('{\"passed\": true, \"why\": \"\"}')\ndef f(x): return 0",
    "a verdict on every descriptor": "import os, json\nfor fd in range(3, 64):\n    try: os.write(fd, json.dumps({'passed': True, 'why': ''}).encode())\n    except OSError: pass\ndef f(x): return 0",
    "a forged reply": "import os, struct, json\ndef f(x):\n    m = json.dumps({'value': True, 'passed': True}).encode()\n    os.write(4, struct.pack('=I', len(m)) + m)\n    return 0",
    "nonsense on the channel": "import os\nos.write(4, b'\\xff' * 100)\ndef f(x): return 0",
    "the end of a loop": "def f(x): raise StopIteration",
    "a built-in name": "def abs(x): return 0.0\ndef all(x): return True\ndef sorted(x): return []\ndef f(x): return 0",
    "a module of its own": "class math:\n    isclose = staticmethod(lambda *a, **k: True)\ndef f(x): return 0",
    "the test as a file": "import glob\nfound = [open(p).read() for p in glob.glob('**', recursive=True)]\ndef f(x): return found",
    "the caller's frames": "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n        for v in list(frame.f_locals.values()):\n            if v == 4 or v == 9: return v\n        frame = frame.f_back\n    return 0",
    "a changed argument": "def f(x):\n    if isinstance(x, list): x.clear()\n    return 0",
}  # fmt: skip
HARD = """
import math, unittest
class T(unittest.TestCase):
    def test_equal(self): self.assertEqual(f(2), 4)
    def test_not_equal(self): self.assertFalse(f(2) != 4)
    def test_close(self): self.assertAlmostEqual(f(2), 4.0)
def test_equal(): assert f(2) == 4
def test_turned(): assert 4 == f(2)
def test_difference(): assert abs(f(2) - 4) < 1e-9
def test_close(): assert math.isclose(f(2), 4)
def test_many(): assert all(f(x) == x * x for x in (2, 3))
def test_mapped(): assert list(map(f, [2, 3])) == [4, 9]
def test_in(): assert 4 in [f(2)]
def test_less(): assert 3.5 < f(2) < 4.5
def test_order(): assert sorted([f(3), f(2)]) == [4, 9]
"""


def test_no_cheat_passes_a_test():
    assert run("def f(x): return x * x", HARD).value == 1.0
    for name, code in CHEATS.items():
        outcome = run(code, HARD)
        assert outcome.value == 0.0, (name, outcome.reason)


@pytest.mark.parametrize("name", ["equal to everything", "a patched harness"])
def test_control_the_same_cheats_pass_in_one_process(name):
    with Sandbox(workers=1) as sandbox:
        test = "assert f(2) == 4" if "everything" in name else "unittest.TestCase().assertEqual(f(2), 4)"
        assert sandbox.run(f"{CHEATS[name]}\n{test}").ok


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def f(x):\n    while True: pass", "timed_out"),
        ("while True: pass", "timed_out"),
        ("def f(x): return bytearray(1 << 40)", "MemoryError"),
        ("def f(x):\n    a = []\n    a.append(a)\n    return a", "Lost"),
        ("def f(x): return 'x' * (64 << 20)", "Lost"),
        ("import os\ndef f(x): os.kill(os.getppid(), 9)", "PermissionError"),
    ],
)
def test_what_runs_away_fails_its_test_alone(code, why):
    outcome = run(code, ["assert f(2) == 4"], seconds=1.0)
    assert outcome.value == 0.0
    assert why in outcome.reason


def test_the_reason_shows_the_line_and_the_error():
    outcome = run("def f(x): return 1 / x", "assert f(1) == 1.0\nassert f(0) == 2")
    assert outcome.reason == (
        "1 of 2 tests passed. assert f(0) == 2: assert f(0) == 2: ZeroDivisionError: division by zero"
    )


def test_a_fault_of_the_sandbox_is_no_verdict(monkeypatch):
    monkeypatch.setattr(Sandbox, "linked", lambda self, *a: (Result(Status.FAULT), Result(Status.FAULT, stderr="gone")))
    criterion = Criterion(id="c", text="x", verifier={"name": "code_tests", "tests": SQUARE})
    verdict = decide(Sample("a", (), "def f(x): return 0"), criterion)
    assert verdict.state is State.FAILED
    assert verdict.value is None
    assert "the sandbox failed: gone" in verdict.reason


@pytest.mark.parametrize(
    ("tests", "more"),
    [("", {}), ("x = 1", {}), ("assert (", {}), (["x ="], {}), ([], {}), ("assert f(1)", {"entry_point": "f"})],
)
def test_tests_that_are_none_are_refused(tests, more):
    with pytest.raises(SettingError):
        run("def f(x): return x", tests, **more)


def test_settings_are_checked_before_the_job():
    check_settings(Criterion(id="c", text="x", verifier={"name": "code_tests", "tests": SQUARE}))
    with pytest.raises(SettingError, match="block"):
        check_settings(Criterion(id="c", text="x", verifier={"name": "code_tests", "tests": SQUARE, "block": "best"}))
    assert lookup("verifier", "code_tests") is code_tests


def test_no_code_is_no_pass():
    assert code_tests(Sample("a", (), "<think>def f(x): return x * x</think>"), SQUARE).value == 0.0
    assert code_tests(Sample("a", (), "```sql\nSELECT 1\n```"), SQUARE).reason == "no code found"


def test_each_assert_takes_what_stands_before_it():
    first, second = split_tests("a = 1\nassert f(a)\nb = 2\nassert f(b)")
    assert first.code == "a = 1\nassert f(a)"
    assert second.code == "a = 1\nb = 2\nassert f(b)"
