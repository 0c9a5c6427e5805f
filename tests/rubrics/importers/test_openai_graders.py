"""OpenAI graders: each type, weighted sums of several, code that is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import DataError
from rubricate.rubrics.importers import import_file, openai_graders

SCORE = {
    "type": "score_model", "name": "fluency", "model": "m1", "range": [1, 5],
    "input": [{"role": "system", "content": "Be strict."}, {"role": "user", "content": "Rate {{sample.output_text}}"}],
    "sampling_params": {"seed": 1},
}  # fmt: skip
LABEL = {
    "type": "label_model", "name": "tone", "model": "m1", "labels": ["kind", "neutral", "rude"],
    "passing_labels": ["kind", "neutral"],
    "input": [{"role": "user", "content": {"type": "input_text", "text": "Tone?"}}],
}  # fmt: skip
CHECK = {
    "type": "string_check", "name": "exact", "input": "{{sample.output_text}}", "reference": "{{item.answer}}",
    "operation": "eq",
}  # fmt: skip
SIMILAR = {
    "type": "text_similarity", "name": "close", "input": "{{sample.output_text}}", "reference": "x",
    "evaluation_metric": "fuzzy_match", "pass_threshold": 0.8,
}  # fmt: skip
CODE = {"type": "python", "name": "code", "source": "def grade(sample, item):\n    return 1.0\n", "image_tag": "v1"}


def test_one_grader_of_each_type(tmp_path):
    found = openai_graders(SCORE)
    criterion = found.rubric.criteria[0]
    assert (criterion.id, criterion.scale.kind, criterion.scale.min, criterion.scale.max) == ("fluency", "points", 1, 5)
    assert criterion.text == "[system]\nBe strict.\n\n[user]\nRate {{sample.output_text}}"
    assert (criterion.tags, found.rubric.policy.name) == (("model:m1",), "likert_mean")
    assert found.extra == {"sampling_params": {"seed": 1}}
    label = openai_graders(LABEL).rubric
    assert label.criteria[0].scale.labels == {"kind": 1.0, "neutral": 1.0, "rude": 0.0}
    assert (label.criteria[0].text, label.policy.name) == ("Tone?", "weighted_mean")
    check = openai_graders(CHECK).rubric.criteria[0]
    assert (check.kind, check.verifier.name) == ("code", "string_check")
    assert check.verifier.settings == {k: CHECK[k] for k in ("input", "reference", "operation")}
    assert openai_graders(SIMILAR).extra == {"pass_threshold": 0.8}
    path = tmp_path / "g.json"
    path.write_text(json.dumps([CHECK, SIMILAR]))
    assert [i.rubric.id for i in import_file("openai_graders", path)] == ["exact", "close"]


def test_code_is_refused_unless_there_is_a_sandbox():
    with pytest.raises(DataError, match=r"a python grader runs code from this file.*Read it with sandbox=True"):
        openai_graders(CODE)
    verifier = openai_graders(CODE, sandbox=True).rubric.criteria[0].verifier
    assert (verifier.name, verifier.sandbox, verifier.settings) == ("python", True, {"source": CODE["source"]})


def multi(formula, **graders):
    return {"type": "multi", "name": "all", "graders": graders, "calculate_output": formula}


def test_a_weighted_mean_of_graders():
    found = openai_graders(multi("(3 * a + b) / 4", a=LABEL, b=SIMILAR))
    assert [(c.id, c.weight) for c in found.rubric.criteria] == [("a", 0.75), ("b", 0.25)]
    assert (found.rubric.policy.name, dict(found.extra)) == (
        "weighted_mean",
        {"graders": {"b": {"pass_threshold": 0.8}}},
    )


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_the_weights_are_those_of_the_formula(parts):
    names = [f"g{k}" for k in range(len(parts))]
    terms = " + ".join(f"{n} * {p}" for n, p in zip(names, parts, strict=True))
    rubric = openai_graders(multi(f"({terms}) / {sum(parts)}", **dict.fromkeys(names, CHECK))).rubric
    assert [c.weight for c in rubric.criteria] == pytest.approx([p / sum(parts) for p in parts])


@pytest.mark.parametrize(
    ("grader", "message"),
    [
        (multi("a * b", a=CHECK, b=CHECK), r"calculate_output: the formula 'a \* b' is no weighted sum"),
        (multi("max(a, b)", a=CHECK, b=CHECK), "is no weighted sum"),
        (multi("a +", a=CHECK, b=CHECK), "is no weighted sum"),
        (multi("a + b", a=CHECK, b=CHECK), "expected positive weights that sum to 1 for a, b"),
        (multi("1.0 * a", a=CHECK, b=CHECK), "expected positive weights that sum to 1 for a, b"),
        (
            multi("0.5 * a + 0.5 * b", a=CHECK, b=SCORE),
            r"the grader 'b' has the scale points 1-5; expected graders in \[0, 1\]",
        ),
        (multi("1.5 * a - 0.5 * b", a=CHECK, b=CHECK), "is no weighted sum"),
        (multi("0.5 * a + 0.5 * b", a=CHECK, b=CODE), r"graders.b: a python grader runs code"),
        (SCORE | {"range": [1]}, "range: found"),
        (SCORE | {"type": "endpoint"}, "type: found the text 'endpoint'; expected one of: score_model"),
        (LABEL | {"passing_labels": ["nice"]}, r"passing_labels: found \['nice'\]; expected some of: kind"),
        (CHECK | {"operation": "is"}, "operation: found the text 'is'; expected one of: eq, ne, like, ilike"),
        ({k: v for k, v in SCORE.items() if k != "model"}, "'model' is missing"),
    ],
)
def test_what_is_refused(grader, message):
    with pytest.raises(DataError, match=message):
        openai_graders(grader)
