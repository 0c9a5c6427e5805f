"""A policy that leaves something out: the criterion is found, paid, mastered, and looked at again."""

import asyncio
import json

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import DataError, SettingError
from rubricate.generate import ContrastGenerator, DisagreementChecklist
from rubricate.judges import PointwiseJudge
from rubricate.llm.scripted import JudgeScript, ScriptedClient, read_prompt
from rubricate.loops import Elicitation, ElicitCriteria, Elicited
from rubricate.refine import CriterionCurriculum

BASE = rb.Rubric(id="tea", criteria=[{"id": "heat", "text": "Gives a temperature."}])
WORDS = {
    "Gives a temperature.": "80 degrees",
    "Names where it is from.": "source",
    "Greets the reader.": "dear",
    "Ends with a summary.": "in short",
    "Shows a picture.": "figure",
}
JUDGE = PointwiseJudge(batch="all")


def judging(broken=()):
    def truth(response, criterion, text):
        return "no such verdict" if text in broken else WORDS[text] in response

    return ScriptedClient(JudgeScript(truth))


def naming(request):
    """Names every word of the table that one of the two answers has and the other has not."""
    one, two = (text for label, text in read_prompt(request).blocks if label.startswith("answer"))
    named = [t for t, w in WORDS.items() if (w in one) != (w in two)]
    return json.dumps({"items": [{"text": t, "class": "principle"} for t in named]})


def step(part, responses, state=None, broken=(), seed=0, base=BASE, **more):
    more = {"writer": ScriptedClient(naming)} | more
    rng = np.random.default_rng(seed)
    return asyncio.run(part.step(state or Elicitation(), base, "Tea?", responses, JUDGE, judging(broken), rng, **more))


GROUP = ("80 degrees, source", "80 degrees", "dear reader", "nothing, source")


def texts(state, status=None):
    return [i.text for i in state.items if status in (None, i.status)]


def test_a_step_by_hand():
    found = step(ElicitCriteria(), GROUP)
    assert found.reward.tolist() == [1, 1, 0, 0]
    assert found.rubric == BASE
    assert found.found == ("Names where it is from.", "Greets the reader.")
    assert [(i.status, round(i.spread, 4), i.ema) for i in found.state.items] == [
        ("active", 0.25, 0.0), ("active", 0.1875, 0.0),
    ]  # fmt: skip
    assert {d.text: d.reason for d in found.dropped} == {
        "Gives a temperature.": "it has the text of a criterion that is there"
    }
    after = step(ElicitCriteria(), GROUP, found.state)
    assert [c.text for c in after.rubric.criteria] == [BASE.criteria[0].text, *texts(found.state)]
    np.testing.assert_allclose(after.reward, [2 / 3, 1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose([i.ema for i in after.state.items], [0.05, 0.025])
    assert after.found == ()
    assert after.state.step == 2


def test_nothing_is_asked_when_nothing_tells_the_rollouts_apart():
    writer = ScriptedClient(naming)
    alike = step(ElicitCriteria(), ("80 degrees", "80 degrees, source"), writer=writer)
    assert (writer.calls, alike.state.items) == (0, ())
    assert "paid alike" in alike.note
    unread = step(ElicitCriteria(), GROUP, broken=("Gives a temperature.",), writer=writer)
    assert (writer.calls, np.isnan(unread.reward).all()) == (0, True)
    assert "fewer than two rollouts have a reward" in unread.note


def test_what_does_not_vary_or_cannot_be_judged_is_dropped_with_the_reason():
    group = ("80 degrees, dear", "dear, source", "dear, in short")
    say = ScriptedClient(lambda r: json.dumps({"items": [{"text": t, "class": "principle"} for t in list(WORDS)[1:]]}))
    found = step(ElicitCriteria(new=4), group, broken=("Ends with a summary.",), writer=say)
    assert found.found == ("Names where it is from.",)
    assert {d.text: d.reason for d in found.dropped} == {
        "Greets the reader.": "every rollout is judged alike",
        "Shows a picture.": "every rollout is judged alike",
        "Ends with a summary.": "fewer than two rollouts got a verdict",
    }
    few = step(ElicitCriteria(new=1), group, writer=say)
    assert [d.reason for d in few.dropped] == ["1 new ones came before it"] * 3


def test_the_least_spread_leaves_a_full_buffer_first_and_the_surest_mastered_one():
    open_ = [Elicited(f"Says {k}{k}{k}.", 1.0, "candidate", 0.0, 0.2 + k / 100, 0) for k in range(3)]
    done = [Elicited(f"Did {k}{k}{k}.", 1.0, "mastered", 0.9 + k / 100, 0.0, 0) for k in range(3)]
    state = Elicitation((*open_, *done))
    curriculum = CriterionCurriculum(rule="drop")
    found = step(ElicitCriteria(cap=2, mastered_cap=2, curriculum=curriculum), GROUP, state)
    assert texts(found.state, "mastered") == ["Did 000.", "Did 111."]
    assert "Names where it is from." in texts(found.state)
    assert len(found.state.items) == 4


def test_answers_of_another_policy_show_what_all_rollouts_lack():
    group = ("80 degrees", "80 degrees, source too", "80 degrees")
    part = ElicitCriteria(generator=DisagreementChecklist())
    assert step(part, group).found == ()
    found = step(part, group, beside=["80 degrees, source", "x"])
    assert found.found == ("Names where it is from.",)
    with pytest.raises(SettingError, match="labels are not needed"):
        step(ElicitCriteria(), group, beside=["x"])


def test_a_state_goes_through_json():
    state = step(ElicitCriteria(), GROUP).state
    assert Elicitation.from_json(json.loads(json.dumps(state.to_json()))) == state
    with pytest.raises(DataError, match="no elicitation"):
        Elicitation.from_json({"items": [{"text": "x"}], "step": 0})
    with pytest.raises(SettingError, match="cap"):
        ElicitCriteria(cap=0)
    with pytest.raises(SettingError, match="1 responses"):
        step(ElicitCriteria(), ("one",))


HABITS = ("80 degrees", "source")


def learned(part, seed, steps=60, forget=0):
    """Two habits as Bernoulli logits, followed by the policy gradient of the paid reward; they fade when unpaid."""
    rng = np.random.default_rng(seed)
    logit, state, states, asked = np.array([0.0, -1.2]), Elicitation(), [], []
    for t in range(steps):
        p = 1 / (1 + np.exp(-logit))
        has = rng.random((8, 2)) < p
        group = [" ".join(["tea", *(h for h, x in zip(HABITS, row, strict=True) if x)]) for row in has]
        found = step(part, group, state, seed=int(rng.integers(2**31)))
        advantage = (found.reward - found.reward.mean()) / (found.reward.std() + 1e-6)
        logit = logit + 2.0 * (advantage[:, None] * (has - p)).mean(0) - 0.05 * (logit > -1.2)
        state = found.state
        states.append(state)
        asked.append([c.text for c in found.rubric.criteria[1:]])
        if t == forget - 1:
            logit[1] = -1.2
    return 1 / (1 + np.exp(-logit[1])), states, asked


def test_what_the_policy_leaves_out_is_found_and_paid():
    quick = CriterionCurriculum(decay=0.5)
    ours, states, _ = learned(ElicitCriteria(curriculum=quick), 0)
    silent = ElicitCriteria(curriculum=quick, generator=ContrastGenerator(classes=("no such class",)))
    without, nothing, _ = learned(silent, 0)
    assert texts(states[-1]) == ["Names where it is from."]
    assert nothing[-1].items == ()
    assert ours > 0.8
    assert without < 0.4


def test_what_is_mastered_is_asked_again_and_paid_when_it_is_lost():
    """After 30 steps the habit is lost; only the rule that looks again notices."""
    rules = {rule: CriterionCurriculum(decay=0.5, rule=rule) for rule in ("recheck", "drop")}
    seen = {r: learned(ElicitCriteria(curriculum=c), 1, forget=30) for r, c in rules.items()}
    for _, states, _ in seen.values():
        assert any(texts(s, "mastered") for s in states[:30])
    rate, states, asked = seen["recheck"]
    mastered = [k for k, s in enumerate(states[:-1]) if texts(s, "mastered")]
    assert all(asked[k + 1] == ["Names where it is from."] for k in mastered)
    assert texts(states[31], "active") or texts(states[32], "active")
    assert rate > 0.8
    assert seen["drop"][0] < 0.4
