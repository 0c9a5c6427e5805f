import numpy as np
import pytest

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import LintContext, lint
from rubricate.rubrics.lint_data import pairwise_correlation

NAN = float("nan")


def findings(rule, n=3, context=None, stats=None, **fields):
    criteria = [{"id": f"c{k}", "text": f"Names point {'xyz'[k]}."} for k in range(n)]
    criteria[0] |= {"stats": stats} if stats else {}
    return [f for f in lint(Rubric(id="r", criteria=criteria, **fields), context=context) if f.rule.startswith(rule)]


def calibrated(*columns, **settings):
    values = np.array(columns, dtype=float).T
    return LintContext(values=values, ids=tuple(f"c{k}" for k in range(len(columns))), **settings)


def test_criteria_that_never_or_always_come_out_met():
    context = calibrated([0] * 10, [1] * 10, [1, 0] * 5)
    assert [(f.criterion, f.reason) for f in findings("R501", context=context)] == [
        ("c0", "is met by 0.0% of 10 responses"), ("c1", "is met by 100.0% of 10 responses"),
    ]  # fmt: skip


def test_missing_verdicts_are_no_failures_and_few_say_nothing():
    assert findings("R501", n=1, context=calibrated([0] * 7 + [NAN] * 5)) == []
    assert findings("R501", n=1, context=calibrated([0] * 8 + [NAN] * 5))
    assert findings("R501", n=1, context=calibrated([NAN] * 10)) == []
    assert findings("R501", n=1, context=calibrated([0] * 4, min_rows=4))


def test_recorded_pass_rates_are_read_and_verdicts_go_before_them():
    recorded = {"pass_rate": 0.99, "n_judged": 200}
    assert findings("R501", stats=recorded)
    assert findings("R501", stats=recorded | {"pass_rate": 0.98}) == []
    assert findings("R501", stats=recorded, context=calibrated([0, 1] * 5)) == []
    assert findings("R501", stats=recorded | {"n_judged": 3}) == []


def test_pairs_below_the_floor():
    assert [f.criterion for f in findings("R502", context=LintContext(pairs={"c0": 5, "c1": 6}))] == ["c0"]
    assert findings("R502", stats={"accuracy": 1.0, "n_judged": 1})
    assert findings("R502", stats={"n_judged": 1}) == []
    assert findings("R502", context=LintContext(pairs={"c0": 5}, min_pairs=3)) == []


@pytest.mark.parametrize(
    ("stats", "fires"),
    [({"matches": 2, "n_pairs": 4}, True), ({"matches": 3, "n_pairs": 4}, False), ({"matches": 2, "n_pairs": 5}, False),
     ({"matches": 3, "n_pairs": 4, "threshold": 0.75}, True), ({"n_pairs": 4}, False)],
)  # fmt: skip
def test_kept_on_a_tie(stats, fires):
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": "Names it."}], stats=stats)
    assert any(f.rule.startswith("R503") for f in lint(rubric)) == fires


def test_correlated_criteria_name_the_strongest_earlier_one():
    x = np.array([0, 1, 1, 0, 1, 0, 1, 1, 0, 0], dtype=float)
    y = x.copy()
    y[0] = 1 - y[0]
    context = calibrated(x, y, 1 - x)
    (found,) = findings("R504", context=context)
    assert (found.criterion, found.reason) == ("c2", "correlates -1.00 with 'c0' over 10 responses")
    assert findings("R504", context=calibrated(x, y, np.ones(10))) == []
    assert findings("R504", context=calibrated(x, x, min_rows=11)) == []


def test_columns_of_other_criteria_are_left_out():
    x = [0, 1] * 5
    context = LintContext(values=np.array([x, x, x], dtype=float).T, ids=("c0", "other", "c9"))
    assert findings("R504", context=context) == []
    assert findings("R501", context=context) == []


def test_recorded_correlations_are_read_without_verdicts():
    criteria = [
        {"id": "a", "text": "Names it."},
        {"id": "b", "text": "Says why.", "stats": {"correlation": {"a": -0.97, "c": 0.99}}},
        {"id": "c", "text": "Gives a date.", "stats": {"correlation": {"a": 0.95}}},
    ]
    found = [f for f in lint(Rubric(id="r", criteria=criteria)) if f.rule.startswith("R504")]
    assert [(f.criterion, f.reason) for f in found] == [("b", "correlates -0.97 with 'a'")]


def test_correlations_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    values = rng.random((40, 6)) + 1e6
    values[rng.random(values.shape) < 0.3] = NAN
    values[:, 5] = 0.5
    r, n = pairwise_correlation(values)
    for i in range(6):
        for j in range(6):
            both = ~np.isnan(values[:, i]) & ~np.isnan(values[:, j])
            assert n[i, j] == both.sum()
            if 5 in (i, j):
                assert np.isnan(r[i, j])
            else:
                assert r[i, j] == pytest.approx(np.corrcoef(values[both, i], values[both, j])[0, 1])
    assert not np.allclose(r[:5, :5], np.corrcoef(np.nan_to_num(values[:, :5]).T))


def test_correlation_of_nothing():
    r, n = pairwise_correlation(np.zeros((0, 2)))
    assert np.isnan(r).all()
    assert not n.any()


def test_one_judge_in_the_loop_and_at_the_end():
    (found,) = findings("R601", context=LintContext(loop_judges=["j1", "j2"], final_judges={"j2", "j3"}))
    assert "'j2'" in found.reason
    assert findings("R601", context=LintContext(loop_judges=["j1"], final_judges=["j2"])) == []
