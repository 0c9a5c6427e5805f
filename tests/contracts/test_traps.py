"""Traps that published scoring code has, one test each that they are not ours; each shows beside it what the trap pays."""

import ast
import asyncio
import json
import math
from pathlib import Path

import numpy as np
import pytest

import rubricate
from rubricate.arrays import pack
from rubricate.errors import DataError, ShapeError
from rubricate.judges import PointwiseJudge
from rubricate.llm.client import Reply
from rubricate.loops import sandbox_runner
from rubricate.recipes.card import find_recipe
from rubricate.refine import Wanted, static_faults
from rubricate.rewards import without_sentinels
from rubricate.rewards.named import named
from rubricate.rewards.policies import as_scores
from rubricate.rubrics import Rubric
from rubricate.rubrics.importers import prbench
from rubricate.scoring import reward
from rubricate.structure import Structure
from rubricate.types import Judgement, Message, Sample, State, Verdict
from rubricate.verifiers.sandbox import Sandbox

RUBRIC = Rubric(
    id="r",
    criteria=[{"id": "heavy", "text": "Right.", "weight": 9}, {"id": "light", "text": "Short.", "weight": 1}],
)
SAMPLE = Sample("s", (Message("user", "q"),), "a")


def test_an_unmatched_criterion_gets_no_mean_weight():
    """DeepResearch Bench matches criteria by text and pays the mean weight (5 here) for what it does not find."""
    verdicts = [Verdict("heavy", State.SCORED, 0.0), Verdict("Light.", State.SCORED, 1.0)]
    columns = {RUBRIC.digest: RUBRIC.columns()}
    with pytest.raises(ShapeError, match=r"Light\."):
        pack([Judgement("s", RUBRIC.digest, tuple(verdicts))], columns)
    said = [{"id": "heavy", "verdict": "not_met"}, {"id": "Light.", "verdict": "met"}]
    client = Looping(json.dumps({"verdicts": said}))
    found = asyncio.run(PointwiseJudge(reasks=0).verdicts(SAMPLE, RUBRIC, RUBRIC.leaves, client))
    assert [v.criterion for v in found] == ["heavy", "light"]
    assert found[1].value is None
    scores = pack([Judgement("s", RUBRIC.digest, tuple(found))], columns)
    assert np.isnan(reward(scores, RUBRIC, "healthbench").values[0])
    trapped = (0 * 9 + 1 * 5) / (9 + 5)
    assert trapped > 0.3  # what the mean weight would pay


def test_tasks_without_citations_can_be_counted_and_are_always_told():
    """DeepResearch Bench averages effective citations over the tasks that cite anything: citing rarely looks good."""
    busy = as_scores([[1.0, 1.0], [1.0, 1.0]])
    rare = as_scores([[1.0, 1.0], [0.0, 0.0]], asked=[[True, True], [False, False]])
    policy = named("deepresearch_fact")
    assert policy.rates(busy).effective == policy.rates(rare).effective == 2.0  # as published: the trap
    assert (policy.rates(busy).uncited, policy.rates(rare).uncited) == (0, 1)
    every = named("deepresearch_fact", tasks="all")
    assert (every.rates(busy).effective, every.rates(rare).effective) == (2.0, 1.0)
    assert math.isnan(named("deepresearch_fact").score(rare).values[1])  # nothing cited is no reward


def test_a_stale_sibling_column_is_never_read():
    """PRBench rows carry a weight for every class; only that of the row's own class counts, and without it none does."""
    names = ("critically_important", "important", "slightly_important")

    def weight(**columns):
        notes = {"weight_class": "important", **columns}
        row = {"task": "t", "prompt_0": "q", "rubric": [{"id": "i", "title": "Right.", "annotations": notes}]}
        return prbench(row).rubric.criteria[0].weight

    assert {weight(important_weight=5, **{f"{n}_weight": stale for n in names if n != "important"})
            for stale in (1, 10, -3, None)} == {5}  # fmt: skip
    with pytest.raises(DataError, match="'important_weight' is missing"):
        weight(critically_important_weight=10)


class Looping:
    """Says the same for ever, and counts."""

    endpoint = "test"

    def __init__(self, text):
        self.text, self.calls = text, 0

    async def complete(self, request):
        self.calls += 1
        assert self.calls < 100, "asks for ever"
        return Reply((self.text,), ("stop",))


def test_a_reply_that_never_parses_ends():
    """HealthBench's grader asks until the reply parses; here the tries are bounded and what is left is no verdict."""
    client = Looping("no JSON at all")
    found = asyncio.run(PointwiseJudge(reasks=3).verdicts(SAMPLE, RUBRIC, RUBRIC.leaves, client))
    assert client.calls == 4
    assert [(v.state, v.value) for v in found] == [(State.UNREADABLE, None)] * 2


def test_sentinels_are_not_averaged():
    """SedarEval writes -200 and -100 for answers that it did not score, among scores of 0 to 5."""
    totals = [4.0, -200.0, 2.0, -100.0]
    found = without_sentinels(totals)
    assert np.nanmean(found.values) == 3.0
    assert found.valid.tolist() == [True, False, True, False]
    assert np.mean(totals) == -73.5  # the trap


def test_agreement_on_a_core_criterion_stays_in_the_denominator():
    """OpenRS drops criteria scored 0, so two answers alike in all that matters differ as much as they ever can."""
    recipe = find_recipe("8")
    tree = Structure.of([-1] * 3, classes=("core", "core", "highlight"))
    one = {"scores": [[0.5, 0.5, 0.75]], "tiers": tree}  # 0, 0 and +1 of 2
    ours = float(recipe().reward.build(**one)[0])
    trapped = float(recipe(zeros="skip").reward.build(**one)[0])
    assert (round(ours, 3), round(trapped, 3)) == (round(1 / 11, 3), 1.0)


def test_ties_do_not_vanish_from_a_win_rate():
    """OpenRS reports W / (W + L): ten wins, five losses and 85 ties are 67 %."""
    results = np.repeat([1.0, -1.0, 0.0], [10, 5, 85])
    recipe = find_recipe("8")
    assert float(recipe().audit.build().total(results)) == pytest.approx(0.525)
    assert float(recipe(ties="exclude").audit.build().total(results)) == pytest.approx(2 / 3)


def programs_run_in(text):
    """Whether a source calls ``exec`` or ``eval``."""
    calls = (n.func for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    return any(isinstance(f, ast.Name) and f.id in ("exec", "eval") for f in calls)


def test_code_that_a_model_wrote_runs_nowhere_but_in_the_sandbox():
    """OpenRS executes Python that its judge wrote in the process that pays the reward."""
    source = Path(rubricate.__file__).parent
    found = {p.relative_to(source).as_posix() for p in source.rglob("*.py") if programs_run_in(p.read_text("utf-8"))}
    assert found
    assert all(name.startswith("verifiers/sandbox/inside/") for name in found)


def test_a_rule_that_reaches_out_is_refused_before_it_runs_and_stopped_when_it_does(tmp_path):
    target = tmp_path / "written"
    rule = f"def reward(observation):\n    with open({str(target)!r}, 'w') as file:\n        file.write('x')\n    return 1.0\n"
    assert any("uses open" in f for f in static_faults(rule, Wanted("Dig.", (("depth", "int"),))))
    with Sandbox(workers=1) as box:
        asyncio.run(sandbox_runner(box)(rule, "reward", [{"depth": 1}]))
        walled = box.level.name in ("bubblewrap", "namespaces", "filter")
    assert not (walled and target.exists())
    space = {}
    exec(rule, space)  # the trap: in this process the same rule writes where it likes
    space["reward"]({"depth": 1})
    assert target.read_text() == "x"
