import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.reasoning import reasoning_block


def found(text, **settings):
    return reasoning_block(Sample("s", (), text), **settings)


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        ("<think>six by seven</think>42", {}, ""),
        ("  <think>six</think>\n\n42", {}, ""),
        ("<think>six</think>", {}, "no answer after </think>"),
        ("<think> </think>42", {}, "the block is empty"),
        ("42", {}, "<think> 0x and </think> 0x; expected 1 and 1"),
        ("<think>a<think>b</think>42", {}, "<think> 2x and </think> 1x; expected 1 and 1"),
        ("<think>a</think>42<think>b</think>", {}, "<think> 2x and </think> 2x; expected 1 and 1"),
        ("</think>a<think>42", {}, "</think> stands before <think>"),
        ("Well, <think>a</think>42", {}, '"Well," stands before <think>'),
        ("six by seven</think>42", {"opened": True}, ""),
        ("<think>six</think>42", {"opened": True}, "<think> 1x and </think> 1x; expected 0 and 1"),
        ("42", {"required": False}, ""),
        ("", {"required": False}, "no answer"),
        ("<think>six", {"required": False}, "<think> 1x and </think> 0x; expected 1 and 1"),
        ("<reason>six</reason>42", {"tag": "reason"}, ""),
        ("<think>one two</think>42", {"min_words": 3}, "2 words of reasoning"),
        ("<think>one two</think>42", {"max_words": 1}, "2 words of reasoning"),
        ("<think>one two</think>42", {"min_words": 2, "max_words": 2}, ""),
    ],
)
def test_by_hand(text, settings, reason):
    outcome = found(text, **settings)
    assert outcome.value == float(not reason)
    assert outcome.reason == (reason or "one block of reasoning, then an answer")


@pytest.mark.parametrize("settings", [{"tag": "a b"}, {"min_words": -1}, {"min_words": 2, "max_words": 1}])
def test_wrong_settings(settings):
    with pytest.raises(SettingError):
        found("x", **settings)
