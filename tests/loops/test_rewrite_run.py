"""Criteria worded anew: taken when they are right in more pairs, left when they are not or when a reply fails."""

import asyncio

import pytest

import rubricate as rb
from rubricate.errors import CallError
from rubricate.judges import LexicalJudge
from rubricate.loops import as_pairs, rewrite_rubrics
from rubricate.refine import CriterionTracker
from rubricate.types import Message, Sample

PAIRS = 12
RUBRIC = rb.Rubric(
    id="tea",
    criteria=[{"id": "short", "text": "Mentions brevity."}, {"id": "pot", "text": "Warms the pot."}, {"id": "g", "text": "Mentions brevity too.", "required": True}],
)  # fmt: skip


def answers(k):
    """The better one warms the pot; brevity stands on the better side in 8 of 12 pairs, and on the other in 4."""
    good, bad = f"Warms the pot {k}.", f"Nothing {k}."
    return (f"{good} Mentions brevity.", bad) if k < 8 else (good, f"{bad} Mentions brevity.")


TEXTS = [(f"Tea {k}?", *answers(k)) for k in range(PAIRS)]
SAMPLES = [
    Sample(f"s{k}{side}", (Message("user", prompt),), text, f"g{k}")
    for k, (prompt, *both) in enumerate(TEXTS) for side, text in enumerate(both)
]  # fmt: skip


class Writer:
    def __init__(self, text):
        self.text, self.seen = text, []

    async def rewrite(self, text, wrong, right=(), others=()):
        self.seen.append((text, len(wrong), len(right), tuple(others)))
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


def run(writer, **more):
    result = rb.run(RUBRIC, SAMPLES)
    work = rewrite_rubrics(
        result, result.rubrics, {"tea": as_pairs(TEXTS)}, writer, LexicalJudge(), None,
        tracker=CriterionTracker(**more) if more else None,
    )  # fmt: skip
    return asyncio.run(work)["tea"]


def test_a_better_wording_is_taken():
    writer = Writer("Says that it warms the pot.")
    done = run(writer)
    assert writer.seen == [("Mentions brevity.", 4, 8, ("Warms the pot.", "Mentions brevity too."))]
    assert done.changes[0].action == "rewritten"
    assert done.changes[0].reason == "right in 67% of 12 pairs, as worded anew in 100% of 12"
    assert [c.text for c in done.rubric.leaves] == [writer.text, "Warms the pot.", "Mentions brevity too."]
    assert done.rubric.leaves[0].provenance.parent == "short"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Says nothing.", "right in 67% of 12 pairs, as worded anew in 0%"),
        ("Mentions brevity again.", "as worded anew in 67% of 12"),
        ("Mentions a dragon.", "as worded anew in none of 0"),
        (CallError("down", state="timed_out"), "no new wording (timed_out), so it stays"),
    ],
)
def test_what_is_no_better_is_left(reply, said):
    done = run(Writer(reply))
    assert done.rubric is done.before
    assert said in done.changes[0].reason


def test_with_few_votes_nothing_is_asked():
    writer = Writer("x")
    done = run(writer, min_votes=13)
    assert writer.seen == []
    assert done.rubric is done.before
