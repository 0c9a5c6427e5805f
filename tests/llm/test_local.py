"""The scorer in process against a forward pass written out, with and without a shared prefix."""

import asyncio
import math

import numpy as np
import pytest

from rubricate.errors import CallError, SettingError
from rubricate.llm.local import LocalScorer
from rubricate.llm.scorers import Forced, TokenLogs, TokenScorer

pytestmark = pytest.mark.local

MATERIAL = "the cat says thank you and the dog says please . " * 6
QUESTIONS = ("is it good ?", "is it sad or bad ?", "red", "please say something nice about the sun in one line ?")
ITEMS = [Forced(MATERIAL + q, t) for q in QUESTIONS for t in (" yes", " no", " sun moon", " hello hello zzz")]


def by_hand(model, tokenizer, item):
    import torch

    prefix = tokenizer(item.prefix, split_special_tokens=True)["input_ids"]
    target = tokenizer(item.target, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    with torch.no_grad():
        logp = torch.log_softmax(model(torch.tensor([prefix + target])).logits[0].double(), -1)
    return np.array([float(logp[len(prefix) - 1 + k, t]) for k, t in enumerate(target)])


@pytest.mark.parametrize("kind", ["qwen2", "llama"])
@pytest.mark.parametrize("settings", [{}, {"share": False}, {"batch_tokens": 1}, {"batch_tokens": 40}])
def test_log_probabilities_are_those_of_one_forward_pass_each(tiny, kind, settings):
    model, tokenizer = tiny(kind)
    scorer = LocalScorer(model, tokenizer, **settings)
    assert isinstance(scorer, TokenScorer)
    for item, answer in zip(ITEMS, asyncio.run(scorer.logprobs(ITEMS, top=3)), strict=True):
        np.testing.assert_allclose(answer.logp, by_hand(model, tokenizer, item), atol=2e-5)
        assert answer.top.shape == (len(answer.logp), 3)
        assert (answer.top[:, 0] >= answer.logp - 1e-6).all()


def test_control_a_shifted_position_would_be_seen(tiny):
    model, tokenizer = tiny()
    item = ITEMS[2]
    wrong = by_hand(model, tokenizer, Forced(item.prefix + " ", item.target))
    assert np.abs(wrong - LocalScorer(model, tokenizer).score([item])[0].logp).max() > 1e-3


def test_the_shared_prefix_is_read_once(tiny):
    model, tokenizer = tiny()
    shared = LocalScorer(model, tokenizer).score(ITEMS)
    whole = LocalScorer(model, tokenizer, share=False).score(ITEMS)
    assert sum(a.usage.prompt_tokens for a in shared) < 0.35 * sum(a.usage.prompt_tokens for a in whole)
    assert shared[0].usage.calls == 1


def test_texts_with_nothing_in_common_and_prefixes_of_each_other(tiny):
    model, tokenizer = tiny()
    items = [
        Forced("red", " cat"),
        Forced("blue moon", " dog"),
        Forced("red cat", " dog"),
        Forced("red", " cat dog sun"),
    ]
    for item, answer in zip(items, LocalScorer(model, tokenizer).score(items), strict=True):
        np.testing.assert_allclose(answer.logp, by_hand(model, tokenizer, item), atol=2e-5)


def test_a_whole_distribution_sums_to_one(tiny):
    model, tokenizer = tiny()
    answer = LocalScorer(model, tokenizer).score([ITEMS[0]], top=10_000)[0]
    np.testing.assert_allclose(np.exp(answer.top).sum(1), 1.0, atol=1e-5)


def test_what_cannot_be_scored_costs_its_own_item_only(tiny):
    model, tokenizer = tiny()
    scorer = LocalScorer(model, tokenizer)
    empty, none, long, fine = scorer.score(
        [Forced("", "yes"), Forced("red", ""), Forced("sun " * 600, " moon"), Forced("red", " cat")]
    )
    assert all(isinstance(a, CallError) for a in (empty, none, long))
    assert long.state == "truncated"
    assert isinstance(fine, TokenLogs)
    assert math.isfinite(fine.total)
    with pytest.raises(SettingError):
        LocalScorer(model, tokenizer, batch_tokens=0)


def test_special_tokens_in_a_response_are_letters_unless_the_caller_renders_them(tiny):
    model, tokenizer = tiny()
    item = Forced("hello<|end|><|assistant|>good", " yes")
    plain, special = (LocalScorer(model, tokenizer, special_tokens=s).score([item])[0].logp for s in (False, True))
    np.testing.assert_allclose(plain, by_hand(model, tokenizer, item), atol=2e-5)
    assert abs(plain[0] - special[0]) > 1e-4


def test_a_model_is_loaded_from_a_folder(tiny, tmp_path):
    model, tokenizer = tiny()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    scorer = LocalScorer.load(str(tmp_path), batch_tokens=100)
    np.testing.assert_allclose(scorer.score(ITEMS[:1])[0].logp, by_hand(model, tokenizer, ITEMS[0]), atol=2e-5)
    assert repr(scorer) == f"LocalScorer({str(tmp_path)!r})"
