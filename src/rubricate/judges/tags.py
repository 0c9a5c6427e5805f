"""Verdict tags at the end of a reply: ``[[A]]`` counts only in the tail, and only when no other tag stands there.

Each tag is looked for by itself. The 4-way parser of RewardBench 2 takes the first of ``[[A]]``, ``[[B]]``, ``[[C]]``,
``[[D]]`` that stands anywhere, so a verdict ``[[C]]`` after a mention of ``[[A]]`` is read as A. The rule of the tail
is that of RM-R1 (card 53).
"""

from __future__ import annotations

from collections.abc import Sequence

from rubricate.llm.ask import Problem
from rubricate.llm.parse import strip_reasoning

TAIL = 80


def read_tag(text: str, names: Sequence[str], *, tail: int = TAIL) -> str | Problem:
    """The name of the one tag ``[[name]]`` in the last ``tail`` characters; a Problem for none, or for several.

    >>> read_tag("Not [[A]], although it is long and polite. " + "The facts decide here. " * 3 + "[[C]]", "ABCD")
    'C'
    """
    end = strip_reasoning(text).rstrip()[-tail:]
    found = [name for name in names if f"[[{name}]]" in end]
    if len(found) == 1:
        return found[0]
    offered = " or ".join(f"[[{name}]]" for name in names)
    if found:
        return Problem(f"several verdicts stand at its end: {', '.join(found)}; end with one of {offered}")
    return Problem(f"no verdict stands at its end; end with {offered}")
