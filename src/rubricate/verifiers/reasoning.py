"""``reasoning_block``: one block of reasoning at the start, and an answer after it."""

from __future__ import annotations

import re

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, verifier
from rubricate.verifiers.material import at_least
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.segments import count_words

_NAME = re.compile(r"[\w.-]+")


@verifier("reasoning_block")
def reasoning_block(
    sample: Sample,
    tag: str = "think",
    opened: bool = False,
    required: bool = True,
    min_words: int = 0,
    max_words: int | None = None,
) -> Outcome:
    """Whether the response is exactly one block ``<tag>...</tag>`` that is not empty, and then an answer.

    Read in the whole response. ``opened``: the chat template writes the opening tag, so it must not stand in the
    response. Not ``required``: a response without either tag passes too. ``min_words``, ``max_words`` bound the block.
    For several tags in a fixed order (cards 9, 138) use ``format`` with ``tags`` and ``only_tags``.
    """
    at_least(0, min_words=min_words, max_words=max_words)
    if not _NAME.fullmatch(tag) or (max_words is not None and max_words < min_words):
        raise SettingError(
            f"tag={tag!r}, min_words={min_words}, max_words={max_words}",
            expected="a tag of letters and digits, min_words <= max_words",
        )
    fault = _fault(sample.response, f"<{tag}>", f"</{tag}>", opened, required, (min_words, max_words))
    return Outcome(float(not fault), fault or "one block of reasoning, then an answer")


def _fault(text: str, opening: str, closing: str, opened: bool, required: bool, words: tuple[int, int | None]) -> str:
    """What is wrong, or nothing."""
    starts, ends = text.count(opening), text.count(closing)
    if not required and not starts and not ends:
        return "" if text.strip() else "no answer"
    if (starts, ends) != (int(not opened), 1):
        return f"{opening} {starts}x and {closing} {ends}x; expected {int(not opened)} and 1"
    before, _, rest = ("", "", text) if opened else text.partition(opening)
    block, found, answer = rest.partition(closing)
    if not found:
        return f"{closing} stands before {opening}"
    if before.strip():
        return f"{shown(before)} stands before {opening}"
    if not block.strip():
        return "the block is empty"
    if not answer.strip():
        return f"no answer after {closing}"
    low, high = words
    if low == 0 and high is None:
        return ""
    count = count_words(block)
    return "" if low <= count <= (count if high is None else high) else f"{count} words of reasoning"
