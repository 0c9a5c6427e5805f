"""``judgement_format``: how well a listwise judgement is formed, for training a judge."""

from __future__ import annotations

from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.llm.ladder import climb
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, verifier


@verifier("judgement_format")
def judgement_format(
    sample: Sample, names: Sequence[str], scores: str = "scores", ranking: str = "ranking", think: int = 50
) -> Outcome:
    """Share of the form that a judgement ``<think>...</think> {scores: {name: number}, ranking: [name, ...]}`` has.

    .15 reasoning in tags, .05 more than ``think`` characters of it, .20 a JSON object (.15 when it had to be
    repaired or cut out), .10 each for the two keys, .20 times the share of ``names`` that both name exactly once,
    .20 a ranking that puts no lower score first (all names scored and ranked). Card 82 (arXiv
    2506.03637, constants from the code).
    """
    wanted = [str(n) for n in names]
    if not wanted or len(set(wanted)) < len(wanted):
        raise SettingError(f"names={list(names)!r}", expected="one or more different names")
    thought = _thoughts(sample.response)
    parts = {"think": 0.15 if len(thought) == 1 else 0.0}
    parts["length"] = 0.05 if len(thought) == 1 and len(thought[0].strip()) > think else 0.0
    found = climb(sample.response, scores) or climb(sample.response, ranking)
    if found is not None:
        table, order = found.value.get(scores), found.value.get(ranking)
        parts["json"] = 0.2 if found.rung == "object" else 0.15
        parts["keys"] = 0.1 * isinstance(table, dict) + 0.1 * isinstance(order, list)
        given = table if isinstance(table, dict) else {}
        listed = [str(n) for n in order] if isinstance(order, list) else []
        once = [n for n in wanted if n in given and n not in found.doubled and listed.count(n) == 1]
        parts["coverage"] = 0.2 * len(once) / len(wanted)
        values = [given.get(n) for n in listed]
        whole = len(once) == len(wanted) == len(listed) == len(given)
        numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
        falling = all(a >= b for a, b in zip(numbers, numbers[1:], strict=False))
        parts["consistency"] = 0.2 if whole and len(numbers) == len(values) and falling else 0.0
    total = round(sum(parts.values()), 12)
    return Outcome(total, ", ".join(f"{name} {value:g}" for name, value in parts.items()))


def _thoughts(text: str) -> list[str]:
    """What stands in each closed ``<think>`` block."""
    found = []
    start = text.find("<think>")
    while start >= 0 and (end := text.find("</think>", start)) >= 0:
        found.append(text[start + len("<think>") : end])
        start = text.find("<think>", end)
    return found
