"""The gate of all generators: what passes is linted, what does not has a reason; nothing is cut in silence."""

import pytest

from rubricate.errors import SettingError
from rubricate.generate import Dropped, Gate, Material, admit
from rubricate.generate.admit import points, read_items
from rubricate.llm.ask import Problem
from rubricate.rubrics import Criterion

MATERIAL = Material(
    "How do I make tea?",
    responses=("Warm the pot with a swirl of hot water, then steep.", "Just use the microwave for three minutes."),
    labels=(1.0, 0.0),
)


def criteria(*texts, **fields):
    return [Criterion(id=f"c{k}", text=t, **fields) for k, t in enumerate(texts)]


def reason_of(*texts, gate=None, **more):
    draft = admit(criteria("Names a kind of tea.", *texts), MATERIAL, gate or Gate(), id="r", **more)
    return {d.text: d.reason for d in draft.dropped}[texts[-1]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Says what response A says.", "R401-names-an-answer"),
        ("Uses a swirl of hot water.", "R402-quotes-a-candidate"),
        ("names a kind of tea", "R301-same-text"),
        ("```python\nprint(1)\n```", "it holds code"),
        ("def check(x):\n    return True", "it holds code"),
        ("x" * 601, "601 characters long"),
        ("说明如何泡茶。", "it is written in cjk and the prompt in latin"),
    ],
)
def test_each_bad_item_is_dropped_with_its_reason(text, reason):
    assert reason in reason_of(text)


def test_what_is_right_passes_unchanged():
    draft = admit(
        criteria("Names a kind of tea.", "Gives the time in minutes."), MATERIAL, Gate(), id="r", policy="orbit"
    )
    assert draft.why == ""
    assert [c.id for c in draft.rubric.criteria] == ["c0", "c1"]
    assert draft.rubric.policy.name == "orbit"
    assert draft.rubric.prompt == MATERIAL.prompt


def test_a_repeated_id_and_too_many_are_dropped():
    twice = [Criterion(id="a", text="Names a kind of tea."), Criterion(id="a", text="Gives the time in minutes.")]
    assert "stands twice" in admit(twice, MATERIAL, Gate(), id="r").dropped[0].reason
    few = admit(criteria("Names a kind of tea.", "Gives the time in minutes."), MATERIAL, Gate(most=1), id="r")
    assert "1 criteria before it" in few.dropped[0].reason


def test_a_draft_that_falls_short_has_no_rubric_and_says_why():
    draft = admit([*criteria("Says what response A says."), Dropped("x", "no fact")], MATERIAL, Gate(), id="r")
    assert draft.rubric is None
    assert "0 criteria were kept, and 1 are wanted after the lint" in draft.why
    short = admit(criteria("Names a kind of tea."), MATERIAL, Gate(negatives=True), id="r")
    assert short.rubric is None
    assert "something bad" in short.why


def test_an_error_of_the_whole_rubric_refuses_the_draft():
    draft = admit(criteria("Suggests a microwave.", weight=-1.0), MATERIAL, Gate(), id="r", policy="healthbench")
    assert draft.rubric is None
    assert "R101-no-positive-criterion" in draft.why
    broken = admit(criteria("Names a kind of tea."), MATERIAL, Gate(), id="r", nonsense=1)
    assert broken.rubric is None
    assert "not valid" in broken.why


def test_a_generators_own_reason_counts():
    draft = admit(
        criteria("Names a kind of tea."),
        MATERIAL,
        Gate(),
        id="r",
        refuse=lambda c: "too plain" if "tea" in c.text else "",
    )
    assert draft.dropped == (Dropped("Names a kind of tea.", "too plain"),)


def test_replies_that_did_not_do_what_was_asked_are_problems():
    gate = Gate(most=2)
    assert isinstance(read_items("text", gate), Problem)
    assert isinstance(read_items([{"text": " "}, {"no": 1}, 3], gate), Problem)
    assert "11 items" in read_items([{"text": "t"}] * 11, gate).text
    assert read_items([{"text": "t"}, {"text": "u", "points": 1}], gate, "points") == [{"text": "u", "points": 1}]


@pytest.mark.parametrize("value", [True, "3", None, float("nan"), float("inf"), 0, 11, -11])
def test_points_that_are_none(value):
    assert points(value, -10, 10) is None


def test_a_gate_that_cannot_pass_is_refused():
    with pytest.raises(SettingError, match="1 <= least <= most"):
        Gate(least=3, most=2)
