import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.judges import (
    BradleyTerry,
    FailureDetector,
    OnlineUpdate,
    StepScorer,
    certified_pairs,
    hashed_words,
    least_weight,
    mine_failures,
)

NAN = float("nan")


def test_an_update_refits_on_the_first_and_the_last_pairs():
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=(2, 5, 3)) for _ in range(5)]
    model = OnlineUpdate(window=2)
    for better, worse in batches:
        model = model.update(better, worse)
    kept = [batches[k] for k in (0, 3, 4)]
    by_hand = BradleyTerry().fit(*(np.concatenate([b[side] for b in kept]) for side in (0, 1)))
    assert model.model == by_hand
    assert model.count == 5
    forgetful = OnlineUpdate(window=2, keep_first=False)
    for better, worse in batches:
        forgetful = forgetful.update(better, worse)
    assert forgetful.model == BradleyTerry().fit(*(np.concatenate([b[s] for b in batches[3:]]) for s in (0, 1)))
    np.testing.assert_array_equal(model.score(batches[0][0]), by_hand.score(batches[0][0]))


def test_it_refits_every_so_often_and_no_pairs_change_nothing():
    better, worse = np.random.default_rng(0).normal(size=(2, 4, 2))
    first = OnlineUpdate(every=2).update(better, worse)
    second = first.update(worse, better)
    assert second.model == first.model
    assert second.update(worse, better).model != first.model
    assert first.update(np.zeros((0, 2)), np.zeros((0, 2))) == first
    with pytest.raises(ShapeError, match="missing features"):
        first.update([[NAN, 0.0]], [[0.0, 0.0]])
    with pytest.raises(SettingError):
        OnlineUpdate(window=0)


def test_one_certified_pair_a_prompt():
    x = np.arange(12.0).reshape(6, 2)
    bad = -x
    bad[4] = NAN  # no negative was made for it
    certified = [1, 0, NAN, 0, 1, 1]
    group = ["a", "a", "b", "b", "c", "c"]
    better, worse = certified_pairs(x, certified, bad, group, np.random.default_rng(0))
    assert better.tolist() == [[0.0, 1.0], [10.0, 11.0]]  # b has no certificate, row 4 no negative
    np.testing.assert_array_equal(worse, -better)
    drawn = {certified_pairs(x, [1] * 6, -x, group, np.random.default_rng(k))[0][0, 0] for k in range(20)}
    assert drawn == {0.0, 2.0}


def test_steps_get_chances_labels_and_a_first_error():
    x = np.array([[1.0], [1.0], [-1.0], [1.0], [-1.0], [1.0]])
    off = [0, 4, 6]
    model = StepScorer().fit(x, [1, 1, 0, 1, 0, 1], off)
    assert (model.score(x) > 0.5).tolist() == [True, True, False, True, False, True]
    assert model.labels([[1.0], [NAN], [-1.0]]).tolist()[::2] == [1.0, 0.0]
    assert np.isnan(model.labels([[NAN]])[0])
    assert model.first_error(x, off).tolist() == [2.0, 0.0]
    assert model.first_error(x[:2], [0, 2, 2]).tolist() == [-1.0, -1.0]
    found = model.first_error([[1.0], [NAN], [-1.0], [-1.0], [NAN]], [0, 3, 5])
    assert np.isnan(found).tolist() == [True, False]
    assert found[1] == 0.0
    with pytest.raises(SettingError, match="threshold"):
        StepScorer(threshold=1.0)
    with pytest.raises(ShapeError, match="step_off"):
        model.first_error(x, [0, 4])


def test_what_follows_an_error_teaches_nothing_when_told_so():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 2)), (rng.random(20) < 0.6).astype(float)
    off = np.array([0, 7, 7, 20])
    kept = y.copy()
    for a, b in zip(off[:-1], off[1:], strict=True):
        wrong = [i for i in range(a, b) if y[i] == 0]
        if wrong:
            kept[wrong[0] + 1 : b] = NAN
    assert StepScorer(until_error=True).fit(x, y, off).head == StepScorer().fit(x, kept, off).head
    assert np.isnan(kept).any()


def test_failures_are_mined_from_the_top_and_only_where_somebody_looked():
    reward = [9.0, 8.0, 7.0, 1.0, NAN]
    assert mine_failures(reward, [0, NAN, 1, 0, 0], share=0.75).tolist() == [True, False, False, False, False]
    assert not mine_failures([NAN, NAN], [0, 0]).any()
    with pytest.raises(SettingError):
        mine_failures(reward, [0] * 5, share=0)


def test_a_guard_heavy_enough_and_no_heavier():
    rng = np.random.default_rng(0)
    failure = np.r_[np.zeros(50), np.ones(50)]
    x = np.column_stack([rng.normal(size=100), failure + 0.3 * rng.normal(size=100)])
    guard = FailureDetector().fit(x, failure).score(x)
    assert guard[:50].mean() > guard[50:].mean() + 0.5
    assert ((guard >= -1) & (guard <= 0)).all()
    reward = 2 * failure + 0.1 * rng.normal(size=100)
    weight = least_weight(reward, guard, failure)
    for factor, fooled in ((1.001, False), (0.999, True)):
        assert (failure[np.argmax(reward + factor * weight * guard)] == 1) == fooled
    assert least_weight([1.0, 0.0], [0.0, 0.0], [1, 0]) == np.inf
    assert least_weight([0.0, 1.0], [0.0, 0.0], [1, 0]) == 0.0
    assert least_weight([0.0], [0.0], [0]) == 0.0
    assert least_weight([0.0], [0.0], [1]) == np.inf


def test_hashed_words_see_pairs_of_words():
    x = hashed_words(["a b", "b a", "A B"], 4096)
    assert (x[0] == x[2]).all()
    assert (x[0] != x[1]).any()
    with pytest.raises(SettingError, match="buckets"):
        hashed_words([], 0)
