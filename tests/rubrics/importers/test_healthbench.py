"""HealthBench rows: points, tags, the any-example rule, physicians' completions."""

from pathlib import Path

import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import healthbench, import_file
from rubricate.rubrics.importers.base import scored
from rubricate.types import Judgement, Message

FILE = Path(__file__).parents[2] / "data" / "rubrics" / "healthbench.jsonl"


def test_a_row():
    first, second = import_file("healthbench", FILE)
    rubric = first.rubric
    assert (rubric.id, rubric.prompt_id, rubric.topic) == ("healthbench/p1", "p1", "hedging")
    assert rubric.policy.name == "healthbench"
    assert [c.weight for c in rubric.criteria] == [5, -8, 3]
    assert [c.axis for c in rubric.criteria] == ["completeness", "accuracy", "context_awareness"]
    assert [c.allow_examples for c in rubric.criteria] == [True, False, False]
    assert [c.bad_if_met for c in rubric.criteria] == [False, True, False]
    assert rubric.criteria[0].tags == ("level:example", "axis:completeness")
    assert dict(first.extra) == {
        "canary": "made up",
        "example_tags": ("theme:hedging", "physician_agreed_category:any"),
    }
    assert [(s.id, s.response) for s in first.samples] == [
        ("healthbench/p1/ideal", "Please have it looked at."),
        ("healthbench/p1/reference-0", "See a doctor."),
        ("healthbench/p1/reference-1", "It depends."),
    ]
    assert first.samples[0].prompt == (Message("user", "Is this mole dangerous?"),)
    assert (second.samples, len(second.rubric.prompt)) == ((), 3)


def test_its_score_is_the_published_formula():
    rubric = import_file("healthbench", FILE)[0].rubric
    verdicts = tuple(scored(c.id, 1.0, "j") for c in rubric.criteria)
    scores = pack([Judgement("s", rubric.digest, verdicts)], {rubric.digest: rubric.columns()})
    assert named(rubric.policy.name).score(scores).values.tolist() == [(5 - 8 + 3) / (5 + 3)]


@pytest.mark.parametrize("name", ["criterion", "points"])
def test_a_missing_field_is_named(name):
    item = {"criterion": "x", "points": 1, "tags": []}
    del item[name]
    with pytest.raises(DataError, match=rf"rubrics\[0\]: '{name}' is missing"):
        healthbench({"prompt_id": "p", "prompt": [{"role": "user", "content": "x"}], "rubrics": [item]})
