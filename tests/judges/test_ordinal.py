"""The ordinal judge: expectation by hand, every way to lose a rating, calibration, one-token markers for each scale."""

import asyncio
import math

import pytest

from rubricate.errors import CallError, SettingError
from rubricate.judges.ordinal import OrdinalJudge, label_of, markers_of, ratings_text, written
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply, Token
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Criterion, Rubric
from rubricate.types import Message, Sample, State

SAMPLE = Sample("s", (Message("user", "Say hello."),), "Hello. Score: 9")


def criterion(scale="1-5", **more):
    return Criterion(id="a", text="How complete it is.", scale=scale, **more)


def rated(said, **top):
    """A reply "Score: said" with the probabilities of ``top`` where the rating stands (``_5`` is " 5")."""
    entries = tuple((k.replace("_", " "), math.log(p)) for k, p in top.items())
    chosen = dict(entries).get(f" {said}", math.log(0.5))
    return Reply(
        (f"Score: {said}",), tokens=((Token("Score", 0.0), Token(":", 0.0), Token(f" {said}", chosen, entries)),)
    )


def ask(replies, judge=None, scale="1-5"):
    client = ScriptedClient(replies if callable(replies) else lambda r: replies)
    one = criterion(scale)
    rubric = Rubric(id="r", criteria=[one.model_dump(exclude_defaults=True)])
    (found,) = asyncio.run((judge or OrdinalJudge()).verdicts(SAMPLE, rubric, rubric.leaves, client))
    return found


def test_the_value_is_the_expectation_with_spread_and_covered_mass():
    found = ask(rated(4, _4=0.5, _5=0.3, _3=0.1))
    assert found.value == pytest.approx((4 * 0.5 + 5 * 0.3 + 3 * 0.1) / 0.9)
    mean = found.value
    assert found.spread == pytest.approx(
        math.sqrt((0.5 * (4 - mean) ** 2 + 0.3 * (5 - mean) ** 2 + 0.1 * (3 - mean) ** 2) / 0.9)
    )
    assert found.probability == pytest.approx(0.9)
    assert found.label == "4"
    assert found.margin is None


def test_yes_and_no_give_p_of_met_and_a_margin():
    found = ask(rated("yes", _yes=0.6, _no=0.2), scale="binary")
    assert found.value == found.probability == pytest.approx(0.75)
    assert found.margin == pytest.approx(math.log(3))
    assert found.label == "met"
    assert ask(rated("yes", _yes=0.6), scale="binary").margin is None


def test_the_rating_in_the_response_is_not_read():
    assert ask(rated(2, _2=0.9, _9=0.05)).label == "2"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(("Score: 4",)), "no log-probabilities"),
        (rated(4, _4=0.3), "the ratings hold 0.30"),
        (rated(4, x=0.9), "no probability on any|the ratings hold"),
    ],
)
def test_without_a_distribution_there_is_no_value_and_the_next_step_is_said(reply, said):
    found = ask(reply, OrdinalJudge(min_covered=0.6))
    assert (found.state, found.value, found.label) == (State.UNREADABLE, None, None)
    assert any(part in found.reason for part in said.split("|"))
    assert found.raw == "Score: 4"
    assert ask(reply, OrdinalJudge(min_covered=0.6, without_logprobs="label")).value == 4.0
    assert ask(reply, OrdinalJudge(min_covered=0.6, without_logprobs="label")).spread is None


@pytest.mark.parametrize(
    "text", ["", "fine", "Score: 7", "Score: 4.5", "Score: 4 or 5", "Score: nan", "Score: -1", "4 5"]
)
def test_a_rating_never_offered_is_asked_again_and_then_given_up(text):
    client = ScriptedClient(lambda r: text)
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": "t", "scale": "1-5"}])
    (found,) = asyncio.run(OrdinalJudge(reasks=1).verdicts(SAMPLE, rubric, rubric.leaves, client))
    assert (found.state, found.value, client.calls) == (State.UNREADABLE, None, 2)
    assert found.usage.calls == 2


def test_a_second_try_can_save_it():
    assert ask(lambda r: "hm" if len(r.messages) == 2 else rated(3, _3=0.9)).value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("reply", "state"),
    [(Reply(("Sco",), ("length",)), State.TRUNCATED), (Reply(("No.",), ("content_filter",)), State.REFUSED)],
)
def test_cut_and_refused_replies_have_their_state(reply, state):
    assert ask(reply).state is state


def test_calibration_divides_by_the_prior_on_an_empty_response():
    def reply(request):
        empty = "Hello. Score: 9" not in request.messages[1].content
        return rated(5, _5=0.8, _4=0.2) if empty else rated(5, _5=0.6, _4=0.4)

    plain, calibrated = ask(reply), ask(reply, OrdinalJudge(calibrate=True))
    assert plain.value == pytest.approx(4.6)
    five, four = 0.6 / 0.8, 0.4 / 0.2
    assert calibrated.value == pytest.approx((5 * five + 4 * four) / (five + four))
    assert calibrated.usage.calls == 2
    assert calibrated.value < plain.value


def test_a_prior_that_is_as_flat_changes_nothing_and_a_missing_one_costs_the_value():
    flat = rated(3, _1=0.2, _2=0.2, _3=0.2, _4=0.2, _5=0.2)

    def reply(request):
        return rated(4, _4=0.7, _3=0.3) if "Hello. Score: 9" in request.messages[1].content else flat

    assert ask(reply, OrdinalJudge(calibrate=True)).value == pytest.approx(3.7)

    def lost(request):
        if "Hello. Score: 9" in request.messages[1].content:
            return rated(4, _4=0.7, _3=0.3)
        raise CallError("down", state="failed")

    found = ask(lost, OrdinalJudge(calibrate=True))
    assert (found.state, found.value) == (State.UNREADABLE, None)
    assert "prior" in found.reason


def test_reasons_come_before_the_score_and_are_kept():
    reply = Reply(
        ("It greets. Score: 3",),
        tokens=(
            (Token("It greets", 0.0), Token(".", 0.0), Token(" Score:", 0.0),
             Token(" 3", math.log(0.9), ((" 3", math.log(0.9)),))),
        ),
    )  # fmt: skip
    found = ask(reply, OrdinalJudge(reasons=True))
    assert (found.value, found.reason) == (pytest.approx(3.0), "It greets.")


@pytest.mark.parametrize(
    ("scale", "markers", "text"),
    [
        ("binary", {"yes": 1.0, "no": 0.0}, "yes, no"),
        ("ternary", {"A": 0.0, "B": 0.5, "C": 1.0}, "A (not met), B (partly met), C (met)"),
        ("0-3", {"0": 0.0, "1": 1.0, "2": 2.0, "3": 3.0}, "0, 1, 2, 3"),
        ({"labels": {"bad": -1, "good": 1}}, {"A": -1.0, "B": 1.0}, "A (bad), B (good)"),
    ],
)
def test_each_scale_has_markers_of_one_token(scale, markers, text):
    assert markers_of(criterion(scale)) == markers
    assert ratings_text(criterion(scale)) == f"Ratings: {text}"


@pytest.mark.parametrize("scale", ["0-10", "points 0-100", {"kind": "pairwise"}, "points -1-1"])
def test_wide_and_signed_scales_are_spread_over_ten_digits(scale):
    one = criterion(scale)
    found = markers_of(one)
    assert list(found) == list("0123456789")
    assert (found["0"], found["9"]) == (one.scale.min, one.scale.max)
    gaps = [found[str(k + 1)] - found[str(k)] for k in range(9)]
    assert gaps == pytest.approx([gaps[0]] * 9)
    assert "0 stands for" in ratings_text(one)


def test_labels_of_markers():
    assert label_of(criterion({"labels": {"bad": -1, "good": 1}}), "B") == "good"
    assert label_of(criterion("points 0-90"), "4") == "40"
    with pytest.raises(SettingError, match="26"):
        markers_of(criterion({"labels": {f"l{k}": k for k in range(27)}}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Score: 3", "3"), ("3", "3"), ("score: **3**.", "3"), ("<think>Score: 1</think>Score: 3", "3"), ("3/5", None)],
)
def test_what_is_written(text, expected):
    found = written(Reply((text,)), markers_of(criterion()))
    assert found == expected if expected else isinstance(found, Problem)


@pytest.mark.parametrize(
    "wrong", [{"top": 0}, {"min_covered": 2.0}, {"prior_floor": 0.0}, {"without_logprobs": "zero"}, {"reasks": -1}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(SettingError):
        OrdinalJudge(**wrong)
