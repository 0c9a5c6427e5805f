"""The guided loop by hand: what is kept, refused, and why it stops."""

import asyncio
import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.loops import RefineAnswer

NAN = math.nan
SCORES = {
    "start": [0, 0, 1],
    "a": [1, 0, 1],
    "ab": [1, 1, 1],
    "worse": [0, 0, 0],
    "lost": [1, NAN, 1],
    "same": [0, 1, 0],
}
NAMES = ["has a", "has b", "has c"]


def run(edits, preserved=None, start="start", **settings):
    told, given = [], iter(edits)

    async def score(text):
        return np.array(SCORES[text], dtype=float)

    async def edit(text, failed):
        told.append((text, list(failed)))
        return next(given)

    return asyncio.run(RefineAnswer(**settings).run(start, NAMES, score, edit, preserved)), told


def test_failed_criteria_go_to_the_editor_until_none_is_left():
    found, told = run(["a", "ab"])
    assert told == [("start", ["has a", "has b"]), ("a", ["has b"])]
    assert (found.texts, found.text, found.stopped, found.refused) == (("start", "a", "ab"), "ab", "done", 0)
    np.testing.assert_array_equal(found.scores, [SCORES[t] for t in found.texts])


def test_no_gain_no_text_and_a_lost_verdict_are_refused():
    found, told = run(["worse", "", "lost", "same"], rounds=4)
    assert (found.texts, found.refused, found.stopped) == (("start",), 4, "rounds")
    assert all(text == "start" for text, _ in told)
    assert run(["a"], rounds=1, margin=0.5)[0].texts == ("start",)


def test_a_missing_verdict_is_not_met_and_not_failed():
    found, told = run([], start="lost")
    assert (found.stopped, told) == ("unreadable", [])


def test_content_is_guarded():
    async def same(before, after):
        return after != "ab"

    found, _ = run(["ab", "a"], preserved=same, rounds=2)
    assert (found.texts, found.refused) == (("start", "a"), 1)


def test_bad_arguments():
    with pytest.raises(SettingError, match="rounds"):
        RefineAnswer(rounds=0)
    with pytest.raises(ShapeError, match="verdicts"):
        asyncio.run(RefineAnswer().run("start", NAMES[:2], lambda t: _row(), None))


async def _row():
    return [1.0, 0.0, 1.0]
