import pytest

from rubricate.errors import SettingError
from rubricate.refine import at_depth
from rubricate.rubrics import Rubric
from rubricate.rubrics.lock import lock

TREE = Rubric(id="r", criteria=[
    {"id": "a", "text": "A.", "weight": 3, "children": [
        {"id": "b", "text": "B.", "children": [{"id": "c", "text": "C."}, {"id": "d", "text": "D."}]},
        {"id": "e", "text": "E.", "weight": 2},
    ]},
    {"id": "f", "text": "F."},
])  # fmt: skip


def test_leaves_at_each_depth():
    found = {d: [c.id for c in at_depth(TREE, d).leaves] for d in (1, 2, 3, 9)}
    assert found == {1: ["a", "f"], 2: ["b", "e", "f"], 3: ["c", "d", "e", "f"], 9: ["c", "d", "e", "f"]}
    assert at_depth(TREE, 1).leaves[0].weight == 3


def test_the_whole_tree_is_itself_and_a_lock_does_not_survive():
    assert at_depth(TREE, 3) == TREE
    assert at_depth(TREE, 1).digest != TREE.digest
    assert at_depth(lock(TREE), 2).locked is None


def test_a_depth_of_nothing():
    with pytest.raises(SettingError, match="depth=0"):
        at_depth(TREE, 0)
