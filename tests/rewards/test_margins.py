"""Log margins: logits of P(yes), given margins, infinite ones."""

import math

import pytest

from rubricate.rewards.margins import Margin
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores

NAN = math.nan


def test_logit_of_the_probability():
    found = Margin().score(as_scores([[0.75], [0.5], [0.25]])).values
    assert found == pytest.approx([math.log(3), 0.0, -math.log(3)])


def test_given_margins_replace_the_verdicts():
    scores = as_scores([[1.0, 1.0], [0.5, 0.5]], [3.0, 1.0])
    assert Margin().score(scores, margin=[[1.0, -1.0], [2.0, 2.0]]).values.tolist() == [0.5, 2.0]
    assert Margin().score(scores, margin=[[1.0, NAN], [2.0, 2.0]]).code.tolist() == [Why.MISSING, Why.OK]


def test_an_infinite_margin_is_no_reward():
    rewards = Margin().score(as_scores([[1.0], [0.0], [0.5]]))
    assert rewards.code.tolist() == [Why.INFINITE, Why.INFINITE, Why.OK]
    assert Margin().score(as_scores([[0.5]]), margin=[[-math.inf]]).code[0] == Why.INFINITE
    # the worst margin of a lost verdict is minus infinity: still no number
    assert Margin(missing="worst_case").score(as_scores([[0.6, NAN]])).code[0] == Why.INFINITE


def test_missing_weights_and_zero():
    assert Margin().score(as_scores([[0.6, NAN]])).code[0] == Why.MISSING
    assert Margin(missing="drop_item").score(as_scores([[0.75, NAN]])).values == pytest.approx([math.log(3)])
    assert Margin().score(as_scores([[0.5, 0.5]], [1.0, -1.0])).code[0] == Why.NEGATIVE
    assert Margin().score(as_scores([[0.5]], [0.0])).code[0] == Why.ZERO


def test_more_belief_is_more_reward():
    found = Margin().score(as_scores([[p] for p in (0.1, 0.4, 0.6, 0.9)])).values
    assert (found[1:] > found[:-1]).all()
