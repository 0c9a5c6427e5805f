"""``format``: tags, a heading at the start, a number of list items."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import shown

_HEADING = re.compile(r"#{1,6}[ \t]+\S|[^\n]+\n(?:=+|-{2,})[ \t]*(?:\n|$)")
_ITEM = {
    "bullets": re.compile(r"^[ \t]*[-*+•‣◦–][ \t]+\S", re.MULTILINE),
    "numbered": re.compile(r"^[ \t]*\d{1,3}[.)][ \t]+\S", re.MULTILINE),
}
_NAME = re.compile(r"[\w.-]+")


@verifier("format")
def text_format(
    sample: Sample,
    tags: str | Sequence[str] = (),
    only_tags: bool = False,
    heading: bool = False,
    items: str = "bullets",
    min_items: int | None = None,
    max_items: int | None = None,
) -> Outcome:
    """Whether the response has the form asked for; the reason lists what is wrong.

    ``tags``: each is opened and closed exactly once, one after the other in this order (``only_tags``: with nothing
    outside them); read in the whole response, reasoning included. ``heading``: the answer starts with a Markdown
    heading. ``min_items``, ``max_items``: how many list ``items`` it has ("bullets" or "numbered").
    """
    names = (tags,) if isinstance(tags, str) else tuple(tags)
    counts = min_items is not None or max_items is not None
    if items not in _ITEM or not all(map(_NAME.fullmatch, names)) or (only_tags and not names):
        raise SettingError(
            f"tags={tags!r}, only_tags={only_tags}, items={items!r}",
            expected="tags of letters and digits (some, for only_tags); items bullets or numbered",
        )
    if not (names or heading or counts):
        raise SettingError("nothing to check", expected="tags, heading, min_items or max_items")
    answer = answer_text(sample)
    faults = _tag_faults(sample.response, names, only_tags)
    if heading and not _HEADING.match(answer):
        faults.append(f"starts with {shown(answer, 40)}, no heading")
    if counts:
        found = len(_ITEM[items].findall(answer))
        if found < (min_items or 0) or (max_items is not None and found > max_items):
            faults.append(f"{found} {_items(items)}; expected {_bounds(min_items, max_items)}")
    return Outcome(float(not faults), "; ".join(faults) or "the form asked for")


def _tag_faults(text: str, names: Sequence[str], only: bool) -> list[str]:
    spans: list[tuple[int, int]] = []
    faults = []
    for name in names:
        opened, closed = f"<{name}>", f"</{name}>"
        counts = (text.count(opened), text.count(closed))
        if counts == (1, 1) and text.find(opened) < text.find(closed):
            spans.append((text.find(opened), text.find(closed) + len(closed)))
        elif counts == (1, 1):
            faults.append(f"{closed} stands before {opened}")
        else:
            faults.append(f"{opened} {counts[0]}x and {closed} {counts[1]}x; expected once each")
    if faults:
        return faults
    if any(b[0] < a[1] for a, b in pairwise(spans)):
        return [f"the tags do not follow each other in the order {', '.join(names)}"]
    ends = [0, *(k for span in spans for k in span), len(text)]
    outside = "".join(text[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)).strip()
    return [f"{shown(outside, 40)} stands outside the tags"] if only and outside else []


def _items(kind: str) -> str:
    return "bullets" if kind == "bullets" else "numbered items"


def _bounds(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"
