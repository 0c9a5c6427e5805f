"""Trees with critical nodes and sequences, against numbers of card 178 and an independent recursion."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import PolicyError
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores
from rubricate.rewards.tree import Tree
from rubricate.structure import Structure
from rubricate.types import STATES, State

NAN = math.nan
FLAT = Structure.of([-1, 0, 0, 0, 0], critical=[False, True, False, False, False])
SEQUENCE = Structure.of([-1, 0, 0, 0], sequential=[True, False, False, False])
ALL_CRITICAL = Structure.of([-1, 0, 0], critical=[True, True, True])


def root(structure, *rows, **settings_):
    return Tree(**settings_).score(as_scores(rows), structure).values.tolist()


def test_the_numbers_of_the_card():
    assert root(FLAT, [1.0, 1.0, 0.0, 1.0]) == pytest.approx([2 / 3])
    assert root(FLAT, [0.0, 1.0, 0.0, 1.0]) == [0.0]
    assert root(SEQUENCE, [1.0, 0.0, 1.0]) == pytest.approx([1 / 3])
    assert root(ALL_CRITICAL, [1.0, 1.0]) == [1.0]
    assert root(ALL_CRITICAL, [1.0, 0.0]) == [0.0]


def test_scoring_twice_gives_the_same_number():
    # the published preview of a sequence leaves the later children in: 2/3 instead of 1/3
    scores = as_scores([[1.0, 0.0, 1.0]])
    first = Tree().score(scores, SEQUENCE).values
    assert first.tolist() == Tree().score(scores, SEQUENCE).values.tolist() == pytest.approx([1 / 3])


def test_success_is_the_share_of_full_roots():
    policy = Tree()
    rewards = policy.score(as_scores([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), SEQUENCE)
    assert float(policy.total(rewards, of="full")) == 0.5
    assert float(policy.total(rewards)) == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)


def test_skipped_leaves_count_only_where_they_would_decide():
    skipped = np.full((1, 4), STATES.index(State.SCORED))
    skipped[0, 1:] = STATES.index(State.SKIPPED)
    scores = as_scores([[0.0, NAN, NAN, NAN]], asked=[[True, False, False, False]], states=skipped)
    assert Tree().score(scores, FLAT).values.tolist() == [0.0]  # the critical leaf failed
    passed = replace(scores, values=np.array([[1.0, NAN, NAN, NAN]]))
    assert Tree().score(passed, FLAT).code[0] == Why.SKIPPED
    assert Tree(missing="drop_item").score(passed, FLAT).code[0] == Why.SKIPPED


def test_short_circuit_in_a_sequence_keeps_the_denominator():
    states = [[STATES.index(State.SCORED)] * 2 + [STATES.index(State.SKIPPED)]]
    scores = as_scores([[1.0, 0.0, NAN]], asked=[[True, True, False]], states=states)
    assert Tree().score(scores, SEQUENCE).values.tolist() == pytest.approx([1 / 3])


def test_leaves_that_were_not_asked_leave_the_mean():
    scores = as_scores([[1.0, 1.0, 0.0, 1.0]], asked=[[True, True, False, True]])
    assert Tree().score(scores, FLAT).values.tolist() == [1.0]


def test_missing_verdicts():
    lost_soft, lost_critical = as_scores([[1.0, NAN, 0.0, 1.0]]), as_scores([[NAN, 1.0, 0.0, 1.0]])
    assert Tree().score(lost_soft, FLAT).code[0] == Why.MISSING
    assert Tree(missing="worst_case").score(lost_soft, FLAT).values.tolist() == pytest.approx([1 / 3])
    assert Tree(missing="drop_item").score(lost_soft, FLAT).values.tolist() == [0.5]
    assert Tree(missing="worst_case").score(lost_critical, FLAT).values.tolist() == [0.0]
    assert Tree(missing="drop_item").score(lost_critical, FLAT).code[0] == Why.GATE
    # a failed critical sibling settles the row
    assert Tree().score(as_scores([[0.0, NAN, 1.0, 1.0]]), FLAT).values.tolist() == [0.0]


def test_several_top_criteria_hang_under_one_parallel_root():
    assert root(Structure.of([-1, -1, -1]), [1.0, 0.0, 1.0]) == pytest.approx([2 / 3])
    assert root(Structure.of([-1, -1], critical=[True, False]), [0.0, 1.0]) == [0.0]


def test_negative_weights_turn_the_verdict_round():
    structure = Structure.of([-1, 0, 0], weight=[1.0, 1.0, -1.0])
    assert Tree().score(as_scores([[1.0, 0.0]], [1.0, -1.0]), structure).values.tolist() == [1.0]


def test_weighted_means_are_a_departure_by_choice():
    structure = Structure.of([-1, 0, 0], weight=[1.0, 3.0, 1.0])
    assert root(structure, [1.0, 0.0]) == [0.5]
    assert root(structure, [1.0, 0.0], weighted=True) == [0.75]


def test_a_critical_node_has_only_critical_children():
    wrong = Structure.of([-1, 0, 0], ids=("root", "must", "may"), critical=[True, True, False])
    with pytest.raises(PolicyError, match="'may' is not critical, its parent 'root' is"):
        root(wrong, [1.0, 1.0])


def test_contributions_say_what_each_leaf_holds_up():
    # (critical 1; 1, 0, 1): without the critical leaf all of .667 is lost, without a met soft one a third
    found = Tree().contributions(as_scores([[1.0, 1.0, 0.0, 1.0]]), FLAT)
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3, 0.0, 1 / 3]])


def recursive(structure, node, row):
    """The rule in words, on Python numbers."""
    children = structure.children[node]
    if not children:
        return float(row[structure.column[node]])
    scores = [recursive(structure, c, row) for c in children]
    if structure.sequential[node]:
        for k, s in enumerate(scores):
            if s < 1:
                scores = scores[: k + 1] + [0.0] * (len(scores) - k - 1)
                break
    critical = [s for s, c in zip(scores, children, strict=True) if structure.critical[c]]
    soft = [s for s, c in zip(scores, children, strict=True) if not structure.critical[c]]
    if any(s < 1 for s in critical):
        return 0.0
    return sum(soft) / len(soft) if soft else 1.0


@st.composite
def trees(draw):
    n = draw(st.integers(2, 9))
    parent = [-1] + [draw(st.integers(0, i - 1)) for i in range(1, n)]
    critical = [draw(st.booleans()) for _ in range(n)]
    critical[0] = False
    for i in range(1, n):
        critical[i] = critical[i] or critical[parent[i]]
    sequential = [draw(st.booleans()) for _ in range(n)]
    structure = Structure.of(parent, critical=critical, sequential=sequential)
    rows = draw(
        st.lists(
            st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=structure.width, max_size=structure.width),
            min_size=1,
            max_size=4,
        )
    )
    return structure, rows


@settings(max_examples=80, deadline=None)
@given(trees())
def test_against_a_recursion(case):
    structure, rows = case
    np.testing.assert_allclose(root(structure, *rows), [recursive(structure, 0, row) for row in rows], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(trees(), st.integers(0, 8))
def test_raising_a_leaf_never_lowers_the_root(case, at):
    structure, rows = case
    raised = np.array(rows)
    raised[:, at % structure.width] = 1.0
    assert (np.array(root(structure, *raised)) >= np.array(root(structure, *rows)) - 1e-12).all()


def test_control_the_preview_differs():
    preview = float(np.mean([1.0, 0.0, 1.0]))
    assert preview != pytest.approx(root(SEQUENCE, [1.0, 0.0, 1.0])[0])
