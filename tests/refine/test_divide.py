"""Criteria split by a model: parts share the weight, what failed drops nothing, others are seen."""

import asyncio

import numpy as np
import pytest

from rubricate.errors import CallError, ShapeError
from rubricate.refine import divide
from rubricate.rubrics import Rubric

MET = {"Sound.": [1, 1, 1, 1], "Cites.": [1, 0, 0, 0], "Cites a source.": [1, 1, 0, 0], "Links.": [0, 0, 0, 1]}


class Scripted:
    """Splits as told; an exception is raised."""

    def __init__(self, children):
        self.children, self.seen = children, []

    async def split(self, text, answers, accepted):
        self.seen.append((text, list(answers), list(accepted)))
        if isinstance(self.children[text], Exception):
            raise self.children[text]
        return self.children[text]


async def judge(texts):
    return np.array([MET[t] for t in texts], dtype=float)


def run(splitter, rubric=None, **more):
    rubric = rubric or Rubric(
        id="r", criteria=[{"id": "a", "text": "Sound.", "weight": 3}, {"id": "b", "text": "Cites.", "weight": 1}]
    )
    table = np.array([MET.get(leaf.text, [1, 1, 1, 1]) for leaf in rubric.leaves], dtype=float)
    return asyncio.run(divide(rubric, table, more.pop("judge", judge), splitter, **more))


def test_the_parts_share_the_weight_and_know_their_parent():
    splitter = Scripted({"Sound.": ["Cites a source.", "Links."]})
    done = run(splitter)
    assert [(c.id, c.text, c.weight) for c in done.rubric.leaves] == [
        ("a-1", "Cites a source.", 1.5), ("a-2", "Links.", 1.5), ("b", "Cites.", 1.0),
    ]  # fmt: skip
    assert [(c.criterion, c.action) for c in done.changes] == [
        ("a", "split"), ("a-1", "added"), ("a-2", "added"), ("b", "kept"),
    ]  # fmt: skip
    assert done.changes[0].reason == "met by 4 of 4 answers: split in 2"
    assert done.rubric.leaves[0].provenance.parent == "a"
    assert splitter.seen == [("Sound.", [0, 1, 2, 3], ["Cites."])]


@pytest.mark.parametrize(
    ("children", "more", "said"),
    [
        (CallError("no reply", state="timed_out"), {}, "could not be split (timed_out)"),
        (["Nowhere.", "Elsewhere."], {}, "no part of it passed"),
        (["Cites a source.", "Unknown."], {}, "no verdict"),
    ],
)
def test_a_criterion_stays_when_nothing_better_is_there(children, more, said):
    async def judging(texts):
        lost = {"Unknown.": [np.nan] * 4, "Nowhere.": [0] * 4, "Elsewhere.": [0] * 4}
        return np.array([(MET | lost)[t] for t in texts], dtype=float)

    done = run(Scripted({"Sound.": children}), judge=judging, **more)
    assert done.rubric is done.before
    assert done.changes[0].action == "kept"
    assert said in done.changes[0].reason


def test_a_clash_sees_the_other_criteria_and_one_that_fails_decides_nothing():
    seen = []

    async def clash(text, accepted):
        seen.append((text, tuple(accepted)))
        return "overlaps with 'Cites.'" if text == "Cites a source." and "Cites." in accepted else ""

    done = run(Scripted({"Sound.": ["Cites a source.", "Links."]}), clash=clash)
    assert [c.id for c in done.rubric.leaves] == ["a-1", "b"]
    assert "'Cites a source.': overlaps with" in done.changes[0].reason
    assert seen == [("Cites a source.", ("Cites.",)), ("Links.", ("Cites.",))]

    async def broken(text, accepted):
        raise CallError("down", state="failed")

    kept = run(Scripted({"Sound.": ["Cites a source.", "Links."]}), clash=broken)
    assert kept.rubric is kept.before
    assert "not decided, so it stays" in kept.changes[0].reason


def test_gates_bad_ones_programs_and_scales_are_left_alone():
    criteria = [
        {"id": "gate", "text": "G.", "required": True}, {"id": "bad", "text": "B.", "weight": -1},
        {"id": "scale", "text": "S.", "scale": "1-5"}, {"id": "program", "text": "P.", "verifier": "length"},
        {"id": "n", "text": "N.", "strategy": "sequential", "children": [{"id": "step", "text": "T."}]},
    ]  # fmt: skip
    splitter = Scripted({})
    assert run(splitter, Rubric(id="r", criteria=criteria)).count("kept") == 5
    assert splitter.seen == []


def test_ids_stay_unique():
    criteria = [{"id": "a", "text": "Sound."}, {"id": "a-1", "text": "Cites."}]
    done = run(Scripted({"Sound.": ["Cites a source.", "Links."]}), Rubric(id="r", criteria=criteria))
    assert [c.id for c in done.rubric.leaves] == ["a-2", "a-3", "a-1"]


def test_verdicts_must_be_those_of_the_leaves():
    with pytest.raises(ShapeError):
        asyncio.run(divide(Rubric(id="r", criteria=[{"id": "a", "text": "A."}]), np.ones((2, 3)), judge, Scripted({})))
