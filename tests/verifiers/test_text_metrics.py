"""BLEU, chrF and ROUGE: by hand, beside the libraries, and the laws of card 110."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU

from rubricate.errors import MissingExtraError, SettingError
from rubricate.types import Sample
from rubricate.verifiers import text_metrics
from rubricate.verifiers.text_metrics import bleu, chrf, rouge

SENTENCE = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=9).map(" ".join)


def say(text, **more):
    return Sample("s", (), text, **more)


def test_bleu_by_hand():
    # 4 words of 5, pairs 3 of 4, triples 2 of 3, fours 1 of 2; equal length, so no brevity penalty
    found = bleu(say("a b c d x"), "a b c d e", smooth="none")
    assert found.value == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert found.reason == "BLEU 66.9 against 1 references"
    assert bleu(say("a b c d"), "a b c d e f g h", smooth="none").value == pytest.approx(math.exp(1 - 8 / 4))
    # add-k: 3 pairs of 4 count 4 of 5, and so on; words stay as they are
    assert bleu(say("a b c d x"), "a b c d e", smooth="add-k").value == pytest.approx((4/5 * 4/5 * 3/4 * 2/3) ** 0.25)  # fmt: skip


def test_counts_are_clipped_by_the_most_of_any_reference():
    assert bleu(say("the the the"), ["the cat is", "the the dog"], max_n=1).value == pytest.approx(2 / 3)
    assert bleu(say("the the the"), ["the cat is"], max_n=1).value == pytest.approx(1 / 3)


@settings(deadline=None)
@given(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=3))
def test_identical_is_one_and_empty_is_zero(text, others):
    for check in (bleu, chrf, rouge):
        assert check(say(text), [*others, text]).value == pytest.approx(1.0)
        assert check(say(""), others).value == 0


@settings(deadline=None)
@given(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=3), SENTENCE)
def test_another_reference_lowers_bleu_through_the_closest_length_only(text, references, more):
    """Card 110's law: clipped counts only grow; what can fall is the brevity penalty of the closest length."""

    def closest(texts):
        size = len(text.split())
        return min((len(t.split()) for t in texts), key=lambda n: (abs(n - size), n))

    assume(closest(references) == closest([*references, more]))
    assert bleu(say(text), [*references, more]).value >= bleu(say(text), references).value - 1e-12


def test_control_a_closer_longer_reference_does_lower_bleu():
    text, references = "a b c d e", ["a b"]
    before, after = bleu(say(text), references).value, bleu(say(text), [*references, "x x x x x x x"]).value
    assert after < before


@settings(deadline=None)
@given(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=3))
def test_they_are_what_the_libraries_say(text, references):
    wanted = BLEU(effective_order=True).sentence_score(text, references).score / 100
    assert bleu(say(text), references).value == pytest.approx(wanted)
    scores = RougeScorer(["rougeL"]).score_multi(references, text)["rougeL"]
    assert rouge(say(text), references).value == pytest.approx(scores.fmeasure)


def test_rouge_by_hand():
    sample = say("warm the pot", reference="warm the tea pot now")
    assert rouge(sample, kind="rouge1", measure="recall").value == pytest.approx(3 / 5)
    assert rouge(sample, kind="rouge2", measure="precision").value == pytest.approx(1 / 2)
    assert rouge(sample).value == pytest.approx(2 * 1 * 0.6 / 1.6)  # rougeL: warm the pot
    assert rouge(say("warming pots", reference="warm pot"), stem=True).value == 1
    assert rouge(say("warming pots", reference="warm pot")).value == 0


def test_chrf_reads_every_script_and_rouge_says_that_it_does_not():
    assert chrf(say("茶是温的", reference="茶是温的")).value == pytest.approx(1)
    assert 0 < chrf(say("茶是凉的", reference="茶是温的")).value < 1
    assert rouge(say("茶是温的", reference="茶是温的")).value is None
    assert bleu(say("茶是温的", reference="茶是温的"), tokenize="zh").value == pytest.approx(1)


def test_a_table_too_large_cannot_tell():
    assert rouge(say("tea " * 3000, reference="tea " * 3000)).value is None
    assert rouge(say("tea " * 3000, reference="tea " * 3000), kind="rouge1").value == 1


@pytest.mark.parametrize("check", [bleu, chrf, rouge])
def test_without_a_reference_it_cannot_tell(check):
    assert check(say("Tea.")).value is None


@pytest.mark.parametrize(
    ("check", "wrong"),
    [(bleu, {"smooth": "x"}), (bleu, {"max_n": 9}), (chrf, {"beta": 1.5}), (rouge, {"kind": "rouge9"})],
)
def test_wrong_settings(check, wrong):
    with pytest.raises(SettingError):
        check(say("Tea."), "Tea.", **wrong)


def test_a_missing_package_is_named(monkeypatch):
    def gone(name):
        raise ImportError(name)

    monkeypatch.setattr(text_metrics.importlib, "import_module", gone)
    with pytest.raises(MissingExtraError, match=r"'sacrebleu'.*rubricate\[verify\]"):
        bleu(say("Tea."), "Tea.", max_n=7)
    with pytest.raises(MissingExtraError, match="'rouge-score'"):
        rouge(say("Tea."), "Tea.", kind="rouge4", stem=True)
