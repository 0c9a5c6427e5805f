import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.lab import SimulatedComparer, SimulatedJudge

TRUTH = np.tile([1.0, 0.0], (20000, 2))


def test_a_judge_without_faults_says_the_truth():
    np.testing.assert_array_equal(SimulatedJudge().scores(TRUTH, np.random.default_rng(0)), TRUTH)


def test_flips_abstentions_and_halo_have_their_rates():
    rng = np.random.default_rng(0)
    assert (SimulatedJudge(flip=0.2).scores(TRUTH, rng) != TRUTH).mean() == pytest.approx(0.2, abs=0.01)
    assert np.isnan(SimulatedJudge(abstain=0.1).scores(TRUTH, rng)).mean() == pytest.approx(0.1, abs=0.01)
    wrong = SimulatedJudge(halo=0.3).scores(TRUTH, rng) != TRUTH
    assert wrong.mean() == pytest.approx(0.3, abs=0.01)
    assert (wrong.all(1) | ~wrong.any(1)).all()  # the whole response, or none of it


def test_an_exploit_pays_only_where_it_stands():
    exploited = np.arange(len(TRUTH)) % 2 == 0
    judged = SimulatedJudge(exploit=1.0).scores(TRUTH, np.random.default_rng(0), exploited)
    assert (judged[exploited] == 1.0).all()
    np.testing.assert_array_equal(judged[~exploited], TRUTH[~exploited])


def test_position_bias_favours_the_first_place():
    pairs, rng = np.zeros(20000), np.random.default_rng(0)
    assert SimulatedComparer().first_wins(pairs, pairs, rng).mean() == pytest.approx(0.5, abs=0.02)
    biased = SimulatedComparer(position=1.0).first_wins(pairs, pairs, rng).mean()
    assert biased == pytest.approx(1 / (1 + np.exp(-1)), abs=0.02)


def test_rates_are_checked():
    with pytest.raises(SettingError, match="rates in"):
        SimulatedJudge(flip=1.5)
