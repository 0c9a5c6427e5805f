"""Criteria to one score per row: hand-worked numbers, missing policies, and a plain loop."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import (
    all_pass,
    category_mean,
    connected_share,
    product,
    soft_and,
    weighted_mean,
    weighted_sum,
)

NAN = float("nan")


def cells(d, i, missing):
    """(score, weight, category) of the criteria in play in row i under a policy; None for a row that is undefined."""
    row = [(s, w, k) for s, w, k, a in zip(d.scores[i], d.weights, d.category, d.asked[i], strict=True) if a and w != 0]
    gaps = any(math.isnan(s) for s, _, _ in row)
    if missing == "propagate" and gaps:
        return None
    if missing == "drop_item":
        kept = [c for c in row if not math.isnan(c[0])]
        return None if row and not kept else kept
    return [(0.0 if math.isnan(s) else s, w, k) for s, w, k in row]


def below(weights, denominator):
    if denominator == "sum":
        return sum(weights)
    return sum(abs(w) for w in weights) if denominator == "abs" else sum(max(w, 0) for w in weights)


def mean(row, denominator):
    d = below([w for _, w, _ in row], denominator)
    return sum(s * w for s, w, _ in row) / d if d > 0 else NAN


@pytest.mark.parametrize("missing", ["propagate", "drop_item", "zero"])
def test_sum_and_mean_equal_a_plain_loop(ragged, missing):
    rows = [cells(ragged, i, missing) for i in range(ragged.n)]
    expected = [NAN if r is None else sum(s * w for s, w, _ in r) for r in rows]
    got = weighted_sum(ragged.scores, ragged.weights, ragged.asked, missing=missing)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    for denominator in ("positive", "abs", "sum"):
        if refused(ragged, denominator):
            continue
        expected = [NAN if r is None else mean(r, denominator) for r in rows]
        settings = {"missing": missing, "denominator": denominator}
        got = weighted_mean(ragged.scores, ragged.weights, ragged.asked, **settings)
        np.testing.assert_allclose(got, expected, atol=1e-9)


def refused(d, denominator):
    """Weights under which the denominator can vanish for all rows alike."""
    if denominator == "abs" or (d.weights >= 0).all():
        return False
    return denominator == "sum" or (d.weights <= 0).all()


@pytest.mark.parametrize("missing", ["propagate", "drop_item", "zero"])
@pytest.mark.parametrize("denominator", ["positive", "abs", "sum"])
def test_category_mean_equals_a_plain_loop(ragged, missing, denominator):
    if refused(ragged, denominator):
        with pytest.raises(ShapeError, match="can vanish"):
            category_mean(ragged.scores, ragged.weights, ragged.category, denominator=denominator)
        ragged.weights = np.abs(ragged.weights)
    expected = []
    for i in range(ragged.n):
        row = cells(ragged, i, missing)
        kinds = [] if row is None else sorted({k for _, _, k in row})
        means = [mean([c for c in row if c[2] == k], denominator) for k in kinds]
        expected.append(sum(means) / len(means) if means else NAN)
    per_row = np.broadcast_to(ragged.category, ragged.scores.shape)
    for category in (ragged.category, per_row):
        settings = {"missing": missing, "denominator": denominator}
        got = category_mean(ragged.scores, ragged.weights, category, ragged.asked, **settings)
        np.testing.assert_allclose(got, expected, atol=1e-9)


@pytest.mark.parametrize("missing", ["propagate", "drop_item", "zero"])
def test_soft_and_product_and_minimum_equal_a_plain_loop(ragged, missing):
    ragged.weights = np.abs(ragged.weights)
    weighted = [cells(ragged, i, missing) for i in range(ragged.n)]
    total = [NAN if r is None else sum(w for _, w, _ in r) for r in weighted]
    expected = [
        math.exp(sum(w * math.log((s + 0.01) / 1.01) for s, w, _ in r) / t) if t > 0 else NAN
        for r, t in zip(weighted, total, strict=True)
    ]
    got = soft_and(ragged.scores, ragged.weights, ragged.asked, missing=missing)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    ragged.weights = np.ones_like(ragged.weights)
    plain = [cells(ragged, i, missing) for i in range(ragged.n)]
    expected = [NAN if r is None else math.prod(s for s, _, _ in r) for r in plain]
    np.testing.assert_allclose(product(ragged.scores, ragged.asked, missing=missing), expected, atol=1e-9)
    expected = [NAN if r is None else min([s for s, _, _ in r], default=1.0) for r in plain]
    np.testing.assert_allclose(all_pass(ragged.scores, ragged.asked, missing=missing), expected, atol=1e-9)


def test_numbers_worked_out_by_hand():
    scores = [[1.0, 0.5, 0.0]]
    assert weighted_sum(scores, [3, 2, 5])[0] == 4.0
    assert weighted_mean(scores, [3, 2, 5])[0] == 0.4
    assert category_mean(scores, [3, 2, 5], ["a", "a", "b"])[0] == pytest.approx((4 / 5 + 0) / 2)
    assert product(scores)[0] == 0.0
    assert all_pass(scores)[0] == 0.0


def test_penalties_follow_the_denominator():
    scores, weights = [[1.0, 1.0, 1.0]], [4.0, -2.0, 1.0]
    assert weighted_mean(scores, weights)[0] == pytest.approx(3 / 5)
    assert weighted_mean(scores, weights, denominator="abs")[0] == pytest.approx(3 / 7)
    assert weighted_mean(scores, [4.0, 2.0, 1.0], denominator="sum")[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("weights", "denominator"), [([-1.0, -2.0], "positive"), ([1.0, -1.0], "sum")])
def test_weights_under_which_the_denominator_can_vanish_are_refused(weights, denominator):
    with pytest.raises(ShapeError, match=r"weights holds .* can vanish; expected .*'abs' takes any"):
        weighted_mean([[1.0, 0.5]], weights, denominator=denominator)


@pytest.mark.parametrize("denominator", ["positive", "sum", "abs"])
def test_a_row_without_a_denominator_is_nan(denominator):
    assert np.isnan(weighted_mean([[1.0, 0.5]], [0.0, 0.0], denominator=denominator)).all()
    mixed = weighted_mean([[1.0, 0.5]] * 2, [[1.0, 2.0], [-1.0, 0.0]])  # penalties only, in the second row
    assert mixed[0] == pytest.approx(2 / 3)
    assert np.isnan(mixed[1])


def test_a_missing_verdict_follows_the_named_policy():
    scores, weights = [[1.0, NAN, 0.0]], [1.0, 2.0, 1.0]
    assert np.isnan(weighted_mean(scores, weights))[0]
    assert weighted_mean(scores, weights, missing="drop_item")[0] == 0.5
    assert weighted_mean(scores, weights, missing="zero")[0] == 0.25
    assert np.isnan(weighted_mean([[NAN, NAN]], missing="drop_item"))[0]
    assert np.isnan(weighted_sum([[NAN, NAN]], missing="drop_item"))[0]


def test_what_is_not_in_play_is_not_read():
    scores = [[1.0, NAN]]
    assert weighted_mean(scores, asked=[[True, False]])[0] == 1.0
    assert weighted_mean(scores, [1.0, 0.0])[0] == 1.0
    assert weighted_mean([[1.0, 0.5]], [1.0, NAN], [True, False])[0] == 1.0


def test_nothing_in_play():
    scores, asked = [[0.5, NAN]], [[False, False]]
    assert weighted_sum(scores, asked=asked)[0] == 0.0
    assert product(scores, asked)[0] == 1.0
    assert all_pass(scores, asked)[0] == 1.0
    for mean_like in (weighted_mean, category_mean, soft_and):
        assert np.isnan(mean_like(scores, asked=asked))[0]
    assert weighted_mean(np.empty((0, 3))).shape == (0,)
    assert category_mean(np.empty((2, 0))).shape == (2,)


def test_an_undefined_category_is_not_passed_over():
    scores, category = [[1.0, 1.0]], [0, 1]
    assert np.isnan(category_mean(scores, [1.0, -1.0], category))[0]
    assert category_mean(scores, [1.0, -1.0], category, denominator="abs")[0] == 0.0
    assert category_mean(scores, [1.0, 0.0], category)[0] == 1.0


def test_the_figures_of_the_smoothed_gate():
    gate = soft_and([[0.95, 0.95, 0.95], [1.0, 1.0, 0.0]])
    assert gate[0] * 0.6 == pytest.approx(0.57, abs=0.001)
    assert gate[1] * 1.0 == pytest.approx(0.215, abs=0.001)
    linear = [(3 * 0.95 / 3 + 0.6) / 2, (2 / 3 + 1.0) / 2]
    assert linear[0] < linear[1]
    assert soft_and([[0.25, 1.0]], delta=0.0)[0] == pytest.approx(0.5)
    assert soft_and([[0.0, 1.0]], delta=0.0)[0] == 0.0


def test_partial_rewards_of_a_query_are_a_weighted_sum():
    exec_, judge, syntax, schema, ngram, form = 1, 0, 1, 0.5, 0.25, 1
    got = weighted_sum([[exec_, judge, syntax, schema, ngram, form]], [3, 2, 1, 1, 1, 1])
    assert got[0] == 3 + 0 + 1 + 0.5 + 0.25 + 1


@pytest.mark.parametrize("fn", [weighted_sum, weighted_mean, category_mean, soft_and, product, all_pass])
def test_bad_input_names_the_argument_and_its_shape(fn):
    with pytest.raises(ShapeError, match=r"scores has shape \(2,\)"):
        fn([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"asked has shape \(1, 2\)"):
        fn(np.ones((1, 3)), asked=[[True, False]])
    if fn not in (product, all_pass):
        with pytest.raises(ShapeError, match=r"weights has shape \(2,\)"):
            fn(np.ones((1, 3)), [1.0, 2.0])
    with pytest.raises(SettingError, match="missing='ignore'"):
        fn(np.ones((1, 3)), missing="ignore")


def test_other_bad_input():
    with pytest.raises(ShapeError, match=r"category has shape \(2,\)"):
        category_mean(np.ones((1, 3)), category=[0, 1])
    with pytest.raises(SettingError, match="denominator='max'"):
        weighted_mean(np.ones((1, 3)), denominator="max")
    with pytest.raises(ShapeError, match="scores is out of range in row 0, criterion 1"):
        soft_and([[0.5, 1.5]])
    with pytest.raises(ShapeError, match="weights is out of range"):
        soft_and([[0.5, 0.5]], [1.0, -1.0])
    with pytest.raises(SettingError, match="delta=-1"):
        soft_and([[0.5]], delta=-1)


def reached(row, links):
    """Statements that a queue over entities reaches from entity 0; row: supported statements."""
    queue, seen, found = [0], {0}, set()
    while queue:
        entity = queue.pop()
        for j in row:
            if links[j][entity]:
                found.add(j)
                new = {e for e in range(len(links[j])) if links[j][e]} - seen
                seen |= new
                queue += new
    return found


@pytest.mark.parametrize("missing", ["propagate", "drop_item", "zero"])
def test_connected_share_equals_a_walk_of_the_graph(ragged, missing):
    c = ragged.scores.shape[1]
    links = ragged.rng.random((c, 4)) < 0.4
    expected = []
    for i in range(ragged.n):
        asked = [j for j in range(c) if ragged.asked[i, j]]
        gaps = [j for j in asked if math.isnan(ragged.scores[i, j])]
        if missing == "drop_item":
            asked = [j for j in asked if j not in gaps]
        count = len(asked) if not (gaps and missing == "propagate") else 0
        supported = [j for j in asked if j not in gaps and ragged.scores[i, j] >= 0.5]
        expected.append(len(reached(supported, links)) / count if count else NAN)
    got = connected_share(ragged.scores, links, ragged.asked, missing=missing)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    per_row = np.broadcast_to(links, (ragged.n, *links.shape))
    np.testing.assert_array_equal(got, connected_share(ragged.scores, per_row, ragged.asked, missing=missing))


def test_a_supported_statement_without_a_path_to_the_answer_counts_for_nothing():
    links = [[1, 1, 0], [0, 1, 1]]
    np.testing.assert_allclose(connected_share([[1, 1], [1, 0], [0, 1], [0.4, 1]], links), [1.0, 0.5, 0.0, 0.0])
    np.testing.assert_allclose(connected_share([[0, 1]], links, root=2), [0.5])
    with pytest.raises(SettingError, match="root=3"):
        connected_share([[1, 1]], links, root=3)
    with pytest.raises(ShapeError, match="links"):
        connected_share([[1, 1, 1]], links)
