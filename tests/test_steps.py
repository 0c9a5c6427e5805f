import pickle

import numpy as np
import pytest

from rubricate.errors import SettingError, UnknownNameError
from rubricate.recipe import Recipe
from rubricate.reduce import group_stat, segment_reduce
from rubricate.steps import chain, from_json, needs, ref, refs, step, to_json


def scaled(x, by=2.0):
    return np.asarray(x) * by


def added(x, outcome, bonus=None):
    return x + outcome + (0 if bonus is None else bonus)


ENV = {"outcome": np.array([1.0, 0.0, 3.0]), "group": np.array([0, 0, 1])}


def test_a_parameter_without_default_or_with_none_comes_from_the_environment():
    s = step(added, step(scaled, ref("outcome"), by=10.0))
    assert s(ENV).tolist() == [11.0, 0.0, 33.0]
    assert s(ENV | {"bonus": 1.0}).tolist() == [12.0, 1.0, 34.0]


def test_a_default_that_is_not_none_is_a_setting_that_the_environment_does_not_touch():
    assert step(scaled, ref("outcome"))(ENV | {"by": 100.0}).tolist() == [2.0, 0.0, 6.0]


def test_chain_fills_the_first_open_parameter():
    s = chain(step(scaled, ref("outcome"), by=1.0), step(group_stat, op="max"), step(scaled, by=0.5))
    assert s(ENV).tolist() == [0.5, 0.5, 1.5]


def test_wrong_settings_fail_when_the_step_is_built():
    with pytest.raises(SettingError, match=r"takes no setting \['factor'\].*'by', 'x'"):
        step(scaled, factor=3)
    with pytest.raises(SettingError, match="not change"):
        step(scaled, x=np.zeros(3))


def test_a_name_that_is_nowhere_is_named_with_what_is_there():
    with pytest.raises(SettingError, match=r"needs 'group'.*outcome"):
        step(group_stat, ref("outcome"))({"outcome": ENV["outcome"]})
    with pytest.raises(UnknownNameError, match="Did you mean 'outcome'"):
        step(scaled, ref("outcomes"))(ENV)


def test_steps_are_values():
    a = step(segment_reduce, how="mean", x=ref("v"))
    b = step(segment_reduce, x=ref("v"), how="mean")
    assert a == b
    assert hash(a) == hash(b)
    assert a != a.replace(how="sum")
    assert pickle.loads(pickle.dumps(a)) == a
    assert refs(chain(a, step(group_stat, group=ref("g")))) == {"v", "g"}


def test_json_round_trip_and_unknown_parts():
    s = chain(step(segment_reduce, x=ref("v"), how="mean"), step(group_stat, op="quantile", q=0.85))
    assert from_json(to_json(s)) == s
    with pytest.raises(UnknownNameError, match="Did you mean 'group_stat'"):
        from_json({"step": "reduce.group_stats", "settings": {}})


def test_recipes_are_values_and_refuse_unknown_stages():
    r = Recipe(reward=step(scaled, ref("outcome")), train={"lr": 1e-6, "group": 8})
    assert Recipe.from_json(r.to_json()) == r
    assert hash(Recipe.from_json(r.to_json())) == hash(r)
    assert r.advantages(ENV).tolist() == [2.0, 0.0, 6.0]
    with pytest.raises(SettingError, match="no stage"):
        Recipe.from_json({"rewards": {}})
    with pytest.raises(SettingError, match="without a single stage"):
        Recipe()


def test_credit_sees_the_reward_of_the_stage_before():
    r = Recipe(reward=step(scaled, ref("outcome")), credit=step(group_stat, ref("reward"), op="mean"))
    assert r.advantages(ENV).tolist() == [1.0, 1.0, 6.0]


def counted(outcome, calls):
    calls.append(1)
    return np.asarray(outcome) > 0


def within(x, selection):
    return np.where(selection, x, np.nan)


def test_credit_sees_what_was_selected_when_it_refers_to_it():
    r = Recipe(select=step(counted, ref("outcome")), credit=step(within, ref("outcome"), ref("selection")))
    calls = []
    assert np.isnan(r.advantages(ENV | {"calls": calls})).tolist() == [False, True, False]
    own = r.credited(ENV | {"calls": calls, "selection": np.array([False, False, True])})
    assert np.isnan(own).tolist() == [True, True, False]
    assert len(calls) == 1  # a selection made before is not made again
    blind = Recipe(select=step(counted, ref("outcome")), credit=step(scaled, ref("outcome")))
    assert blind.advantages(ENV).tolist() == [2.0, 0.0, 6.0]  # nobody asks, so nothing is drawn
    with pytest.raises(SettingError, match="no credit stage"):
        Recipe(reward=step(scaled, ref("outcome"))).credited(ENV)


def test_what_a_step_needs_are_its_references_and_its_open_parameters():
    assert needs(step(added, step(scaled, ref("reward")))) == {"reward", "outcome"}
    assert needs(step(added, step(scaled), outcome=(ref("a"), 1.0))) == {"x", "a"}
    assert needs(chain(step(scaled, ref("outcome")), step(group_stat, op="max"))) == {"outcome", "group"}
    assert needs(None) == set()
    for part in (step(added, step(scaled, ref("outcome"))), chain(step(scaled), step(added))):
        env = {name: ENV["outcome"] for name in needs(part)}
        part(env)
        for name in env:
            with pytest.raises((SettingError, UnknownNameError)):
                part({k: v for k, v in env.items() if k != name})


def test_none_has_a_form_for_files_that_have_no_null():
    assert from_json({"step": "reduce.group_stat", "settings": {"where": {"none": True}}}) == step(
        group_stat, where=None
    )
