import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.rubrics import Rubric
from rubricate.rubrics.diff import WIDTH, diff


def rubric(criteria, **fields):
    return Rubric(id="tea", criteria=criteria, **({"policy": "healthbench"} | fields))


OLD = rubric(
    [
        {"id": "warm", "text": "Says to warm the pot.", "weight": 2},
        {"id": "time", "text": "Gives a steeping time.", "weight": 2},
        {"id": "microwave", "text": "Suggests a microwave.", "weight": -1},
    ]
)


def test_an_equal_rubric_has_no_difference():
    nothing = diff(OLD, OLD.model_copy(update={"notes": "bookkeeping does not count"}))
    assert not nothing
    assert nothing.render() == "tea: no difference"


def test_added_removed_changed_and_moved():
    new = rubric(
        [
            {"id": "time", "text": "Gives a steeping time.", "weight": 6, "required": True},
            {"id": "warm", "text": "Says to warm the pot.", "weight": 2},
            {"id": "milk", "text": "Mentions milk.", "weight": 0.5},
        ],
        policy="prbench",
    )
    d = diff(OLD, new)
    assert [c.id for c in d.added] == ["milk"]
    assert [c.id for c in d.removed] == ["microwave"]
    assert {(c.criterion, c.field, c.before, c.after) for c in d.changed} == {
        ("time", "weight", 2, 6),
        ("time", "required", None, True),
    }
    assert len(d.reordered) == 1
    assert (d.policy.before, d.policy.after) == ({"name": "healthbench"}, {"name": "prbench"})
    assert (d.before.positive, d.before.negative, d.before.absolute) == (4, 1, 5)
    assert (d.before.lowest, d.before.highest) == (-0.25, 1.0)
    assert (d.after.positive, d.after.lowest, d.after.highest) == (8.5, 0.0, 1.0)
    assert d.before.shares == {"warm": 0.5, "time": 0.5, "microwave": -0.25}
    assert d.after.shares["time"] == pytest.approx(6 / 8.5)


def test_one_moved_criterion_is_named_alone():
    order = [OLD.criteria[k] for k in (1, 2, 0)]
    assert diff(OLD, OLD.model_copy(update={"criteria": tuple(order)})).reordered == ("warm",)


def test_a_criterion_that_moves_in_the_tree_has_another_parent():
    leaf, top = {"id": "a", "text": "A."}, {"id": "b", "text": "B."}
    one = rubric([leaf, {**top, "children": [{"id": "c", "text": "C."}]}])
    two = rubric([{**top, "children": [{"id": "c", "text": "C."}, leaf]}])
    assert [(c.criterion, c.field, c.after) for c in diff(one, two).changed] == [("a", "parent", "b")]


def test_an_undefined_score_is_said():
    bad = rubric([{"id": "microwave", "text": "Suggests a microwave.", "weight": -1}])
    assert diff(OLD, bad).after.highest is None
    assert "highest: 1 -> undefined" in diff(OLD, bad).render()


def columns(text):
    return sum(2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text)


def test_the_text_fits_one_hundred_columns():
    long = {"id": "warm", "text": "评估报告是否清晰定义了所采用的社会阶层划分标准" * 9, "weight": 2}
    text = diff(OLD, rubric([long, {"id": "x" * 30, "text": "word " * 90}], title="t" * 300)).render()
    assert max(columns(line) for line in text.splitlines()) <= WIDTH
    assert "changed warm.text" in text
    assert "score" in text


ITEMS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(-3, 3), st.booleans()),
    min_size=1,
    max_size=6,
    unique_by=lambda t: t[0],
)


@given(ITEMS, ITEMS)
def test_the_difference_is_empty_exactly_when_the_digests_agree(one, two):
    def build(items):
        return rubric([{"id": i, "text": f"Point {i}.", "weight": w, "required": r} for i, w, r in items])

    a, b = build(one), build(two)
    assert bool(diff(a, b)) == (a.digest != b.digest)


def test_the_longest_run_keeps_its_place():
    rng = random.Random(1)
    for _ in range(50):
        order = rng.sample(range(8), 8)
        new = OLD.model_copy(update={"criteria": tuple(_numbered(k) for k in order)})
        old = OLD.model_copy(update={"criteria": tuple(_numbered(k) for k in range(8))})
        kept = [k for k in order if f"c{k}" not in diff(old, new).reordered]
        assert kept == sorted(kept)
        assert len(kept) == max(_increasing(order))


def _numbered(k):
    return OLD.criteria[0].model_copy(update={"id": f"c{k}"})


def _increasing(order):
    best = []
    for i, x in enumerate(order):
        best.append(1 + max([best[j] for j in range(i) if order[j] < x], default=0))
    return best
