"""Agreement inside a group and confidence of the policy, against plain loops."""

import math
from collections import Counter

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.rewards import cluster_entropy, self_agreement, self_confidence

NAN = float("nan")


def plain(cluster, group, how, view=None):
    out = []
    for i, (c, g) in enumerate(zip(cluster, group, strict=True)):
        voters = [
            cluster[j]
            for j in range(len(cluster))
            if group[j] == g and cluster[j] >= 0 and (view is None or view[j] != view[i])
        ]
        if c < 0 or not voters:
            out.append(NAN)
        elif how == "frequency":
            out.append(voters.count(c) / len(voters))
        else:
            counts = Counter(voters)
            stands = [cluster[j] for j in range(len(cluster)) if group[j] == g and cluster[j] >= 0]
            best = min(counts, key=lambda k: (-counts[k], stands.index(k)))
            out.append(float(best == c))
    return out


@pytest.mark.parametrize("how", ["majority", "frequency"])
@pytest.mark.parametrize("views", [False, True])
def test_equal_to_a_plain_loop(how, views):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 25))
        cluster, group = rng.integers(-1, 4, n), rng.integers(0, 3, n) * 5
        view = rng.integers(0, 3, n) if views else None
        found = self_agreement(cluster, group, how, view=view)
        np.testing.assert_allclose(found, plain(cluster.tolist(), group.tolist(), how, view), err_msg=str(seed))


def test_frequencies_sum_to_the_squares_of_the_shares():
    cluster, group = np.array([0, 0, 0, 1, 2, 2]), np.zeros(6)
    assert self_agreement(cluster, group, "frequency").sum() == pytest.approx((9 + 1 + 4) / 6)
    assert self_agreement(cluster, group).sum() == 3


def test_no_answer_earns_nothing_only_under_the_policy_that_says_so():
    assert math.isnan(self_agreement([-1, 0], [0, 0])[0])
    assert self_agreement([-1, 0], [0, 0], missing="worst_case").tolist() == [0.0, 1.0]
    assert np.isnan(self_agreement([-1, -1], [0, 0])).all()
    assert np.isnan(self_agreement([0, -1], [0, 0], view=[0, 1])).all()
    with pytest.raises(ShapeError):
        self_agreement([0.5, NAN], [0, 0])
    with pytest.raises(UnknownNameError, match="majority"):
        self_agreement([0], [0], "most")


def test_entropy_of_answers():
    found = cluster_entropy([7, 7, 8, 9, -1, -1], [0, 0, 0, 0, 0, 1])
    expected = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))
    np.testing.assert_allclose(found[:5], expected)
    assert math.isnan(found[5])


def test_confidence_by_hand_on_whole_distributions():
    p = np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]])
    top, logp, off = np.log(p), np.log([0.7, 0.25]), [0, 2]
    kl = np.mean([sum(math.log((1 / 3) / q) / 3 for q in row) for row in p])
    entropy = np.mean([sum(q * math.log(q) for q in row) for row in p])
    expected = {
        "self_certainty": kl, "token_entropy": entropy, "trajectory_entropy": math.log(0.7 * 0.25),
        "probability": 0.175, "disparity": (0.5 + 0.25) / 2,
    }  # fmt: skip
    for kind, value in expected.items():
        shuffled = top[:, [2, 0, 1]]
        assert self_confidence(logp, off, kind, top_logp=shuffled)[0] == pytest.approx(value), kind


def test_cut_distributions_are_bounds():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (40, 30))
    full = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    top, off, logp = -np.sort(-full, axis=1)[:, :8], [0, 10, 40], full[:, 0]
    for kind, sign in (("self_certainty", 1), ("token_entropy", 1)):
        whole = self_confidence(logp, off, kind, top_logp=full)
        cut = self_confidence(logp, off, kind, top_logp=top, vocabulary=30)
        assert (sign * (whole - cut) >= -1e-9).all()
        assert (whole - cut).max() > 1e-3
        np.testing.assert_allclose(self_confidence(logp, off, kind, top_logp=full, vocabulary=30), whole)


def test_what_cannot_be_told_is_missing_or_refused():
    assert np.isnan(self_confidence([-1.0], [0, 0, 1])).tolist() == [True, False]
    assert np.isnan(self_confidence([-1.0], [0, 1], "disparity", top_logp=[[NAN, NAN]])).all()
    with pytest.raises(SettingError, match="top_logp"):
        self_confidence([-1.0], [0, 1], "disparity")
    with pytest.raises(ShapeError):
        self_confidence([-1.0], [0, 1], "disparity", top_logp=[[-1.0]])
    with pytest.raises(UnknownNameError, match="self_certainty"):
        self_confidence([-1.0], [0, 1], "certainty")
