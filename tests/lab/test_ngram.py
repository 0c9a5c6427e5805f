"""The word model: probabilities that sum to one, sense of order, and what it refuses."""

import asyncio

import numpy as np
import pytest

from rubricate.errors import CallError, SettingError
from rubricate.lab import NgramScorer
from rubricate.lab.ngram import tokens
from rubricate.llm.scorers import Forced, TokenScorer

CORPUS = ["the cat sat down", "the cat ran away", "a dog sat down"]


def logp(model, prefix, target):
    return asyncio.run(model.logprobs([Forced(prefix, target)]))[0].logp


@pytest.mark.parametrize("prefix", ["", "the", "the cat", "cat cat", "zebra", "zebra the"])
def test_the_next_word_has_probability_one_together_with_an_unseen_one(prefix):
    model = NgramScorer().fit([f"{t} ." for t in CORPUS])
    words = {w for t in CORPUS for w in t.split()} | {".", "unseen"}
    total = sum(np.exp(logp(model, prefix, w)[0]) for w in words)
    assert total == pytest.approx(1.0, abs=1e-9)


def test_words_are_scored_one_by_one_in_context():
    model = NgramScorer().fit(CORPUS)
    assert isinstance(model, TokenScorer)
    joint = logp(model, "the", "cat sat")
    np.testing.assert_allclose(joint, [logp(model, "the", "cat")[0], logp(model, "the cat", "sat")[0]])
    assert logp(model, "the", "cat")[0] > logp(model, "a", "cat")[0]
    assert logp(model, "The", "CAT")[0] == logp(model, "the", "cat")[0]
    assert tokens("It's 5 o'clock.") == ["it", "'", "s", "5", "o", "'", "clock", "."]


def test_what_it_cannot_do():
    model = NgramScorer().fit(CORPUS)
    assert isinstance(asyncio.run(model.logprobs([Forced("the", " ")]))[0], CallError)
    with pytest.raises(SettingError):
        asyncio.run(model.logprobs([Forced("a", "b")], top=2))
    with pytest.raises(SettingError, match="fit"):
        asyncio.run(NgramScorer().logprobs([Forced("a", "b")]))
    with pytest.raises(SettingError):
        NgramScorer(backoff=1.0)
