"""Curves: names known beforehand, numbers by hand, NaN where a name does not apply."""

import math

import numpy as np
import pytest

from rubricate.metrics import COUNTS, Curves, curves_of
from rubricate.rubrics import Rubric
from rubricate.scoring import pack_samples
from rubricate.types import Judgement, Message, Sample, State, Verdict

RUBRIC = Rubric(
    id="r",
    criteria=[
        {"id": "a", "text": "t", "tags": ["fact"]},
        {"id": "b", "text": "t", "tags": ["fact"], "axis": "style"},
        {"id": "c", "text": "t", "weight": -1, "axis": "style"},
    ],
)


def scores_of(*values):
    states = {None: State.ABSTAINED, "lost": State.FAILED}
    judgements = []
    for i, row in enumerate(values):
        verdicts = tuple(
            Verdict(c.id, State.SCORED, v) if isinstance(v, float) else Verdict(c.id, states[v])
            for c, v in zip(RUBRIC.leaves, row, strict=True)
        )
        judgements.append(Judgement(str(i), RUBRIC.digest, verdicts))
    samples = [Sample(str(i), (Message("user", "q"),), "a") for i in range(len(values))]
    return pack_samples(samples, {"r": RUBRIC}, judgements)


def test_counts_and_means_by_hand():
    curves = curves_of([RUBRIC])
    assert curves.names == (*COUNTS, "rubric/tag/fact", "rubric/tag/style", *(f"rubric/criterion/{c}" for c in "abc"))
    full, part = curves.of(scores_of((1.0, 0.0, 1.0), (1.0, None, "lost")), {"r": RUBRIC}, [0.25, np.nan])
    assert full == dict(zip(curves.names, [0.25, 1, 1, 2, 0, 0, 0.5, 0.0, 1, 0, 0], strict=True))
    assert (part["rubric/valid"], part["rubric/n_met"], part["rubric/n_abstain"], part["rubric/n_missing"]) == (
        0,
        1,
        1,
        1,
    )
    assert part["rubric/coverage"] == pytest.approx(1 / 3)
    assert part["rubric/tag/fact"] == 1.0
    assert all(math.isnan(part[k]) for k in ("rubric/score", "rubric/tag/style", "rubric/criterion/c"))


def test_an_infinite_reward_is_no_score():
    (row,) = Curves().of(scores_of((1.0, 1.0, 0.0)), {"r": RUBRIC}, [np.inf])
    assert math.isnan(row["rubric/score"])
    assert row["rubric/valid"] == 0.0


def test_several_rubrics_share_tags_and_have_no_curves_of_single_criteria():
    other = Rubric(id="o", criteria=[{"id": "x", "text": "t", "tags": ["new"]}])
    assert curves_of([RUBRIC, other]) == Curves(("fact", "new", "style"))
    assert curves_of([RUBRIC], ("fact",)) == Curves(("fact",))


def test_an_unjudged_response_has_every_name():
    empty = Curves(("t",)).empty()
    assert set(empty) == set(Curves(("t",)).names)
    assert empty["rubric/valid"] == 0.0
    assert math.isnan(empty["rubric/score"])
