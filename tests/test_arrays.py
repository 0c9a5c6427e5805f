import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.arrays import as_group, as_offsets, check, pack
from rubricate.errors import ShapeError
from rubricate.rubrics import Rubric
from rubricate.types import Judgement, State, Verdict


def rubric(*criteria: dict) -> Rubric:
    return Rubric(id="r", criteria=[{"text": "t"} | c for c in criteria])


def test_check_names_the_argument_its_shape_and_the_rule():
    with pytest.raises(ShapeError, match=r"weights has shape \(2,\).*\[C\] with C = 3 from scores"):
        check(scores=(np.zeros((4, 3)), "N C"), weights=(np.zeros(2), "C"))
    with pytest.raises(ShapeError, match=r"x has shape \(2, 2\); expected \[N\]"):
        check(x=(np.zeros((2, 2)), "N"))
    check(off=(np.zeros(5), "N+1"), row=(np.zeros(4), "N"), pair=(np.zeros((7, 2)), "Q 2"))
    with pytest.raises(ShapeError, match="pair"):
        check(pair=(np.zeros((7, 3)), "Q 2"))


@given(st.lists(st.integers(-5, 9), min_size=1, max_size=30))
def test_group_codes_are_dense_and_keep_equality(ids):
    codes, count = as_group(np.array(ids), len(ids))
    assert count == len(set(ids))
    assert set(codes.tolist()) == set(range(count))
    assert all((ids[i] == ids[j]) == (codes[i] == codes[j]) for i in range(len(ids)) for j in range(len(ids)))


def test_group_ids_may_be_text_and_must_fit():
    codes, count = as_group(["b", "a", "b"], 3)
    assert codes.tolist() == [1, 0, 1]
    assert count == 2
    with pytest.raises(ShapeError, match="group has shape"):
        as_group([1, 2], 3)
    with pytest.raises(ShapeError, match="not finite"):
        as_group([1.0, float("nan")], 2)


@pytest.mark.parametrize(
    ("off", "what"), [([0, 3, 2, 4], "falls"), ([1, 4], "from 1"), ([0, 3], "to 3"), ([], "shape")]
)
def test_offsets_are_checked(off, what):
    with pytest.raises(ShapeError, match=what):
        as_offsets(np.array(off, dtype=int), 4)


def test_missing_not_asked_and_skipped_stay_apart():
    r = rubric({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"})
    verdicts = (
        Verdict("a", State.SCORED, 1.0),
        Verdict("b", State.TIMED_OUT),
        Verdict("c", State.SKIPPED),
    )
    scores = pack([Judgement("s", r.digest, verdicts)], {r.digest: r.columns()})
    assert scores.asked.tolist() == [[True, True, False, False]]
    assert scores.missing.tolist() == [[False, True, False, False]]
    assert scores.values[0, 0] == 1.0
    assert np.isnan(scores.values[0, 1:]).all()
    assert scores.coverage.tolist() == [0.5]
    assert scores.states.tolist() == [[0, 5, 7, -1]]


def test_scales_are_normalised_and_come_back_exactly():
    r = rubric({"id": "likert", "scale": "1-5"}, {"id": "pair", "scale": "pairwise"})
    rows = [
        Judgement(str(k), r.digest, (Verdict("likert", State.SCORED, float(k)), Verdict("pair", State.SCORED, k - 3.0)))
        for k in range(1, 6)
    ]
    scores = pack(rows, {r.digest: r.columns()})
    assert scores.values[:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert scores.native[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert scores.native[:, 1].tolist() == [-2, -1, 0, 1, 2]


def test_a_positive_criterion_that_is_bad_if_met_is_turned_round_and_a_negative_one_is_not():
    r = rubric({"id": "avoid", "polarity": "bad_if_met"}, {"id": "harm", "weight": -2})
    both = (Verdict("avoid", State.SCORED, 1.0), Verdict("harm", State.SCORED, 1.0))
    scores = pack([Judgement("s", r.digest, both)], {r.digest: r.columns()})
    assert scores.values.tolist() == [[0.0, 1.0]]


def test_rows_of_different_rubrics_are_padded_with_not_asked():
    one, two = (
        rubric({"id": "a"}),
        Rubric(id="q", criteria=[{"id": "x", "text": "t"}, {"id": "y", "text": "u", "weight": 3}]),
    )
    rows = [
        Judgement("1", one.digest, (Verdict("a", State.SCORED, 1.0),)),
        Judgement("2", two.digest, (Verdict("y", State.SCORED, 0.0), Verdict("x", State.SCORED, 1.0))),
    ]
    scores = pack(rows, {one.digest: one.columns(), two.digest: two.columns()}, group=["p", "p"])
    assert scores.values[1].tolist() == [1.0, 0.0]
    assert scores.asked.tolist() == [[True, False], [True, True]]
    assert scores.weights.tolist() == [[1, 0], [1, 3]]
    assert scores.criteria == (("a",), ("x", "y"))
    assert scores.group.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("verdicts", "what"),
    [
        ((Verdict("a", State.SCORED, 7.0),), r"the verdict for 'a' is 7.*\[0, 1\]"),
        ((Verdict("z", State.SCORED, 1.0),), "verdicts for 'z'"),
        ((Verdict("a", State.SCORED, 1.0), Verdict("a", State.SCORED, 0.0)), "verdicts for 'a'"),
    ],
)
def test_values_outside_the_scale_unknown_and_doubled_verdicts_are_refused(verdicts, what):
    r = rubric({"id": "a"}, {"id": "b"})
    with pytest.raises(ShapeError, match=what):
        pack([Judgement("s", r.digest, verdicts)], {r.digest: r.columns()})


@pytest.mark.parametrize("verdict", [Verdict("a", State.SCORED), Verdict("a", State.FAILED, 0.0)])
def test_a_verdict_has_a_value_exactly_when_it_is_scored(verdict):
    r = rubric({"id": "a"})
    with pytest.raises(ShapeError, match="if and only if the state is 'scored'"):
        pack([Judgement("s", r.digest, (verdict,))], {r.digest: r.columns()})
