"""Lists of items as responses write them: one a line, between commas, as JSON, in square brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import answer_text
from rubricate.verifiers.json_schema import parsed

FORMS = ("lines", "commas", "json", "brackets", "metadata")
_MARK = re.compile(r"^\s*(?:[-*+•‣◦–]|\d{1,4}[.)])\s+")
_COMMA = re.compile(r"[,;\n，；、]")
BRACKETS = re.compile(r"\[([^\[\]\n]{1,200})\]")


def listed(sample: Sample, form: str, tag: str = "") -> tuple[list[str], str]:
    """The items of the answer in order, repeats included, and no fault; or what is wrong.

    ``lines``: one a line, list marks dropped. ``commas``: between commas, semicolons or line breaks. ``json``: the
    array that the answer (or its last fenced block) is. ``brackets``: what stands in [square, brackets]. ``metadata``:
    ``sample.metadata["items"]``. With ``tag`` only the text in the one block ``<tag>...</tag>`` is read.
    """
    if form not in FORMS:
        raise SettingError(f"form={form!r}", expected=f"one of {', '.join(FORMS)}")
    if form == "metadata":
        return _names(sample.metadata.get("items"), "metadata['items'] is no list of names")
    text = answer_text(sample)
    if tag:
        blocks = text.split(f"<{tag}>")
        if len(blocks) != 2 or blocks[1].count(f"</{tag}>") != 1:
            return [], f"no single block <{tag}>"
        text = blocks[1].partition(f"</{tag}>")[0]
    if form == "json":
        value, fault = parsed(text.strip(), "either")
        return _names(value, fault or "the JSON is no list of names")
    if form == "lines":
        parts = [_MARK.sub("", line) for line in text.splitlines()]
    else:
        parts = [p for body in (BRACKETS.findall(text) if form == "brackets" else [text]) for p in _COMMA.split(body)]
    return [p.strip() for p in parts if p.strip()], ""


def _names(value: object, fault: str) -> tuple[list[str], str]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        return [], fault
    good = all(isinstance(x, (str, int)) and not isinstance(x, bool) for x in value)
    return (list(map(str, value)), "") if good else ([], fault)
