"""What makes the lint quick changes nothing that it finds: a look for plain words, all pairs of a few sets, fewer rules."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.rubrics import Rubric, lint_leaks, lint_overlap, lint_words, wording
from rubricate.rubrics.lint import RULES, lint
from rubricate.rubrics.scale import Scale

TRIGGERS = (
    *lint_overlap._OPPOSITES, *lint_overlap._ASIDE_WORDS, *lint_overlap._NEGATION_WORDS, *lint_words._TWICE_WORDS,
    *lint_leaks._CALLED_WORDS, *wording._EXAMPLE_WORDS, *wording._MARKS, "doesn't", "don’t", "cannot", "fails to", "and",
    "Answer 2", "the better", "response", "B", "was preferred", "one", "(", ")", "]", "'", "“", "至多", "包括", "more", "most",
    "names", "dose", "the", "5", "soils", "NOT", "Lacks", "Such as",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(TRIGGERS), min_size=1, max_size=8).map(" ".join)
HOMES = (wording, lint_overlap, lint_words, lint_leaks)


def found(texts):
    rubric = Rubric(
        id="r", prompt="Which dose?", criteria=[{"id": f"c{k}", "text": t, "weight": 1 - 2 * (k % 2)} for k, t in enumerate(texts)]
    )  # fmt: skip
    return lint(rubric)


@settings(max_examples=200)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_look_for_plain_words_changes_no_finding(texts):
    quick = found(texts), [wording.masked(t, True) for t in texts], [wording.script(t) for t in texts]
    with pytest.MonkeyPatch.context() as patch:
        for home in HOMES:
            patch.setattr(home, "may_hold", lambda text, words: True)
        assert (found(texts), [wording.masked(t, True) for t in texts], [wording.script(t) for t in texts]) == quick


@settings(max_examples=300)
@given(st.text(alphabet="aZs09_'.-,; (\t", max_size=30))
def test_words_of_ascii_are_those_of_the_general_pattern(text):
    general = [wording.stem(w) for w in wording._RUN.findall(text.casefold()) if w not in wording.STOP]
    assert wording.content_words(text) == general
    assert wording.has_word(text) == bool(wording.tokens(text))


@given(st.lists(st.sampled_from([*wording._CODE_WORDS, "x", "\n", ":", " ", "()", "defer", "imports"]), max_size=8))
def test_a_look_for_words_of_code_changes_no_refusal(parts):
    text = "".join(parts)
    refused = bool(text.strip()) and wording._CODE.search(text) is not None
    assert wording.no_sentence(text).startswith("it holds code") == refused


def test_the_check_itself_can_fail():
    text = "Does not name the dose."
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lint_overlap, "may_hold", lambda text, words: False)
        assert not lint_overlap.claim_of(text).denied
    assert lint_overlap.claim_of(text).denied


@pytest.mark.parametrize("seed", range(20))
def test_a_few_sets_give_the_pairs_of_the_index(seed, monkeypatch):
    rng = random.Random(seed)
    sets = [frozenset(rng.sample("abcdefgh", rng.randint(0, 6))) for _ in range(rng.randint(1, 30))]
    for threshold in (0.3, 0.5, 0.7, 0.85, 1.0):
        for most in (1, 2, 20):
            every = list(wording.near(sets, threshold, most))
            with monkeypatch.context() as patch:
                patch.setattr(wording, "_FEW", 0)
                assert every == list(wording.near(sets, threshold, most))


def test_only_the_rules_that_are_asked():
    rubric = Rubric(id="r", criteria=[{"id": k, "text": "Is as clear as answer 1."} for k in "ab"])
    assert {f.rule for f in lint(rubric)} >= {"R301-same-text", "R401-names-an-answer"}
    assert {f.rule for f in lint(rubric, rules=["R401-names-an-answer"])} == {"R401-names-an-answer"}
    assert lint(rubric, rules=[]) == []
    assert lint(rubric, rules=list(RULES)) == lint(rubric)


def test_a_scale_has_a_hash_by_content():
    assert hash(Scale()) == hash(Scale(kind="binary"))
    assert len({Scale(), Scale.model_validate("1-5"), Scale(kind="labels", labels={"a": 1.0, "b": 0.0}), Scale()}) == 3
