"""No scoring policy turns missing verdicts into a number, unless its missing policy says so by name."""

import math

import numpy as np
import pytest

from rubricate import registry
from rubricate.errors import PolicyError
from rubricate.rewards.named import named
from rubricate.rewards.outcome import Outcome
from rubricate.rewards.policies import as_scores
from rubricate.rewards.scorer import MISSING, Scorer
from rubricate.structure import Stages, Structure

NAMES = registry.names("policy")
SIGNS = {"positive": [2.0, 1.0, 3.0], "mixed": [2.0, -1.0, 3.0], "negative": [-2.0, -1.0, -3.0]}


def tree(policy):
    """One top criterion with two leaves and one of its own, with classes that the policy knows."""
    classes = tuple(getattr(policy, "tiers", None) or getattr(policy, "class_weights", None) or ("",) * 3)[:3]
    return Structure.of([-1, 0, 0, -1], classes=("", *classes), stage=[0, 0, 0, -1], stages=Stages.of([{"id": "a"}]))


def score(policy, values, weights):
    reference = {"reference": np.full(np.shape(values), 0.5)} if "reference" in policy.takes else {}
    return policy.score(as_scores(values, weights), tree(policy), **reference)


def silent(policy, weights):
    return bool(np.isfinite(score(policy, [[math.nan] * 3], weights).values[0]))


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("name", NAMES)
def test_everything_missing_is_no_number(name, missing):
    coverage = {"min_coverage": 0.5} if missing == "renormalise" else {}
    policy = named(name, missing=missing, **coverage)
    for weights in SIGNS.values():
        if missing == "raise":
            with pytest.raises(PolicyError, match="verdicts are missing"):
                score(policy, [[math.nan] * 3], weights)
        elif missing != "worst_case":
            assert not silent(policy, weights)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_asked_is_no_number(name):
    policy = named(name)
    reference = {"reference": np.full((1, 3), 0.5)} if "reference" in policy.takes else {}
    blank = as_scores([[math.nan] * 3], SIGNS["positive"], asked=[[False] * 3])
    for missing in ("drop_sample", "worst_case"):
        assert np.isnan(named(name, missing=missing).score(blank, tree(policy), **reference).values[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_default_never_pays_for_a_lost_verdict(name):
    """One verdict lost: no number, or the number of every completion. FACT drops unknown citations, as it says."""
    policy = named(name)
    if policy.missing != "drop_sample":
        assert (name, policy.missing) == ("deepresearch_fact", "drop_item")
        return
    for at in range(3):
        row = np.array([0.25, 0.5, 0.75])
        row[at] = math.nan
        found = score(policy, [row], SIGNS["positive"]).values[0]
        for filler in (0.0, 0.5, 1.0):
            full = score(policy, [np.where(np.isnan(row), filler, row)], SIGNS["positive"]).values[0]
            assert np.isnan(found) or found == pytest.approx(full)


def test_control_a_careless_policy_is_caught():
    class Careless(Scorer):
        def formula(self, table):
            n = len(table)
            return Outcome(np.where(table.use, table.values, 0.0).mean(1), np.zeros(n, int), np.ones(n))

        def prepare(self, table):
            return np.nan_to_num(table.values)

    assert silent(Careless(), SIGNS["positive"])
