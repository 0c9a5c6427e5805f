import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.judges.base import Judge
from rubricate.judges.evidence import check_quotes
from rubricate.judges.lexical import LexicalJudge, find
from rubricate.judges.lexical_plan import units_of
from rubricate.judges.lexicon import read
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, State, Step

JUDGE = LexicalJudge()
PROMPT = (Message("user", "What should we do?"),)


def say(text, **more):
    return Sample("s", PROMPT, text, **more)


def ask(text, response, judge=JUDGE, sample=None, **fields):
    criterion = Criterion(id="c", text=text, **fields)
    sample = sample or say(response)
    (verdict,) = judge.decide(sample, Rubric(id="r", criteria=[criterion]), [criterion])
    return verdict


def test_what_a_verdict_tells():
    verdict = ask("Says that the refund arrives within five working days.", "Hello. The refund arrives in 5 days. Bye.")
    assert verdict.value == 1
    assert verdict.label == "met"
    assert verdict.reason == "found 4 of 5 content words: refund, arrives, 5, days; missing: working"
    assert verdict.evidence == ("The refund arrives in 5 days.",)
    assert verdict.judge == JUDGE.digest
    # refund .9, arrives 1, five 1.5, working 1, days .7: everything found stands in one sentence
    assert verdict.probability == pytest.approx(4.1 / 5.1)


def test_half_counts_over_the_whole_half_in_the_best_two_sentences():
    # pot .6, cup .6, spoon .8: all of it is said (2.0), the best two sentences in a row say cup and spoon (1.4)
    assert ask("Mentions pot, cup and spoon.", "Take the pot. And a cup. Then a spoon.").probability == pytest.approx(
        (2.0 + 1.4) / (2 * 2.0)
    )


@pytest.mark.parametrize(
    ("text", "response", "value"),
    [
        ("Recommends surgery.", "Surgery is not recommended.", 0),
        ("Recommends surgery.", "Surgery helps.", 1),
        ("Says not to drive.", "Do not drive.", 1),
        ("Says not to drive.", "Please drive.", 0),
        ("Does not mention surgery.", "Tea helps.", 1),
        ("Does not mention surgery.", "Surgery helps.", 0),
        ('Avoids the words "old hat".', "That is an old  hat.", 0),
        ("Uses the words “old hat”.", "That Old\nhat.", 1),
        ("Uses the words “old hat”.", "That hat is old.", 0),
        ("Says that it costs 1,000 euros.", "It costs 1000 euros.", 1),
        ("Says 40.", "It is 400.", 0),
        ("Suggests milk or cream.", "Take cream.", 1),
        ("提到北京大学", "他在北京大学。", 1),
        ("不应提及北京", "他在北京大学。", 0),
        ("Mentions tea.", "", 0),
        ("Does not mention tea.", "", 1),
        ("Mentions tea.", "<think>tea</think> No.", 0),
    ],
)
def test_met_or_not(text, response, value):
    assert ask(text, response).value == value


def test_a_bad_item_is_met_when_it_happens():
    blame = {"weight": -1.0}
    assert ask("Blames the customer.", "You, the customer, are to blame.", **blame).value == 1
    assert ask("Blames the customer.", "I am sorry.", **blame).value == 0


def test_no_content_words_no_verdict():
    verdict = ask("The response is clear and helpful.", "Tea.")
    assert verdict.state is State.ABSTAINED
    assert verdict.reason == "the criterion has no content words to look for"
    assert ask("Is well structured.", "x", target="step").state is State.ABSTAINED
    assert ask("Avoids being unclear.", "", sample=say("Tea.", reference="Tea.")).state is State.ABSTAINED
    assert ask("Is clear.", "", sample=say("Tea.", reference="Tea.")).scored


@pytest.mark.parametrize(
    ("scale", "values"),
    [
        ("binary", [0, 1, 1]),
        ("ternary", [0, 0.5, 1]),
        ("1-5", [1, 3, 5]),
        ("points 0-10", [0, 5, 10]),
        ({"labels": {"no": 0, "half": 4, "all": 10}}, [0, 4, 10]),
    ],
)
def test_every_scale(scale, values):
    said = ["Nothing.", "A kettle.", "A kettle, and a bottle."]
    found = [ask("Mentions kettle and bottle.", s, scale=scale) for s in said]
    assert [v.probability for v in found] == pytest.approx([0, 0.5, 1])
    assert [v.value for v in found] == pytest.approx(values)
    if isinstance(scale, dict):
        assert [v.label for v in found] == ["no", "half", "all"]


def test_a_comparison_is_with_the_reference():
    pair = {"scale": "pairwise", "comparison": "pairwise"}
    better, worse = say("A kettle and a bottle.", reference="Tea."), say("Tea.", reference="A kettle and a bottle.")
    assert ask("Mentions kettle and bottle.", "", sample=better, **pair).value == 2
    assert ask("Mentions kettle and bottle.", "", sample=worse, **pair).value == -2
    same = replace(better, reference=better.response)
    assert ask("Mentions kettle and bottle.", "", sample=same, **pair).value == 0
    assert ask("Mentions kettle and bottle.", "A kettle.", **pair).state is State.ABSTAINED


LEAF = {
    "kind": "ordinal",
    "min": 1,
    "max": 5,
    "anchors": {"1": "Wrong.", "3": "Names sunlight, leaves no word on oxygen.", "5": "Names sugar and sunlight."},
}


def test_anchors_say_which_level_it_is():
    text = "Explains photosynthesis."
    levels = [
        ask(text, r, scale=LEAF).value
        for r in ("It is nice.", "It needs sunlight.", "Photosynthesis: sunlight, sugar.")
    ]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (1, 5)


def test_anchors_of_an_absence_are_not_read():
    assert ask("Avoids being unclear.", "It needs sugar.", scale=LEAF).state is State.ABSTAINED
    assert ask("Avoids sugar.", "It needs sugar.", scale=LEAF).value == 1


GRADED = {"scale": "1-5"}
REFERENCE = "Fill the kettle with fresh water. Steep for four minutes."


def test_a_reference_decides_where_the_criterion_says_little():
    good = say("Fresh water in the kettle; steep it four minutes.", reference=REFERENCE)
    poor = replace(good, response="Take a bag and some milk from a shelf.")
    found = [ask("Is helpful.", "", sample=s, **GRADED) for s in (good, poor)]
    assert found[0].probability > found[1].probability
    assert "says 89% of the reference" in found[0].reason
    # fill .7, kettle .9, fresh .8, water .8, steep .8, 4 (four) 1.5, minutes 1: all but fill of 6.5
    judge = LexicalJudge(detail=0.0)
    assert ask("Is helpful.", "", judge, good, **GRADED).probability == pytest.approx(5.8 / 6.5)


def test_words_of_the_task_count_little_in_the_reference():
    task = (Message("user", "Fill the kettle with fresh water, and then?"),)
    echo = Sample("s", task, "Fill the kettle with fresh water.", reference=REFERENCE)
    judge = LexicalJudge(detail=0.0)
    # in the task: fill .7, kettle .9, fresh .8, water .8 = 3.2 at a fifth; steep, 4 and minutes weigh 3.3
    assert ask("Is helpful.", "", judge, echo, **GRADED).probability == pytest.approx(0.64 / (0.64 + 3.3))


def test_a_word_that_the_reference_does_without_is_asked_for_by_half():
    sample = say("Fresh water.", reference="Fresh water.")
    text = "Mentions fresh water for hospitality."
    alone, beside = ask(text, "Fresh water."), ask(text, "", sample=sample)
    # fresh .8, water .8, hospitality 1
    assert alone.probability == pytest.approx(1.6 / 2.6)
    trust, size = 1.6 / 3.0, 2 / 62
    assert beside.probability == pytest.approx(trust * 1.6 / 2.1 + (1 - trust) * (0.5 + 0.5 * size))


def test_steps_are_read_and_reasoning_is_not():
    sample = say("Done.", steps=(Step("Opened the kettle."),))
    assert ask("Mentions the kettle.", "", sample=sample).value == 1


def test_settings_and_the_digest():
    assert LexicalJudge().digest == JUDGE.digest != LexicalJudge(met=0.6).digest
    assert ask("Mentions kettle and bottle.", "A kettle.", LexicalJudge(met=0.6)).value == 0
    assert isinstance(JUDGE, Judge)
    for bad in ({"met": 0.0}, {"met": 1.1}, {"detail": -0.1}):
        with pytest.raises(SettingError):
            LexicalJudge(**bad)


def test_the_async_door_gives_the_same(tea, samples):
    found = asyncio.run(JUDGE.verdicts(samples[0], tea, tea.leaves, None))
    assert found == JUDGE.decide(samples[0], tea, tea.leaves)
    assert [v.value for v in found] == [1, 1, 0]
    assert [v.value for v in JUDGE.decide(samples[1], tea, tea.leaves)] == [0, 0, 1]
    assert JUDGE.batches(tea.leaves) == [tea.leaves]


CODE = """
import json
from rubricate import Criterion, LexicalJudge, Message, Rubric, Sample
c = [Criterion(id="c", text="Mentions pot, cup, spoon, milk or cream, such as oat or soy, in 'the kitchen'")]
said = "A cup. A pot, a spoon. Oat milk in the kitchen. The cup, the pot."
s = Sample("s", (Message("user", "q"),), said, reference="pot")
v = LexicalJudge().decide(s, Rubric(id="r", criteria=c), c)[0]
print(json.dumps([v.value, v.probability, v.reason, v.evidence, v.judge]))
"""


def test_another_process_says_the_same():
    def answer(seed):
        env = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True).stdout

    first = answer("1")
    assert first == answer("2")
    assert json.loads(first)[0] == 1


WORDS = ["tea", "kettle", "cup", "water", "bottle", "five", "not", "no", "never", "without", "London"]
TEXTS = st.lists(st.sampled_from([*WORDS, ".", ",", "but"]), max_size=25).map(" ".join)


@given(TEXTS, TEXTS, st.sampled_from(["binary", "ternary", "1-5", "points 0-10"]))
def test_evidence_is_found_and_values_were_offered(text, response, scale):
    verdict = ask(f"Mentions {text}", response, scale=scale)
    if verdict.scored:
        assert check_quotes(verdict.evidence, response)[1] == ()
        assert Criterion(id="c", text="t", scale=scale).scale.admits(verdict.value)
        assert 0 <= verdict.probability <= 1


@given(TEXTS, TEXTS, TEXTS)
def test_saying_more_never_takes_away_from_what_was_said(text, response, more):
    units = units_of(text)
    before, after = find(units, read(response)), find(units, read(f"{response}\n\n{more}"))
    assert after.share >= before.share - 1e-12


def test_the_law_fails_for_what_asks_for_an_absence():
    # The negative control: there, saying more can only take away.
    before, after = (ask("Does not mention tea.", r).probability for r in ("Water.", "Water.\n\nTea."))
    assert after < before


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.lists(st.sampled_from([*WORDS[:6], "."]), max_size=12))
def test_find_equals_a_plain_loop(wanted, said):
    units = units_of(", ".join(w for w in wanted if w not in ("not", "no", "never", "without")))
    response = " ".join(said)
    sentences = [s.split() for s in response.split(".")]
    sentences = [s for s in sentences if s]
    total = sum(u.weight for u in units)
    names = {"5": "five"}
    inside = [[names.get(u.label, u.label) in s for u in units] for s in sentences]
    whole = sum(u.weight for k, u in enumerate(units) if any(row[k] for row in inside))
    near = 0.0
    for k in range(len(sentences)):
        rows = inside[k : k + 2]
        near = max(near, sum(u.weight for j, u in enumerate(units) if any(row[j] for row in rows)))
    assert find(units, read(response)).share == pytest.approx((whole + near) / (2 * total) if total else 0.0)
