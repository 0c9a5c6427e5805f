"""Rubrics refined by verdicts: planted faults are found, what is sound survives, nothing goes for what is missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.refine import SAFE, STEPS, Decision, Judged, RefineSettings, after_review, divided, refine_rubric
from rubricate.refine.rebuild import next_version
from rubricate.rubrics import Criterion, Rubric
from rubricate.rubrics.lint import lint
from rubricate.rubrics.lock import lock

NAN = float("nan")
ALL = RefineSettings(STEPS)


def rubric_of(count, **fields):
    criteria = [{"id": f"c{k}", "text": f"Says number {k}."} for k in range(count)]
    return Rubric(**{"id": "r", "criteria": criteria} | fields)


def judged(values, group=None, **more):
    x = np.asarray(values, dtype=float)
    return Judged(x, np.ones(x.shape, bool), np.zeros(len(x), int) if group is None else np.asarray(group), **more)


def independent(rng, rows=60, count=5):
    return (rng.random((rows, count)) < 0.5).astype(float)


def actions(refined):
    return {c.criterion: (c.action, c.step) for c in refined.changes}


# --------------------------------------------------------------------------------------------------- laws


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_a_planted_copy_goes_and_the_independent_ones_stay(seed, which):
    x = independent(np.random.default_rng(seed))
    x = np.column_stack([x, x[:, which]])
    done = refine_rubric(rubric_of(6), judged(x))
    assert actions(done)["c5"] == ("dropped", "redundant")
    assert f"repeats c{which}" in done.changes[5].reason
    assert [c.id for c in done.rubric.leaves] == [f"c{k}" for k in range(5)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_without_a_fault_nothing_changes_not_even_the_lock(seed):
    rubric = lock(rubric_of(5))
    done = refine_rubric(rubric, judged(independent(np.random.default_rng(seed))))
    assert done.rubric is rubric
    assert {c.action for c in done.changes} == {"kept"}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 0.15))
def test_missing_verdicts_below_the_limit_drop_nothing(seed, share):
    rng = np.random.default_rng(seed)
    x = independent(rng, 200)
    for column in x.T:  # so many of each criterion; drawn row by row some would pass the limit now and then
        column[rng.permutation(200)[: int(share * 200)]] = NAN
    done = refine_rubric(rubric_of(5), judged(x))
    assert done.count("dropped") == 0
    control = x.copy()
    control[:120, 2] = NAN
    assert actions(refine_rubric(rubric_of(5), judged(control)))["c2"] == ("dropped", "unverifiable")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_answers_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    x = independent(rng, 40, 4)
    x = np.column_stack([x, x[:, 0], 1 - x[:, 1], np.ones(40)])
    group = np.arange(40) // 4
    mixed = rng.permutation(40)
    rubric = rubric_of(7)
    one, two = (refine_rubric(rubric, judged(x[o], group[o])) for o in (np.arange(40), mixed))
    assert actions(one) == actions(two)


# ------------------------------------------------------------------------------------------------ labels


def labelled(rng, pairs=60):
    """Two good criteria, a reversed one, a noisy one: 2 answers a pair, the first better."""
    better = np.column_stack([rng.random((pairs, 2)) < 0.8, rng.random(pairs) < 0.2, rng.random(pairs) < 0.5])
    worse = np.column_stack([rng.random((pairs, 2)) < 0.3, rng.random(pairs) < 0.8, rng.random(pairs) < 0.5])
    x = np.concatenate([better, worse]).astype(float)
    rows = np.arange(pairs)
    return judged(x, np.concatenate([rows, rows]), better=rows, worse=rows + pairs)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_a_reversed_criterion_goes_and_good_ones_stay(seed):
    done = refine_rubric(rubric_of(4), labelled(np.random.default_rng(seed)), RefineSettings(("reversed",)))
    assert actions(done)["c2"] == ("dropped", "reversed")
    assert "speaks for the worse answer" in done.changes[2].reason
    assert actions(done)["c0"][0] == actions(done)["c1"][0] == "kept"


def test_a_negative_criterion_is_turned_round_before_it_is_judged():
    """What is reversed with a positive weight is right with a negative one."""
    criteria = [{"id": f"c{k}", "text": f"Says number {k}.", "weight": -1 if k == 2 else 1} for k in range(4)]
    seen = labelled(np.random.default_rng(0))
    assert (
        actions(refine_rubric(rubric_of(4, criteria=criteria), seen, RefineSettings(("reversed",))))["c2"][0] == "kept"
    )


def test_labels_decide_between_two_that_contradict_and_weights_where_there_are_none():
    rng = np.random.default_rng(1)
    x = np.column_stack([independent(rng, 40, 2), np.zeros(40)])
    x[:, 2] = 1 - x[:, 0]
    rubric = rubric_of(3)
    open_case = refine_rubric(rubric, judged(x))
    assert open_case.rubric is rubric
    assert "no label says which" in open_case.changes[0].reason
    assert "no label says which" in open_case.changes[2].reason
    heavy = rubric_of(3, criteria=[c.model_copy(update={"weight": 1.0 + (c.id == "c2")}) for c in rubric.criteria])
    assert actions(refine_rubric(heavy, judged(x)))["c0"] == ("dropped", "conflicting")
    better = np.flatnonzero(x[:, 0] == 1)[:10]
    worse = np.flatnonzero(x[:, 0] == 0)[:10]
    told = refine_rubric(heavy, judged(x, better=better, worse=worse))
    assert actions(told)["c2"] == ("dropped", "conflicting")
    assert "finds 100% of its pairs, this one 0%" in told.changes[2].reason


def test_of_two_that_repeat_each_other_the_gate_then_the_heavier_one_stays():
    x = independent(np.random.default_rng(2), 40, 2)
    x = np.column_stack([x, x[:, 0]])
    weights = rubric_of(3, criteria=[{"id": f"c{k}", "text": f"T{k}.", "weight": k + 1} for k in range(3)])
    assert actions(refine_rubric(weights, judged(x)))["c0"] == ("dropped", "redundant")
    gates = [{"id": f"c{k}", "text": f"T{k}.", "weight": k + 1, "required": k == 0} for k in range(3)]
    assert actions(refine_rubric(rubric_of(3, criteria=gates), judged(x)))["c2"] == ("dropped", "redundant")


def test_the_weak_and_the_strong_model():
    x = np.array([[1.0, 0.0]] * 8 + [[0.0, 1.0]] * 8)
    rows = np.arange(8)
    seen = judged(x, np.concatenate([rows, rows]), weak=rows, strong=rows + 8)
    done = refine_rubric(rubric_of(2), seen, RefineSettings(("misaligned",)))
    assert actions(done) == {"c0": ("dropped", "misaligned"), "c1": ("kept", "")}
    few = judged(x[5:11], np.arange(6), weak=rows[:3], strong=rows[:3] + 3)
    assert refine_rubric(rubric_of(2), few, RefineSettings(("misaligned",))).count("dropped") == 0


def test_a_criterion_that_misses_most_pairs_is_not_called_weightless():
    rng = np.random.default_rng(3)
    seen = labelled(rng)
    values = seen.values.copy()
    values[:40, 1] = NAN
    gone = Judged(values, seen.asked, seen.group, seen.better, seen.worse)
    done = refine_rubric(rubric_of(4), gone, RefineSettings(("weightless",), penalty=5.0))
    assert actions(done)["c1"] == ("kept", "weightless")
    assert "too few to say" in done.changes[1].reason


def test_what_is_right_by_itself_is_not_dropped_as_weightless():
    """A penalty that leaves no weight at all takes only what its own pairs do not speak for."""
    done = refine_rubric(rubric_of(4), labelled(np.random.default_rng(0)), RefineSettings(("weightless",), penalty=5.0))
    assert [c.action for c in done.changes] == ["kept", "kept", "dropped", "dropped"]
    assert "but right in" in done.changes[0].reason


def test_a_difference_that_chance_explains_is_not_misaligned():
    rng, rows = np.random.default_rng(0), np.arange(41)
    better, worse = np.repeat([1.0, 0.0], [20, 21]), np.repeat([1.0, 0.0], [21, 20])  # 49 % against 51 %
    x = np.concatenate([rng.permutation(better), rng.permutation(worse)])
    values = np.column_stack([x, np.resize([0.0, 1.0], len(x))])
    seen = judged(values, np.concatenate([rows, rows]), better=rows, worse=rows + 41)
    done = refine_rubric(rubric_of(2), seen, RefineSettings(("misaligned",)))
    assert done.count("dropped") == 0
    assert "too few to say" in done.changes[0].reason


def test_steps_without_labels_say_that_they_need_some():
    x = independent(np.random.default_rng(4))
    done = refine_rubric(rubric_of(5), judged(x), RefineSettings(("misaligned", "reversed", "weightless")))
    assert done.count("kept") == 5
    assert [n.split(":")[0] for n in done.notes] == ["misaligned", "reversed", "weightless"]


# ------------------------------------------------------------------------------- what must not be dropped


def test_gates_deductions_and_sequences_are_never_dropped_but_what_was_found_is_said():
    x = independent(np.random.default_rng(5), 40, 2)
    x = np.column_stack([x, np.ones(40), np.ones(40), np.ones(40)])
    criteria = [
        {"id": "c0", "text": "A."}, {"id": "c1", "text": "B."},
        {"id": "c2", "text": "C.", "required": True},
        {"id": "n", "text": "N.", "strategy": "sequential", "children": [{"id": "c3", "text": "D."}]},
        {"id": "c4", "text": "E.", "deduction": 0.5},
    ]  # fmt: skip
    done = refine_rubric(rubric_of(5, criteria=criteria), judged(x))
    assert done.count("dropped") == 0
    assert ["a gate" in c.reason or "a step of" in c.reason or "a deduction" in c.reason for c in done.changes] == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_the_last_positive_criterion_stays():
    done = refine_rubric(rubric_of(2), judged(np.ones((20, 2))))
    assert done.count("kept") == 2
    assert "would leave no criterion of positive weight" in done.notes[0]
    assert "nothing else is left" in done.changes[0].reason


def test_over_few_answers_doubles_are_said_and_not_dropped():
    """Of 60 independent criteria many look like doubles of each other over 8 answers."""
    x = independent(np.random.default_rng(20), 8, 60)
    done = refine_rubric(rubric_of(60), judged(x), RefineSettings(("conflicting", "redundant")))
    assert done.count("dropped") == 0
    assert sum("too few to say (30)" in c.reason for c in done.changes) >= 5
    eager = refine_rubric(rubric_of(60), judged(x), RefineSettings(("redundant",), min_common=8))
    assert eager.count("dropped") >= 3
    many = independent(np.random.default_rng(21), 30, 60)
    assert refine_rubric(rubric_of(60), judged(many)).count("dropped") == 0


def test_few_verdicts_are_too_few_to_say():
    x = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, NAN]])
    done = refine_rubric(rubric_of(2), judged(x))
    assert done.count("dropped") == 0
    assert "too few to say" in done.changes[1].reason


def test_what_varies_between_prompts_only_has_no_gradient():
    x = independent(np.random.default_rng(6), 40, 2)
    group = np.arange(40) // 4
    x[:, 1] = group % 2
    assert (
        "never tells answers to one prompt apart (10 prompts)"
        in refine_rubric(rubric_of(2), judged(x, group)).changes[1].reason
    )
    assert refine_rubric(rubric_of(2), judged(x, np.arange(40))).count("dropped") == 0  # every answer alone


def test_a_criterion_that_was_never_asked_is_kept_and_said():
    x = independent(np.random.default_rng(7), 40, 3)
    asked = np.ones(x.shape, bool)
    asked[:, 1] = False
    done = refine_rubric(rubric_of(3), Judged(x, asked, np.zeros(40, int)))
    assert done.changes[1].reason == "never judged here"
    assert done.changes[1].evidence.judged == done.changes[1].evidence.missing == 0


# ---------------------------------------------------------------------------------------- the new rubric


def test_the_new_version_says_where_it_comes_from():
    x = independent(np.random.default_rng(8))
    x = np.column_stack([x, x[:, 0]])
    rubric = lock(rubric_of(6, version="1.9", notes="Written by hand."))
    done = refine_rubric(rubric, judged(x))
    new = done.rubric
    assert (new.version, new.locked, new.provenance.parent, new.provenance.version) == (
        "1.10",
        None,
        rubric.digest,
        "1.9",
    )
    assert new.notes == f"Written by hand.\nRefined from version 1.9 ({rubric.digest}): c5 dropped (redundant)."
    assert new.digest != rubric.digest
    stats = new.leaves[0].stats
    assert (stats.n_judged, stats.coverage, stats.pass_rate) == (60, 1.0, round(float(x[:, 0].mean()), 4))


def test_versions_count_up():
    assert [next_version(v) for v in ("1", "09", "v3", "a")] == ["2", "10", "v4", "a.1"]


def test_a_node_without_children_goes_and_its_dimension_with_it():
    x = independent(np.random.default_rng(9), 40, 2)
    x = np.column_stack([x, np.ones(40)])
    criteria = [
        {"id": "a", "text": "A.", "axis": "x"}, {"id": "b", "text": "B.", "axis": "y"},
        {"id": "n", "text": "N.", "children": [{"id": "c", "text": "C.", "axis": "z"}]},
    ]  # fmt: skip
    rubric = rubric_of(3, criteria=criteria, dimension_weights={"x": 0.5, "y": 0.25, "z": 0.25})
    done = refine_rubric(rubric, judged(x))
    assert [c.id for c in done.rubric.walk()] == ["a", "b"]
    assert done.rubric.dimension_weights == {"x": 0.666667, "y": 0.333333}


@pytest.mark.parametrize("policy", ["arcane_flat", "deepresearch_race"])
def test_weights_that_must_sum_to_one_still_do(policy):
    x = independent(np.random.default_rng(10), 40, 3)
    x = np.column_stack([x, x[:, 0]])
    criteria = [{"id": f"c{k}", "text": f"Names item {k}.", "weight": 0.25} for k in range(4)]
    rubric = rubric_of(4, criteria=criteria, policy=policy)
    done = refine_rubric(rubric, judged(x))
    assert sum(c.weight for c in done.rubric.leaves) == pytest.approx(1.0, abs=1e-5)
    assert not [f for f in lint(done.rubric) if f.rule.startswith("R107")]


def test_whitened_weights_keep_the_sum_the_signs_and_the_gates():
    rng = np.random.default_rng(11)
    base = independent(rng, 300, 3)
    twin = np.where(rng.random(300) < 0.1, 1 - base[:, 0], base[:, 0])
    x = np.column_stack([base, twin])
    criteria = [{"id": f"c{k}", "text": f"T{k}.", "weight": w, "required": k == 1} for k, w in enumerate((2, 5, -3, 1))]
    done = refine_rubric(rubric_of(4, criteria=criteria), judged(x), RefineSettings(("weights",)))
    weights = {c.id: c.weight for c in done.rubric.leaves}
    assert weights["c1"] == 5
    assert weights["c2"] < 0
    assert abs(weights["c0"]) + abs(weights["c2"]) + abs(weights["c3"]) == pytest.approx(6.0, abs=1e-3)
    assert abs(weights["c2"]) > weights["c0"] > 0
    tree = rubric_of(4, criteria=[{"id": "n", "text": "N.", "children": criteria}])
    refused = refine_rubric(tree, judged(x), RefineSettings(("weights",)))
    assert refused.rubric is tree
    assert "does not read the weights of a flat list" in refused.notes[0]


# ------------------------------------------------------------------------------------- steps in a row


def test_a_person_has_the_last_word():
    x = np.column_stack([independent(np.random.default_rng(12), 40, 3)] * 1)
    x = np.column_stack([x, x[:, 0]])
    done = refine_rubric(rubric_of(4), judged(x))
    told = [
        Decision("c0", "", "accept", ""),
        Decision("c1", "", "reject", "", "off topic"),
        Decision("c2", "", "edit", "Anew."),
    ]
    after = after_review(done, told)
    assert actions(after) == {
        "c0": ("kept", ""), "c1": ("dropped", "person"), "c2": ("rewritten", "person"), "c3": ("dropped", "redundant"),
    }  # fmt: skip
    assert [(c.id, c.text) for c in after.rubric.leaves] == [("c0", "Says number 0."), ("c2", "Anew.")]
    assert after.rubric.version == "2"
    assert after.rubric.provenance.reviewed
    nothing = after_review(done, [Decision(c, "", "reject", "") for c in ("c0", "c1", "c2")])
    assert len(nothing.rubric.leaves) == 3


def test_parts_stand_in_for_their_parent_and_can_be_dropped_in_turn():
    rubric = rubric_of(2)
    parts = {"c0": (Criterion(id="c0-1", text="One."), Criterion(id="c0-2", text="Two."))}
    first = divided(rubric, parts, {"c0": "met by 4 of 4 answers: split in 2"})
    assert [c.id for c in first.rubric.leaves] == ["c0-1", "c0-2", "c1"]
    x = independent(np.random.default_rng(13), 40, 2)
    second = first.then(refine_rubric(first.rubric, judged(np.column_stack([x, x[:, 0]]))))
    assert actions(second) == {
        "c0": ("split", "split"), "c0-1": ("added", "split"), "c0-2": ("added", "split"), "c1": ("dropped", "redundant"),
    }  # fmt: skip
    assert second.rubric.version == "2"
    assert second.rubric.provenance.parent == rubric.digest
    filtered = refine_rubric(rubric, judged(independent(np.random.default_rng(14), 40, 2)))
    assert actions(filtered.then(first)) == actions(first)
    assert list(actions(filtered.then(second))) == list(actions(second))


def test_mistakes_are_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'redundant'"):
        RefineSettings(("redundent",))
    with pytest.raises(SettingError, match="shares in"):
        RefineSettings(repeat=0.0)
    with pytest.raises(ShapeError, match="leaves"):
        refine_rubric(rubric_of(3), judged(np.ones((4, 2))))
    with pytest.raises(ShapeError, match="worse"):
        judged(np.ones((4, 2)), better=np.array([0]), worse=np.array([1, 2]))
    assert set(SAFE) < set(STEPS) == set(ALL.steps)


# ------------------------------------------------------------------------------------- is it any better


def planted(seed, pairs=120):
    """Three good criteria of which one is copied twice, a reversed one and its contrary, a noisy one; first is better."""
    rng = np.random.default_rng(seed)
    quality = np.sort(rng.normal(size=(pairs, 2)), axis=1)[:, ::-1].T.ravel()
    met = lambda slope: (rng.random(2 * pairs) < 1 / (1 + np.exp(-slope * quality))).astype(float)  # noqa: E731
    good = np.column_stack([met(2), met(2), met(2)])
    wrong = met(-2)
    return np.column_stack([good, good[:, 0], good[:, 0], wrong, met(0)])


def found_share(x, rows, weights):
    """Share of the pairs of which the weighted mean finds the better answer again."""
    half = len(x) // 2
    reward = x @ weights / weights.sum()
    return float((reward[rows] > reward[rows + half] + 1e-12).mean())


def test_the_held_out_half_is_not_found_again_less():
    gains, losses = [], []
    for seed in range(12):
        x = planted(seed)
        pairs = len(x) // 2
        fit, held = np.arange(0, pairs, 2), np.arange(1, pairs, 2)
        seen = judged(x, np.arange(len(x)) % pairs, better=fit, worse=fit + pairs)
        done = refine_rubric(rubric_of(7), seen, ALL)
        weights = {c.id: c.weight for c in done.rubric.leaves}
        before = found_share(x, held, np.ones(7))
        gains.append(found_share(x, held, np.array([weights.get(f"c{k}", 0.0) for k in range(7)])) - before)
        losses.append(found_share(x, held, np.array([0.0, 0, 0, 0, 0, 1, 1])) - before)  # the control: good ones gone
        assert actions(done)["c5"][0] == "dropped"
    assert min(gains) >= -0.06  # 60 pairs: three of them
    assert np.mean(gains) > 0.05
    assert max(losses) < -0.1
