"""Edit and rank, and the beam over segments: what wins, what never does, limits."""

import asyncio
import math

import pytest

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.loops import EditAndRank, Segment, segment_beam
from rubricate.loops.edit_and_rank import choose, read
from rubricate.types import Message, Sample

DRAFT = Sample("d", (Message("user", "Write a line."),), "we delve into it")


def run(loop, rule, score):
    return asyncio.run(loop.run(DRAFT, ScriptedClient(rule), score))


def shortest(samples):
    return [-len(s.response) for s in samples]


def test_the_best_rewrite_is_kept_with_all_scores():
    edits = {0: "we look into it", 1: "we look", 2: "we delve very deeply into it"}
    done = run(EditAndRank(n=3), lambda r: f"Sure: <edited>{edits[r.sample]}</edited>", shortest)
    assert done.text == "we look"
    assert done.texts == (DRAFT.response, *edits.values())
    assert (done.best, done.gap, done.lost) == (2, 9.0, 0)


def test_the_draft_stays_without_an_edit_that_beats_it_by_the_margin():
    worse = run(EditAndRank(n=2), lambda r: "<edited>we delve into it all</edited>", shortest)
    assert (worse.best, worse.gap) == (0, 0.0)
    close = run(EditAndRank(n=1, margin=5.0), lambda r: "<edited>we delve in it</edited>", shortest)
    assert close.best == 0


def test_an_edit_without_a_score_never_wins_and_lost_ones_are_counted():
    assert choose([1.0, math.nan, 0.5]) == 0
    assert choose([math.nan, math.nan]) == 0
    done = run(EditAndRank(n=3, reasks=0), lambda r: "no tags" if r.sample else "<edited>x</edited>", shortest)
    assert (done.lost, done.texts) == (2, (DRAFT.response, "x"))
    with pytest.raises(SettingError, match="one for each"):
        run(EditAndRank(n=1), lambda r: "<edited>x</edited>", lambda samples: [1.0])


@pytest.mark.parametrize("text", ["", "<edited></edited>", "</edited>x<edited>", "<think><edited>x</edited></think>"])
def test_a_reply_without_the_edited_text_is_a_problem(text):
    assert isinstance(read(Reply((text,))), Problem)


def test_the_draft_is_fenced():
    request = EditAndRank().request(DRAFT, 3)
    assert request.sample == 3
    assert read_prompt(request).blocks == (("task", "Write a line."), ("draft", "we delve into it"))
    for wrong in ({"n": 0}, {"margin": -1.0}, {"reasks": -1}):
        with pytest.raises(SettingError):
            EditAndRank(**wrong)


def tree(done):
    """Two segments per step: a likely one without support, an unlikely one with it."""
    return [Segment("a", -0.1, (0.0,)), Segment("b", -1.0, (1.0,), last=len(done) == 1)]


def test_the_weight_decides_between_likelihood_and_support():
    assert segment_beam(tree, weights=(0.0,), depth=2)[0].text == "aa"
    assert segment_beam(tree, weights=(2.0,), depth=2)[0].text == "bb"
    best = segment_beam(tree, weights=(2.0,), depth=2)
    assert [round(p.score, 2) for p in best] == [2.0, 0.9]


def test_the_beam_equals_the_best_of_all_paths_when_it_is_wide_enough():
    every = [(x, y, z) for x in range(2) for y in range(2) for z in range(2)]
    flat = lambda done: [Segment("a", -0.1, (0.0,)), Segment("b", -1.0, (1.0,))]  # noqa: E731
    scores = sorted((sum(-0.1 if k == 0 else -0.5 for k in path) for path in every), reverse=True)
    found = segment_beam(flat, weights=(0.5,), width=8, depth=3)
    assert [round(p.score, 9) for p in found] == [round(s, 9) for s in scores]


def test_hard_limits_drop_segments_and_end_paths():
    assert {p.text for p in segment_beam(tree, weights=(0.0,), depth=2, least=(0.5,))} == {"bb"}
    ends = lambda done: tree(done)[:1] if done else tree(done)[1:]  # noqa: E731
    (path,) = segment_beam(ends, weights=(0.0,), depth=4, least=(0.5,))
    assert (path.text, path.segments[-1].last) == ("b", True)
    with pytest.raises(SettingError, match="one weight per group"):
        segment_beam(tree, weights=(1.0, 1.0))
    with pytest.raises(SettingError):
        segment_beam(tree, weights=(1.0,), width=0)


def test_an_ended_path_stays_with_its_score():
    stop = lambda done: [Segment("x", -0.2, (0.0,), last=True)]  # noqa: E731
    (path,) = segment_beam(stop, weights=(1.0,), depth=5)
    assert (path.text, path.score) == ("x", -0.2)
