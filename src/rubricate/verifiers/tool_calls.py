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
_ARGUMENTS = ("parameters", "arguments", "input", "args")


@verifier("tool_calls")
def tool_calls(sample: Sample, calls: Sequence[Call], tag: str = "tool_call") -> Outcome:
    """Share of the wanted ``calls`` that the response makes inside ``<tag>`` blocks; without a tag, as bare JSON.

    A block holds one JSON object per line, one object or one list. A call is {"name": ..., "parameters": {...}};
    "arguments" (OpenAI, Hermes, Qwen; also as JSON text, also inside "function") and "input" (Anthropic) are read too,
    here and in ``calls``. No block, or anything in one that is no call, scores 0. Card 81 (ToolRL, arXiv 2504.13958,
    code read): its reward is ``6 share - 3``.
    """
    wanted = [] if isinstance(calls, str) else [_call(c) for c in calls]
    if not wanted or None in wanted:
        raise SettingError(f"calls={calls!r}", expected='one or more of {"name": text, "parameters": {...}}')
    made, fault = _read(answer_text(sample), tag)
    if fault:
        return Outcome(0.0, fault)
    share = call_share([c for c in wanted if c is not None], made)
    return Outcome(share, f"{len(made)} calls for {len(wanted)} wanted, {share:.0%} of the marks")


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


def _call(value: Any) -> Call | None:
    """A call in the form of this file from any of the forms in use; None for anything else."""
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        value = value["function"]
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return None
    given = [value[key] for key in _ARGUMENTS if key in value]
    if len(given) == 1 and isinstance(given[0], str):
        try:
            given = [json.loads(given[0] or "{}")]
        except (json.JSONDecodeError, RecursionError):
            return None
    if len(given) != 1 or not isinstance(given[0], Mapping):
        return None
    return {"name": value["name"], "parameters": given[0]}


def _read(answer: str, tag: str) -> tuple[list[Call], str]:
    """The calls and no fault, or none and what is wrong."""
    blocks = _blocks(answer, tag) if tag else [answer]
    if not blocks:
        return [], f"no <{tag}> block"
    found: list[Call] = []
    for block in blocks:
        values, fault = _values(block)
        made = [_call(v) for v in values]
        if fault or None in made:
            return [], fault or "a line is not a call with a name and parameters"
        found += [c for c in made if c is not None]
    return found, ""


def _blocks(answer: str, tag: str) -> list[str]:
    found = []
    for piece in answer.split(f"<{tag}>")[1:]:
        block, closed, _ = piece.partition(f"</{tag}>")
        found += [block] if closed else []
    return found


def _values(block: str) -> tuple[list[Any], str]:
    """The JSON values of a block: one that may span lines (a list gives its items), or one per line."""
    try:
        value = json.loads(block)
    except (json.JSONDecodeError, RecursionError):
        value = None
    if value is not None:
        value = value.get("tool_calls", value) if isinstance(value, dict) else value
        return (value if isinstance(value, list) else [value]), ""
    found = []
    for line in filter(str.strip, block.splitlines()):
        try:
            found.append(json.loads(line))
        except (json.JSONDecodeError, RecursionError) as error:
            return [], f"a line is not JSON: {error}"
    return found, ""
