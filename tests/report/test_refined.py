"""Before and after: numbers by hand, no more claimed than is known, a page that hostile texts cannot break."""

import json
import re

import numpy as np
import pytest

from rubricate.audit import paired_gain
from rubricate.loops import carried_over
from rubricate.refine import Judged, RefineSettings, refine_rubric
from rubricate.report.refined import refine_page
from rubricate.report.refined_facts import Labels, before_after, facts_record, recovery_said, spread_said
from rubricate.report.refined_terminal import number_rows, warnings
from rubricate.rubrics import Rubric
from rubricate.types import State

HOSTILE = (
    '<script>alert(1)</script></style></td></table>--><img src=x onerror=alert(1)>" onmouseover="x()\u202e\x1b[31m'
)
NOBODY = Labels(np.array([], dtype=int), np.array([], dtype=int), ())
CONFIG = {
    "rubrics_file": "r.yaml", "verdicts": "run", "judge": {"name": "LexicalJudge", "digest": "d"}, "pairs_fit": 2,
    "pairs_held_out": 2, "settings": {"steps": ["constant", "redundant"]}, "split": False,
}  # fmt: skip


def rubric_of(texts, **more):
    return Rubric(id="tea", criteria=[{"id": f"c{k}", "text": t} for k, t in enumerate(texts)], **more)


@pytest.fixture
def two_sides(make, sample):
    """Four answers to two prompts; c1 contradicts c0, and c2 is met by all. Rewards before, all weights 1: 2/3 each.

    After c1 and c2 are gone the rewards are those of c0: 1, 0, 1, 0.
    """
    rubric = rubric_of(["Warms the pot.", "Keeps the pot cold.", "Names tea."])
    rows = [(sample(f"a{k}", f"answer {k}", "one" if k < 2 else "two"), (1 - k % 2, k % 2, 1)) for k in range(4)]
    before = make(rubric, rows)
    new = rubric.model_copy(update={"criteria": rubric.criteria[:1], "version": "2"})
    before = carried_over(before, [rubric])
    return before, carried_over(before, [new])


def test_by_hand(two_sides):
    labels = Labels(np.array([0, 2, 0]), np.array([1, 3, -1]), ("tea",) * 3)
    facts = before_after(*two_sides, labels)
    a, b = facts.before, facts.after
    assert (a.criteria, b.criteria) == (3, 1)
    assert (a.recovery, b.recovery) == (0.0, 1.0)
    assert (facts.recovery.n, facts.recovery.gain, facts.recovery.sure) == (2, 1.0, True)
    assert (a.told_apart.tied, b.told_apart.tied) == (1.0, 0.0)
    assert (a.told_apart.spread, b.told_apart.spread) == (0.0, 0.5)
    assert dict((r[0], r[1:]) for r in number_rows(facts))["criteria"] == ("3", "1")
    record = json.loads(json.dumps(facts_record(facts), allow_nan=False))
    assert record["gain"]["spread"]["gain"] == 0.5


def test_without_labels_nothing_is_known_about_them(two_sides):
    facts = before_after(*two_sides, NOBODY)
    assert "not known" in recovery_said(facts.recovery)
    assert facts_record(facts)["gain"]["recovery"]["gain"] is None
    assert "labels found again" not in dict((r[0], r) for r in number_rows(facts))


def test_of_one_rubric_only_its_own_rows_and_pairs_count(make, sample):
    one, two = rubric_of(["Warms."]), rubric_of(["Warms."]).model_copy(update={"id": "other"})
    rows = [(sample("a", "x", "g", "tea"), (1,)), (sample("b", "y", "g", "tea"), (0,)),
            (sample("c", "x", "h", "other"), (0,)), (sample("d", "y", "h", "other"), (1,))]  # fmt: skip
    result = carried_over(make([one, two], rows), [one, two])
    labels = Labels(np.array([0, 2]), np.array([1, 3]), ("tea", "other"))
    assert before_after(result, result, labels).before.recovery == 0.5
    assert before_after(result, result, labels, "tea").before.recovery == 1.0
    assert before_after(result, result, labels, "other").before.recovery == 0.0
    assert before_after(result, result, labels, "tea").before.asked == 2


def test_what_is_said_is_no_more_than_the_interval_allows():
    rng = np.random.default_rng
    same = paired_gain([1, 0, 1, 0], [1, 0, 1, 0], rng(0))
    up, down = paired_gain([0] * 9, [1] * 9, rng(0)), paired_gain([1] * 9, [0] * 9, rng(0))
    chance = paired_gain([1, 0, 1, 0, 1], [1, 1, 0, 0, 1], rng(0))
    none = paired_gain([], [], rng(0))
    for said, gain, words in (
        (recovery_said, same, "No difference is shown: its interval, 0.0 to 0.0 points, holds 0."),
        (recovery_said, chance, "No difference is shown"), (recovery_said, up, "found again better: 0 % to 100 %"),
        (recovery_said, down, "found again worse"), (recovery_said, none, "not known"),
        (spread_said, same, "No difference is shown"), (spread_said, up, "told apart further"),
        (spread_said, down, "told apart less far"), (spread_said, none, "not known"),
    ):  # fmt: skip
        assert words in said(gain)


def test_a_criterion_that_nobody_judged_and_a_new_error_are_said(two_sides):
    before, _ = two_sides
    rubric = before.rubrics["tea"]
    anew = rubric.criteria[0].model_copy(update={"id": "new", "text": "Cools it."})
    worse = rubric.criteria[1].model_copy(update={"weight": -1.0, "polarity": "good_if_met"})
    facts = before_after(before, carried_over(before, [rubric.model_copy(update={"criteria": (anew, worse)})]), NOBODY)
    lines = list(warnings(facts))
    assert "1 new criterion has no verdicts" in lines[0]
    assert "tea: new" in lines[0]
    assert "tea: R102-sign-against-polarity c1" in lines[1]
    assert list(warnings(before_after(before, before, NOBODY))) == []


def test_missing_verdicts_stay_missing(make, sample):
    rubric = rubric_of(["Warms.", "Pours."])
    rows = [(sample("a", "x", "g"), (1, State.FAILED)), (sample("b", "y", "g"), (State.REFUSED, State.FAILED))]
    result = carried_over(make(rubric, rows), [rubric])
    facts = before_after(result, result, Labels(np.array([0]), np.array([1]), ("tea",)))
    assert (facts.before.missing, facts.before.asked) == (3, 4)
    assert facts.recovery.n == 0
    assert np.isnan(facts.before.recovery)


# ---------------------------------------------------------------------------------------------- the page


def refined_of(result):
    rubric = next(iter(result.rubrics.values()))
    scores = result.scores
    judged = Judged(scores.values, scores.asked, scores.group)
    return refine_rubric(rubric, judged, RefineSettings(("constant", "redundant"), min_rows=2, min_common=2))


def whole(result, texts=("Warms the pot.", "Heats the pot."), config=CONFIG, said=()):
    done = refined_of(result)
    after = carried_over(result, [done.rubric])
    facts = before_after(result, after, NOBODY)
    return done, refine_page([done], facts, config=config, said=said)


def judged_by(make, sample, texts, **more):
    rubric = rubric_of(texts, **more)
    rows = [(sample(f"a{k}", "x", f"g{k // 4}"), [k % 2, (k // 2) % 2, 1][: len(texts)]) for k in range(16)]
    return carried_over(make(rubric, rows), [rubric])


def test_the_page_is_well_formed_and_tells_what_became_of_each_criterion(make, sample, page):
    done, text = whole(judged_by(make, sample, ["Warms the pot.", "Is short.", "Names tea."]), said=["One thing more."])
    read = page(text)
    assert len(set(read.ids)) == len(read.ids)
    assert {f"#{i}" for i in read.ids} >= set(read.links)
    rows = read.table("changes")
    assert [row[1] for row in rows[1:]] == ["kept", "kept", "dropped"]
    assert "met by all 16 answers: no gradient" in rows[3][2]
    assert rows[3][5] == "16 of 16"
    assert "3 criteria before, 2 after" in read.text
    for said in ("One thing more.", done.before.digest, done.rubric.digest, "version 1 ", "judged by LexicalJudge"):
        assert said in read.text
    assert not [a for n, a in read.seen if n == "th" and "scope" not in a]


def test_hostile_texts_stay_text(make, sample, page):
    result = judged_by(make, sample, [f"Warms {HOSTILE}", "Is short.", f"Names {HOSTILE}"], title=HOSTILE)
    config = CONFIG | {"verdicts": HOSTILE, "judge": {"name": HOSTILE}, "rubrics_file": HOSTILE}
    _, text = whole(result, config=config, said=[HOSTILE])
    read = page(text)
    script = re.search(r"<script>(.*?)</script>", text, re.S).group(1)
    assert len(re.findall(r"<script", text)) == 1
    assert not re.search(r"<[^>]*\son\w+=", text.replace(script, ""))
    assert not [n for n, _ in read.seen if n in ("img", "iframe", "link", "object")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    rule = next(a["content"] for n, a in read.seen if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in rule


def test_the_page_of_an_unchanged_rubric_says_so(make, sample, page):
    _, text = whole(judged_by(make, sample, ["Warms the pot.", "Is short."]))
    assert "version 1, unchanged" in page(text).text


def test_many_rubrics_have_a_heading_each_and_what_is_left_out_is_said(make, sample, page):
    result = judged_by(make, sample, ["Warms the pot.", "Is short."])
    done = refined_of(result)
    facts = before_after(result, result, NOBODY)
    text = page(refine_page([done] * 103, facts, config=CONFIG)).text
    assert "and 3 more rubrics, in changes.json" in text
