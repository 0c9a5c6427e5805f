import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.guide.scaffold import Scaffold, scaffold_message
from rubricate.rubrics import Criterion


def test_the_first_rollout_sees_all_and_the_last_nothing():
    shown = Scaffold(decay="constant").shown(5, 8, 0.0, np.random.default_rng(0))
    assert shown.sum(1).tolist() == [8, 6, 4, 2, 0]


def test_the_decay_is_a_step_at_a_fifth_of_training():
    scaffold = Scaffold()
    assert scaffold.strength(0.1) == pytest.approx(1.0, abs=1e-5)
    assert scaffold.strength(0.2) == pytest.approx(0.5)
    assert scaffold.strength(0.3) == pytest.approx(0.0, abs=1e-5)
    assert not scaffold.shown(4, 6, 0.5, np.random.default_rng(0)).any()
    assert Scaffold(decay="power", power=2.0).strength(0.5) == 0.25


def test_the_other_spreads():
    assert Scaffold(spread="first", full=2).ratios(4).tolist() == [1, 1, 0, 0]
    assert Scaffold(spread="all").ratios(3).tolist() == [1, 1, 1]
    with pytest.raises(SettingError, match="spread linear"):
        Scaffold(spread="half")


def test_draws_are_without_replacement_and_differ_between_rollouts():
    shown = Scaffold(spread="all", decay="power").shown(50, 10, 0.5, np.random.default_rng(0))
    assert (shown.sum(1) == 5).all()
    assert len({row.tobytes() for row in shown}) > 40


def test_the_message_tells_what_to_include_and_to_avoid():
    criteria = [Criterion(id="a", text="Names $items.", weight=5), Criterion(id="b", text="Blames.", weight=-3)]
    text = scaffold_message(criteria)
    assert "Include:\n- Names $items. (+5)\nAvoid:\n- Blames. (-3)" in text
    assert scaffold_message([]) == ""
