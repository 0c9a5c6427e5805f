import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import CallError, SettingError
from rubricate.judges import EquivalenceJudge
from rubricate.judges.reference import NO_ANSWER, read_word, references_of
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply, Token
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Criterion, Rubric
from rubricate.types import Message, Sample, State

RUBRIC = Rubric(id="r", criteria=[{"id": "right", "text": "The answer is right."}])
SAMPLE = Sample("s", (Message("user", "What is 6 x 7?"),), "Six sevens. The answer is 42.", reference="42")


def ask(rule, judge=None, sample=SAMPLE, rubric=RUBRIC):
    client = ScriptedClient(rule)
    (verdict,) = asyncio.run((judge or EquivalenceJudge()).verdicts(sample, rubric, rubric.leaves, client))
    return verdict, client


def prompt(judge, sample=SAMPLE):
    given = references_of(sample, RUBRIC.leaves[0])
    return "\n".join(m.content for m in judge.request(sample, given, judge.candidate(sample)).messages)


@pytest.mark.parametrize(
    ("said", "value"), [("YES", 1.0), ("no", 0.0), (" **Yes**.", 1.0), ("<think>NO</think>YES", 1)]
)
def test_one_word_is_the_verdict(said, value):
    verdict, _ = ask(lambda r: said)
    assert (verdict.state, verdict.value, verdict.usage.calls) == (State.SCORED, value, 1)
    assert verdict.judge == EquivalenceJudge().digest


@pytest.mark.parametrize("said", ["", "YES and NO", "maybe", "YES, but NO", '{"verdict": "YES"}', "1", "nan"])
def test_anything_else_is_asked_again_and_then_unreadable(said):
    verdict, client = ask(lambda r: said)
    assert (verdict.state, verdict.value, client.calls, verdict.usage.calls) == (State.UNREADABLE, None, 3, 3)
    assert verdict.raw == said


def test_a_second_try_can_be_read_and_is_told_what_was_wrong():
    verdict, _ = ask(
        lambda r: "hm" if len(r.messages) == 2 else "NO" if "neither YES nor NO" in r.messages[3].content else "YES"
    )
    assert (verdict.value, verdict.attempts, verdict.usage.calls) == (0.0, 2, 2)


def test_the_last_box_counts_and_a_word_outside_does_not():
    judge = EquivalenceJudge(answer="boxed")
    assert ask(lambda r: r"\boxed{NO}? They agree: \boxed{\text{YES}}", judge)[0].value == 1.0
    assert ask(lambda r: "YES", judge)[0].state is State.UNREADABLE
    assert ask(lambda r: r"\boxed{YES or NO}", judge)[0].state is State.UNREADABLE


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(("",), ("length",)), State.TRUNCATED),
        (Reply(("I cannot",), ("content_filter",)), State.REFUSED),
        (CallError("late", state="timed_out"), State.TIMED_OUT),
        (CallError("down", attempts=4), State.FAILED),
    ],
)
def test_calls_that_end_badly_have_their_state(reply, state):
    class Client:
        endpoint = "test"

        async def complete(self, request):
            if isinstance(reply, CallError):
                raise reply
            return reply

    (verdict,) = asyncio.run(EquivalenceJudge().verdicts(SAMPLE, RUBRIC, RUBRIC.leaves, Client()))
    assert (verdict.state, verdict.value) == (state, None)


def test_the_question_is_shown_only_when_asked_for():
    assert "6 x 7" not in prompt(EquivalenceJudge())
    assert "6 x 7" in prompt(EquivalenceJudge(show_question=True))


def test_only_the_final_answer_is_sent_unless_the_whole_is_asked_for():
    assert "Six sevens" not in prompt(EquivalenceJudge())
    assert "Six sevens" in prompt(EquivalenceJudge(final_answer_only=False))


@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize(
    "text", ["", " ", ":", "Solution", "Thought process:", "解", r"It follows \boxed{}", "<think>42"]
)
def test_an_answer_without_content_is_refused_without_a_call(text, only):
    if only is False and "boxed" in text:
        return  # the whole text says something
    sample = Sample("s", (), text, reference="42")
    verdict, client = ask(lambda r: "YES", EquivalenceJudge(final_answer_only=only), sample)
    assert (verdict.state, verdict.value, verdict.label, client.calls) == (State.SCORED, 0.0, NO_ANSWER, 0)
    verdict, client = ask(lambda r: "YES", EquivalenceJudge(final_answer_only=only, empty="skip"), sample)
    assert (verdict.state, verdict.value, client.calls) == (State.SKIPPED, None, 0)


def test_without_a_reference_it_abstains():
    verdict, client = ask(lambda r: "YES", sample=Sample("s", (), "42"))
    assert (verdict.state, client.calls) == (State.ABSTAINED, 0)
    assert ask(lambda r: "YES", sample=Sample("s", (), "42", reference="  "))[0].state is State.ABSTAINED


def test_the_reference_of_the_criterion_comes_first_then_several_of_the_sample():
    own = Criterion(id="c", text="t", reference="41")
    sample = Sample("s", (), "42", reference="42", metadata={"references": ["42", "forty-two", "", 3]})
    assert references_of(sample, own) == ("41",)
    assert references_of(sample, RUBRIC.leaves[0]) == ("42", "forty-two")
    assert references_of(SAMPLE, RUBRIC.leaves[0]) == ("42",)


def test_the_rules_are_in_the_prompt():
    several = Sample("s", (), "42", metadata={"references": ["42", "43"]})
    assert "20 is not 20 dB" in prompt(EquivalenceJudge())
    assert "left out is no fault" in prompt(EquivalenceJudge(units="lenient"))
    assert "in any order" in prompt(EquivalenceJudge())
    assert "in the order of" in prompt(EquivalenceJudge(parts="in_order"))
    assert "one that fits" in prompt(EquivalenceJudge(), several)
    assert "one that fits" not in prompt(EquivalenceJudge())
    assert "all must be met" in prompt(EquivalenceJudge(references="all"), several)
    assert "beginning of it" in prompt(EquivalenceJudge(mode="prefix"))


def spread(word, **p):
    top = tuple((k, math.log(v)) for k, v in p.items())
    return Reply((word,), tokens=((Token(word, dict(top)[word], top),),))


def test_the_soft_value_is_the_mass_on_yes_over_both():
    verdict, _ = ask(lambda r: spread("YES", YES=0.5, No=0.3, other=0.1), EquivalenceJudge(soft=True))
    assert verdict.value == pytest.approx(0.625)
    assert verdict.probability == pytest.approx(0.625)
    assert verdict.margin == pytest.approx(math.log(0.5 / 0.3))
    assert verdict.label == "YES"


def test_a_soft_verdict_that_cannot_be_had_is_no_number():
    judge = EquivalenceJudge(soft=True, reasks=0)
    assert ask(lambda r: "YES", judge)[0].state is State.UNREADABLE
    assert ask(lambda r: spread("YES", YES=0.2, other=0.7), judge)[0].state is State.UNREADABLE
    assert ask(lambda r: "YES", EquivalenceJudge(soft=True, without_logprobs="label"))[0].value == 1.0


def test_values_lie_on_the_scale_of_the_criterion():
    rubric = Rubric(id="r", criteria=[{"id": "right", "text": "t", "scale": {"kind": "points", "min": 0, "max": 4}}])
    assert ask(lambda r: "YES", rubric=rubric)[0].value == 4
    assert ask(lambda r: spread("NO", YES=0.25, NO=0.75), EquivalenceJudge(soft=True), rubric=rubric)[
        0
    ].value == pytest.approx(1.0)


def test_settings_are_checked_and_change_the_digest():
    with pytest.raises(SettingError, match="units='loose'"):
        EquivalenceJudge(units="loose")
    with pytest.raises(SettingError, match="min_covered"):
        EquivalenceJudge(min_covered=2)
    variants = [
        EquivalenceJudge(),
        EquivalenceJudge(units="lenient"),
        EquivalenceJudge(soft=True),
        EquivalenceJudge(show_question=True),
    ]
    assert len({j.digest for j in variants}) == 4


@given(st.text(max_size=30))
def test_a_word_is_read_only_from_a_word(text):
    found = read_word(text)
    assert isinstance(found, Problem) or text.upper().count(found) == 1


def test_control_a_lenient_reader_would_fail_the_property():
    careless = "YES" if "YES" in "NO, not YES, YES" else "NO"
    assert "NO, not YES, YES".count(careless) != 1
    assert isinstance(read_word("NO, not YES, YES"), Problem)
