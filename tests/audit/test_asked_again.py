"""Audits of panels, of second looks and of selective judging: by hand, by loop, and what they must not hide."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit import binary_report, confidence_drift, panel_report, risk_coverage, turn_report
from rubricate.errors import SettingError, ShapeError

NAN = math.nan


# ------------------------------------------------------------------------------------------------ panels


def voters(rng, n, k, accuracy, rho):
    """Verdicts of k judges whose errors correlate by rho (a shared error with that probability)."""
    shared = rng.random((n, 1)) >= accuracy
    own = rng.random((n, k)) >= accuracy
    wrong = np.where(rng.random((n, k)) < math.sqrt(rho), shared, own)
    truth = (rng.random(n) < 0.5).astype(float)
    return np.where(wrong, 1 - truth[:, None], truth[:, None]), truth


def majority(p):
    """P(at least three of five independent voters with error p are wrong)."""
    return sum(math.comb(5, k) * p**k * (1 - p) ** (5 - k) for k in (3, 4, 5))


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6, 0.9])
def test_what_a_vote_gains_falls_with_the_correlation_of_errors(rho):
    share = math.sqrt(rho)  # of errors that come from the shared source
    vote = 1 - 0.3 * majority(share + (1 - share) * 0.3) - 0.7 * majority((1 - share) * 0.3)
    verdicts, truth = voters(np.random.default_rng(0), 40_000, 5, 0.7, rho)
    report = panel_report(verdicts, truth)
    assert report.shared == pytest.approx(rho, abs=0.02)
    assert report.vote == pytest.approx(vote, abs=0.01)
    np.testing.assert_allclose(report.accuracy, 0.7, atol=0.01)
    assert report.voters == pytest.approx(5 / (1 + 4 * report.shared))


def test_the_correlation_is_pearsons_over_what_both_answered():
    rng = np.random.default_rng(1)
    verdicts, truth = voters(rng, 60, 3, 0.7, 0.4)
    verdicts[rng.random(verdicts.shape) < 0.2] = np.nan
    report = panel_report(verdicts, truth)
    for i in range(3):
        for j in range(3):
            both = ~np.isnan(verdicts[:, i]) & ~np.isnan(verdicts[:, j])
            errors = [(verdicts[both, k] != truth[both]).astype(float) for k in (i, j)]
            assert report.correlation[i, j] == pytest.approx(np.corrcoef(*errors)[0, 1])
        known = ~np.isnan(verdicts[:, i])
        assert report.accuracy[i] == pytest.approx((verdicts[known, i] == truth[known]).mean())


def test_ties_and_missing_votes_lower_the_coverage_of_the_vote():
    report = panel_report([[1, 0], [1, 1], [NAN, NAN], [NAN, 0]], [1, 1, 1, 1])
    assert report.vote_coverage == 0.5
    assert report.vote == 0.5
    assert np.isnan(panel_report([[1, 1], [1, 1]], [1, 1]).shared)
    with pytest.raises(ShapeError, match="neither 0 nor 1"):
        panel_report([[0.5]], [1])


# -------------------------------------------------------------------------------------------- yes and no


def test_the_base_rate_illusion_by_hand():
    truth = np.repeat([1, 0], [80, 20])
    verdict = np.concatenate([np.repeat([1, 0], [72, 8]), np.repeat([1, 0], [8, 12])])
    report = binary_report(verdict, truth)
    assert report == pytest.approx((0.84, 0.75, 0.9, 0.6, 0.9, 1.0))
    assert binary_report([NAN, 1], [1, 1]).answered == 0.5
    assert np.isnan(binary_report([1, 1], [1, 1]).specificity)
    with pytest.raises(ShapeError):
        binary_report([2], [1])


# ------------------------------------------------------------------------------------------ second looks


def test_a_second_look_by_hand_with_its_control():
    report = turn_report([1, 0, 0, 0, NAN], [1, 1, 1, 0, 1], [1, 1, 1, 1, 1], control=[1, 1, 0, 0, 1])
    assert report.n == 4
    assert (report.first, report.second, report.control) == (0.25, 0.75, 0.5)
    assert (report.changed, report.repaired, report.spoiled) == (0.5, 0.5, 0.0)
    assert report.z == pytest.approx(2 / math.sqrt(2))
    assert report.gain == 0.25
    assert np.isnan(turn_report([1], [1], [1]).gain)
    assert turn_report([NAN], [1], [1]).n == 0


def test_second_looks_that_flip_at_random_gain_nothing():
    rng = np.random.default_rng(0)
    truth = (rng.random(20_000) < 0.5).astype(float)
    first = np.where(rng.random(20_000) < 0.7, truth, 1 - truth)
    flips = np.where(rng.random(20_000) < 0.1, 1 - first, first)
    report = turn_report(first, flips, truth)
    assert report.z < -10
    assert report.second < report.first


def test_drift_and_calibration_against_a_loop():
    rng = np.random.default_rng(0)
    p, y = rng.random((50, 4)), (rng.random((50, 4)) < 0.5).astype(float)
    p[rng.random(p.shape) < 0.1] = np.nan
    found = confidence_drift(p, y)
    gaps = [b - a for a, b in zip(p[:, 0], p[:, -1], strict=True) if not math.isnan(a + b)]
    assert found.drift == pytest.approx(np.mean(gaps))
    assert found.effect == pytest.approx(np.mean(gaps) / np.std(gaps, ddof=1))
    for t in range(4):
        rows = [(a, b) for a, b in zip(p[:, t], y[:, t], strict=True) if not math.isnan(a)]
        bins = {}
        for a, b in rows:
            bins.setdefault(min(9, int(a * 10)), []).append((a, b))
        ece = sum(abs(sum(b - a for a, b in rows)) for rows in bins.values()) / len(rows)
        assert found.ece[t] == pytest.approx(ece)
        assert found.mean[t] == pytest.approx(np.mean([a for a, _ in rows]))


# -------------------------------------------------------------------------------------- selective judging


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, NAN]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=12))
def test_the_curve_against_a_loop(pairs):
    curve = risk_coverage([u for u, _ in pairs], [x for _, x in pairs])
    levels = sorted({u for u, _ in pairs if not math.isnan(u)})
    assert curve.threshold.tolist() == levels
    for k, level in enumerate(levels):
        kept = [x for u, x in pairs if u <= level]
        assert curve.coverage[k] == pytest.approx(len(kept) / len(pairs))
        assert curve.risk[k] == pytest.approx(sum(kept) / len(kept))


def test_the_threshold_for_a_risk_and_the_area():
    curve = risk_coverage([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1])
    assert curve.at_risk(0.4) == (0.3, 0.75)
    assert curve.at_risk(0.0) == (0.2, 0.5)
    assert risk_coverage([0.1], [1]).at_risk(0.5) == (-math.inf, 0.0)
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 0.5) / 4)
    assert np.isnan(risk_coverage([NAN], [1]).area)
    with pytest.raises(SettingError, match="no loss"):
        risk_coverage([0.1], [NAN])


def test_uncertainty_that_knows_the_errors_beats_one_that_does_not():
    rng = np.random.default_rng(0)
    loss = (rng.random(2000) < 0.3).astype(float)
    told, blind = loss + rng.normal(0, 0.5, 2000), rng.random(2000)
    assert risk_coverage(told, loss).area < 0.15 < risk_coverage(blind, loss).area
