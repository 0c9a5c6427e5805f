"""Rules in code: what is seen without running, what a dry run shows, repair; hostile drafts never run."""

import asyncio

import pytest

from rubricate.errors import CallError, SandboxError, SettingError
from rubricate.llm.scripted import ScriptedClient
from rubricate.loops import sandbox_runner
from rubricate.refine import CodeRuleWriter, Ran, Wanted, run_faults, static_faults
from rubricate.verifiers.sandbox import Limits, Sandbox

WANTED = Wanted("Dig deep.", (("depth", "int: blocks below ground"), ("lava", "bool")))
GOOD = "import math\n\ndef reward(observation):\n    return math.tanh(observation['depth'] / 10) - 0.5 * observation.get('lava', 0)\n"
HOSTILE = {
    "import os\ndef reward(observation):\n    return os.system('x')": "imports os",
    "from . import x\ndef reward(observation):\n    return 1": "relative",
    "def reward(observation):\n    return open('x')": "uses open",
    "def reward(observation):\n    return eval('1')": "uses eval",
    "def reward(observation):\n    return __import__('os')": "__import__",
    "def reward(observation):\n    return ().__class__": "__class__",
    "def reward(observation):\n    return getattr(observation, 'x')": "uses getattr",
    "def reward(observation):\n    return observation['gold']": "'gold'",
    "def reward(observation):\n    return observation.get('gold', 1)": "'gold'",
    "def reward(observation):\n    k = 'de' + 'pth'\n    return observation[k]": "spelled out",
    "def reward(observation):\n    return sum(observation.values())": "spelled out",
    "def reward(observation):\n    x = observation\n    return x['gold']": "spelled out",
    "def reward(observation):\n    pass": "never returns",
    "def reward(x):\n    return 1": "exactly one function",
    "def other(observation):\n    return 1": "exactly one function",
    "class A:\n    pass\ndef reward(observation):\n    return 1": "ClassDef",
    "while True:\n    pass\ndef reward(observation):\n    return 1": "at the top",
    "def reward(observation:\n": "does not parse",
}


async def refuse(code, entry, recorded):
    raise AssertionError("this must not run")


def block(code):
    return f"Here:\n```python\n{code}\n```"


def write(replies, run, recorded=({"depth": 3, "lava": True},), **settings):
    given = iter(replies)
    asked = []

    def rule(request):
        asked.append(request)
        return next(given)

    writer = CodeRuleWriter(**settings)
    return asyncio.run(writer.write(WANTED, recorded, ScriptedClient(rule), run)), asked


@pytest.mark.parametrize(("code", "fault"), HOSTILE.items())
def test_faults_are_seen_without_running(code, fault):
    assert any(fault in f for f in static_faults(code, WANTED)), static_faults(code, WANTED)
    rule, _ = write([block(code)], refuse, repairs=0)
    assert not rule.ok


def test_a_good_rule_passes():
    assert static_faults(GOOD, WANTED) == ()


def test_values_of_a_dry_run():
    assert run_faults(Ran((0.5, -1.0)), WANTED) == ()
    assert "leaves [-1, 1]" in run_faults(Ran((0.5, 2.0)), WANTED)[0]
    assert "1 of 2" in run_faults(Ran((0.5, float("nan"))), WANTED)[0]
    assert "KeyError" in run_faults(Ran((), "KeyError: 'x'"), WANTED)[0]
    assert run_faults(Ran(()), WANTED)


def test_faults_go_back_to_the_writer():
    async def run(code, entry, recorded):
        return Ran((0.1,))

    bad = next(iter(HOSTILE))
    rule, asked = write([block(bad), "no code", block(GOOD)], run, repairs=1)
    assert (rule.ok, rule.drafts, rule.usage.calls) == (True, 2, 3)
    assert "imports os" in rule.history[0]
    assert "imports os" in asked[1].messages[1].content
    with pytest.raises(CallError, match="one code block"):
        write(["none", block("a") + block("b")], run, reasks=1)
    with pytest.raises(SettingError, match="no recorded"):
        write([], run, recorded=())


def test_types_are_shown_when_asked_for():
    assert "blocks below ground" in CodeRuleWriter().request(WANTED).messages[1].content
    assert "blocks below ground" not in CodeRuleWriter(typed=False).request(WANTED).messages[1].content
    with pytest.raises(SettingError, match="low < high"):
        Wanted("x", (("a", "int"),), low=1.0, high=1.0)


def test_a_dry_run_in_the_sandbox():
    crash = "def reward(observation):\n    return 1 / observation['depth']\n"
    endless = "def reward(observation):\n    while True:\n        pass\n    return observation['depth']\n"
    try:
        with Sandbox() as box:
            run = sandbox_runner(box, Limits(wall=2.0, cpu=1.0))
            ran = asyncio.run(run(GOOD, "reward", [{"depth": 0, "lava": 1}, {"depth": 1000, "lava": 0}]))
            assert ran == Ran((-0.5, 1.0))
            assert "ZeroDivisionError" in asyncio.run(run(crash, "reward", [{"depth": 0}])).error
            assert asyncio.run(run(endless, "reward", [{"depth": 0}])).error
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
