"""Ranking measures by hand, and beside the array forms that rewards use."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.rewards.ranking import ndcg_at_k, recall_at_k
from rubricate.rewards.sets import f_beta
from rubricate.types import Sample
from rubricate.verifiers.retrieval import rank_measure, retrieval

DOCS = "abcdef"
RANKING = st.lists(st.sampled_from(DOCS), unique=True)
GRADES = st.dictionaries(st.sampled_from(DOCS), st.sampled_from([1, 2, 3]), min_size=1)


def say(text, **metadata):
    return Sample("s", (), text, metadata=metadata)


@given(RANKING, GRADES, st.integers(1, 7), st.sampled_from([0.5, 1.0, 2.0]))
def test_they_are_the_measures_of_rewards(ids, grades, k, beta):
    scores = [[-float(ids.index(d)) if d in ids else math.nan for d in DOCS]]
    relevance = [[float(grades.get(d, 0)) for d in DOCS]]
    assert rank_measure(ids, grades, "ndcg", k) == pytest.approx(ndcg_at_k(scores, relevance, k)[0])
    assert rank_measure(ids, grades, "recall", k) == pytest.approx(recall_at_k(scores, relevance, k)[0])
    named = [[float(d in ids) for d in DOCS]]
    wanted = f_beta(named, (np.array(relevance) > 0).astype(float), beta=beta)[0]
    assert rank_measure(ids, grades, "f_beta", None, beta) == pytest.approx(wanted)


def test_by_hand():
    grades = {"a": 3, "b": 1}
    best = 3 / 1 + 1 / math.log2(3)
    assert rank_measure(["x", "a", "b"], grades, "ndcg") == pytest.approx((3 / math.log2(3) + 1 / 2) / best)
    assert rank_measure(["x", "a"], grades, "mrr") == 0.5
    assert rank_measure(["x", "y"], grades, "mrr") == 0
    assert rank_measure(["x", "a"], grades, "precision", 10) == 0.1  # of k, however few are listed
    assert rank_measure(["x", "a"], grades, "precision") == 0.5
    assert rank_measure([], grades, "precision") == 0


def test_a_repeat_earns_nothing_and_keeps_its_place():
    grades = {"a": 1, "b": 1}
    assert rank_measure(["a", "a", "b"], grades, "recall", 2) == 0.5
    assert rank_measure(["a", "a"], grades, "precision") == 0.5
    assert rank_measure(["a", "a", "b"], grades, "ndcg") < rank_measure(["a", "b"], grades, "ndcg") == 1
    assert rank_measure(["a", "a", "a"], grades, "f_beta") == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("lines", "1. d1\n2) d2\n- d3"),
        ("commas", "d1, d2;\nd3"),
        ("json", '["d1", "d2", "d3"]'),
        ("json", 'Here:\n```json\n["d1", "d2", "d3"]\n```'),
        ("brackets", "See [d1, d2] and then [d3]."),
    ],
)
def test_ids_are_read_as_they_are_written(form, text):
    found = retrieval(say(text), ["d2"], measure="mrr", form=form)
    assert (found.value, found.reason) == (0.5, "3 ids listed, 1 of 1 relevant ones in 10")


def test_ids_in_a_tag_or_in_metadata():
    text = "d9\n<ids>\nd1\nd2\n</ids>"
    assert retrieval(say(text), ["d1"], measure="mrr", tag="ids").value == 1
    assert retrieval(say("no tag"), ["d1"], tag="ids").reason == "no single block <ids>"
    assert retrieval(say("", items=["x", "d1"]), ["d1"], measure="mrr", form="metadata").value == 0.5
    assert retrieval(say("", items="d1"), ["d1"], form="metadata").value == 0
    assert retrieval(say("[1, 7]"), [7], form="json", measure="mrr").value == 0.5


@pytest.mark.parametrize(
    "wrong",
    [{"relevant": []}, {"relevant": "d1"}, {"relevant": {"a": 0}}, {"relevant": {"a": math.inf}}, {"k": 0}, {"beta": 0}],
)  # fmt: skip
def test_wrong_settings(wrong):
    with pytest.raises(SettingError):
        retrieval(say("d1"), **{"relevant": ["d1"]} | wrong)
