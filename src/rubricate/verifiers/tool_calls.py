"""``tool_calls``: how much of the wanted tool calls the response makes: names, argument names, argument values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier

Call = Mapping[str, Any]


@verifier("tool_calls")
def tool_calls(sample: Sample, calls: Sequence[Call], tag: str = "tool_call") -> Outcome:
    """Share of the wanted ``calls`` that the response makes inside ``<tag>``, one JSON object per line.

    A call is ``{"name": ..., "parameters": {...}}``. No block, or a line that is no call, scores 0. Card 81 (ToolRL,
    arXiv 2504.13958, code read): its reward is ``6 share - 3``.
    """
    if isinstance(calls, str) or not len(calls) or not all(_is_call(c) for c in calls):
        raise SettingError(f"calls={calls!r}", expected='one or more of {"name": text, "parameters": {...}}')
    made, fault = _read(answer_text(sample), tag)
    if fault:
        return Outcome(0.0, fault)
    share = call_share(calls, made)
    return Outcome(share, f"{len(made)} calls for {len(calls)} wanted, {share:.0%} of the marks")


def call_share(wanted: Sequence[Call], made: Sequence[Call]) -> float:
    """``(names + sum over wanted calls of (argument names + equal values)) / (1 + sum (1 + arguments))`` in [0, 1].

    Names and argument names score by their overlap as bags, a value scores 1 when it is equal. Each wanted call takes
    the best unused call of its name, in order; order costs nothing, a surplus call costs through the overlap of names.

    >>> gold = [{"name": "find", "parameters": {"q": "tea", "n": 3}}]
    >>> call_share(gold, [{"name": "find", "parameters": {"q": "tea", "n": 5}}])
    0.75
    """
    total = overlap([c["name"] for c in wanted], [c["name"] for c in made])
    left = list(made)
    for call in wanted:
        marks = [(_marks(call, other), -k) for k, other in enumerate(left) if other["name"] == call["name"]]
        if marks:
            best, place = max(marks)
            total += best
            del left[-place]
    return total / (1 + sum(1 + len(c["parameters"]) for c in wanted))


def overlap(a: Iterable[Any], b: Iterable[Any]) -> float:
    """Bags in common over bags in either (Jaccard index with repeats); 1 for two empty bags.

    >>> overlap("aab", "abc")
    0.5
    """
    first, second = Counter(a), Counter(b)
    either = (first | second).total()
    return (first & second).total() / either if either else 1.0


def _marks(wanted: Call, made: Call) -> float:
    gold, given = wanted["parameters"], made["parameters"]
    return overlap(list(gold), list(given)) + sum(
        name in given and given[name] == value for name, value in gold.items()
    )


def _is_call(value: Any) -> bool:
    named = isinstance(value, Mapping) and isinstance(value.get("name"), str)
    return named and isinstance(value.get("parameters"), Mapping)


def _read(answer: str, tag: str) -> tuple[list[Call], str]:
    """The calls and no fault, or none and what is wrong."""
    _, opened, rest = answer.partition(f"<{tag}>")
    block, closed, _ = rest.partition(f"</{tag}>")
    if not opened or not closed:
        return [], f"no <{tag}> block"
    found = []
    for line in filter(str.strip, block.splitlines()):
        try:
            call = json.loads(line)
        except json.JSONDecodeError as error:
            return [], f"a line is not JSON: {error}"
        if not _is_call(call):
            return [], "a line is not a call with a name and parameters"
        found.append(call)
    return found, ""
