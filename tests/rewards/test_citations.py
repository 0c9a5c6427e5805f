"""Citation measures: unknown verdicts, tasks that cite nothing, claims."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.rewards.citations import Citations, claim_measures
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores

NAN = math.nan


def tasks():
    """Three citations (one unknown), two (both bad), and a task that cites nothing."""
    values = [[1.0, 1.0, NAN], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    return as_scores(values, asked=[[True] * 3, [True, True, False], [False] * 3])


def test_unknown_verdicts_leave_the_count():
    policy = Citations()
    rewards = policy.score(tasks())
    assert rewards.values[:2].tolist() == [1.0, 0.0]
    assert rewards.code[2] == Why.NOTHING_ASKED
    assert float(policy.total(rewards)) == 0.5  # 2 of 4 judged citations
    assert policy.rates(tasks()).valid_rate == 0.5


def test_effective_citations_over_the_tasks_that_cite_or_over_all():
    published, honest = Citations().rates(tasks()), Citations(tasks="all").rates(tasks())
    assert (published.effective, published.tasks, published.uncited) == (1.0, 2, 1)
    assert (honest.effective, honest.tasks) == (pytest.approx(2 / 3), 3)
    with pytest.raises(SettingError, match="cited, all"):
        Citations(tasks="some")


def test_nothing_to_divide_by():
    none = Citations().rates(as_scores(np.zeros((1, 1)), asked=[[False]]))
    assert math.isnan(none.valid_rate)
    assert math.isnan(none.effective)
    unknown = Citations().rates(as_scores([[NAN]]))
    assert math.isnan(unknown.valid_rate)
    assert unknown.effective == 0.0
    assert Citations().score(as_scores([[NAN]])).code[0] == Why.MISSING


def test_faithfulness_and_groundedness():
    faithful, grounded = claim_measures([2, 0], [3, 0], [5, 4])
    assert faithful[0] == pytest.approx(2 / 3)
    assert math.isnan(faithful[1])
    assert grounded.tolist() == [0.6, 0.0]
