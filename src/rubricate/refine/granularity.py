"""How fine a rubric is: a tree of criteria cut at a depth."""

from __future__ import annotations

from rubricate.errors import SettingError
from rubricate.rubrics.model import Criterion, Rubric


def at_depth(rubric: Rubric, depth: int) -> Rubric:
    """``rubric`` with the criteria at ``depth`` (1: the top ones) as its leaves; shallower leaves stay as they are.

    From coarse to fine without a call: the text of a node is what its children spell out. Weights stay; the lock of
    the whole tree no longer fits and is dropped. Card 142 (abstract only: granularity as an input).

    >>> whole = Rubric(id="r", criteria=[{"id": "a", "text": "Sound.", "children": [{"id": "b", "text": "Right."}]}])
    >>> [[c.id for c in at_depth(whole, d).leaves] for d in (1, 2)]
    [['a'], ['b']]
    """
    if depth < 1:
        raise SettingError(f"depth={depth}", expected="1 or more")
    return rubric.model_copy(update={"criteria": tuple(_cut(c, depth) for c in rubric.criteria), "locked": None})


def _cut(criterion: Criterion, depth: int) -> Criterion:
    children = () if depth == 1 else tuple(_cut(c, depth - 1) for c in criterion.children)
    return criterion.model_copy(update={"children": children})
