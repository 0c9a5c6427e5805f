"""Rubrics in other formats: there and back again, and what a target cannot say is refused with the reason."""

import json

import pytest

from rubricate.arrays import pack
from rubricate.errors import RubricError, SettingError, UnknownNameError
from rubricate.registry import lookup
from rubricate.rewards.named import named
from rubricate.rubrics import Criterion, Rubric
from rubricate.rubrics.exporters import _DECIDES, EXPORTERS, export
from rubricate.rubrics.importers import import_file
from rubricate.rubrics.importers.base import scored
from rubricate.rubrics.importers.prometheus import parse_prompt
from rubricate.types import Judgement

SIGNED = [
    {"id": "a", "text": "Says why.", "weight": 2, "axis": "content", "tags": ["t"]},
    {"id": "b", "text": "Is rude.", "weight": -1},
]
LEVELS = {"kind": "ordinal", "min": 1, "max": 5, "anchors": {str(k): f"level {k}" for k in range(1, 6)}}


def rubric(criteria=SIGNED, policy="healthbench", **more):
    return Rubric(id="r", criteria=criteria, policy=policy, **more)


def reward(r, values):
    verdicts = tuple(scored(c.id, v, "j") for c, v in zip(r.leaves, values, strict=True))
    scores = pack([Judgement("s", r.digest, verdicts)], {r.digest: r.columns()})
    return named(r.policy.name).score(scores, r.structure()).values.tolist()[0]


def test_healthbench():
    row = export("healthbench", rubric(prompt="Why?", prompt_id="p"))
    assert row == {
        "prompt_id": "p",
        "prompt": [{"role": "user", "content": "Why?"}],
        "rubrics": [
            {"criterion": "Says why.", "points": 2, "tags": ["axis:content", "t"]},
            {"criterion": "Is rude.", "points": -1, "tags": []},
        ],
    }


def test_rar():
    items = [
        {"id": "a", "text": "Says why.", "weight": 1.0, "weight_class": "Essential", "tags": ["points:5"]},
        {"id": "b", "text": "Is not rude.", "weight": 0.9, "weight_class": "Pitfall", "title": "Tone"},
    ]
    row = export("rar", rubric(items, "rar_explicit", prompt="Why?", reference="Because."))
    assert row["rubric"] == [
        {"title": "", "description": "Essential Criteria: Says why.", "weight": 5},
        {"title": "Tone", "description": "Pitfall Criteria: Is not rude.", "weight": 0.9},
    ]
    assert (row["question"], row["reference_answer"], row["rubric_count"]) == ("Why?", "Because.", 2)


ROUND = {
    "healthbench": (rubric(prompt="Why?"), (1, 1)),
    "rubric_lib": (rubric(policy="rubric_lib"), (1, 0)),
    "autorubric_lib": (
        rubric(
            [
                *SIGNED,
                {"id": "c", "text": "How clear?", "scale": "1-4"},
                {"id": "d", "text": "How kind?", "scale": "ternary", "weight": 0.5},
                {"id": "e", "text": "Which?", "scale": {"labels": {"x": 2, "y": 4, "z": 3}}},
            ],
            "rubric_lib",
            guidelines="British.",
        ),
        (1, 1, 2, 0.5, 3),
    ),
}


@pytest.mark.parametrize("name", ROUND)
def test_what_comes_back_scores_the_same(name):
    r, values = ROUND[name]
    row = export(name, r)
    record = row if name == "healthbench" else {"id": "r", "rubric": row}
    back = lookup("importer", name)(json.loads(json.dumps(record))).rubric
    assert [(c.text, c.weight) for c in back.criteria] == [(c.text, c.weight) for c in r.criteria]
    normal = [(v - c.scale.min) / (c.scale.max - c.scale.min) for v, c in zip(values, r.criteria, strict=True)]
    native = [c.scale.min + v * (c.scale.max - c.scale.min) for v, c in zip(normal, back.criteria, strict=True)]
    assert reward(back, native) == pytest.approx(reward(r, values))


def test_scales_as_options():
    row = export("autorubric_lib", ROUND["autorubric_lib"][0])
    options = {c["name"]: c.get("options") for c in row["criteria"]}
    assert options["a"] is None
    assert options["c"] == [{"label": str(k), "value": pytest.approx((k - 1) / 3)} for k in range(1, 5)]
    assert [o["value"] for o in options["d"]] == [1.0, 0.5, 0.0]
    assert options["e"] == [{"label": "x", "value": 0.0}, {"label": "y", "value": 1.0}, {"label": "z", "value": 0.5}]
    assert row["guidelines"] == "British."


CHECK = {"input": "i", "reference": "r", "operation": "eq"}


def test_graders_come_back():
    criteria = [
        {"id": "f", "text": "Rate {{sample.output_text}}", "scale": "points 0-1", "weight": 3, "tags": ["model:m"]},
        {"id": "g", "text": "Is it kind?", "tags": ["model:m"]},
        {"id": "h", "text": "Same?", "verifier": {"name": "string_check", "settings": CHECK}},
    ]
    grader = export("openai_graders", rubric(criteria, "weighted_mean"))
    assert grader["calculate_output"] == "0.6 * c0 + 0.2 * c1 + 0.2 * c2"
    assert grader["graders"]["c1"]["labels"] == ["met", "not_met"]
    assert "{{sample.output_text}}" in grader["graders"]["c1"]["input"][0]["content"]
    assert grader["graders"]["c2"] == {"type": "string_check", "name": "h", **CHECK}
    back = lookup("importer", "openai_graders")(grader).rubric
    assert [c.weight for c in back.criteria] == pytest.approx([0.6, 0.2, 0.2])
    alone = export("openai_graders", rubric([criteria[0] | {"scale": "points 1-5"}], "likert_mean"), model="other")
    assert (alone["type"], alone["model"], alone["range"]) == ("score_model", "other", [1, 5])
    with pytest.raises(SettingError, match=r"expected model='NAME', or a tag model:NAME"):
        export("openai_graders", rubric([{"id": "a", "text": "x"}], "weighted_mean"))


def test_a_prometheus_rubric_fits_its_prompt():
    row = export("prometheus", rubric([{"id": "a", "text": "Is it done?", "scale": LEVELS}], "likert_mean"))
    text = (
        "###The instruction to evaluate:\ni\n\n###Response to evaluate:\nr\n\n"
        f"###Score Rubrics:\n{row['score_rubric']}\n\n###Feedback: "
    )
    parts = parse_prompt(text)
    assert (parts.criteria, parts.levels) == ("Is it done?", tuple(LEVELS["anchors"].values()))


A = {"id": "a", "text": "x"}
REFUSED = [
    ("healthbench", rubric(policy="prbench"),
     r"rubric 'r': cannot be exported: the policy 'prbench'; expected 'healthbench' without settings. healthb"),
    ("healthbench", rubric(policy={"name": "healthbench", "clip": "none"}), "'healthbench' with settings"),
    ("rubric_lib", rubric(policy="weighted_mean"), "the policy 'weighted_mean'; expected 'rubric_lib'"),
    ("rubric_lib", rubric([A | {"required": True}], "rubric_lib"),
     r"criterion 'a': cannot be exported: a gate; expected none"),
    ("rubric_lib", rubric([A | {"children": [A | {"id": "b"}]}], "rubric_lib"), "sub-criteria"),
    ("rubric_lib", rubric([A | {"verifier": "length"}], "rubric_lib"), "a verifier"),
    ("rubric_lib", rubric([A | {"kind": "encoder"}], "rubric_lib"), "a judge of its own kind"),
    ("rubric_lib", rubric([A | {"comparison": "pairwise"}], "rubric_lib"), "a comparison of responses"),
    ("rubric_lib", rubric([A | {"allow_examples": True}], "rubric_lib"), "the any-example rule"),
    ("rubric_lib", rubric([A | {"scale": "ternary"}], "rubric_lib"), "a ternary scale; expected one of: binary"),
    ("rubric_lib", rubric([A | {"polarity": "bad_if_met"}], "rubric_lib"), "bad if met, with a positive weight"),
    ("rubric_lib", rubric([A], "rubric_lib", guidelines="g"), "guidelines in the rubric"),
    ("autorubric_lib", rubric([A | {"scale": "points 0-3"}], "rubric_lib"), "a points scale"),
    ("rar", rubric([A], "rar_explicit", prompt="q"), r"weight 1 with the class ''; expected Essential 1.0, Important"),
    ("rar", rubric([A | {"weight_class": "Essential"}], "rar_explicit"), "the prompt is not one text"),
    ("rar", rubric([A | {"weight_class": "Essential", "reference": "x"}], "rar_explicit"), "an expected answer"),
    ("prometheus", rubric([A | {"scale": "1-5"}], "likert_mean"), "anchors for no level"),
    ("prometheus", rubric([A | {"scale": LEVELS}, A | {"id": "b", "scale": LEVELS}], "likert_mean"), "2 criteria"),
    ("openai_graders", rubric([A, A | {"id": "b", "weight": 0}], "weighted_mean"), "a weight that is not positive"),
    ("openai_graders", rubric([A | {"scale": "points 0-3", "tags": ["model:m"]}], "weighted_mean"),
     "points 0-3; expected points 0-1"),
    ("openai_graders", rubric([A | {"scale": {"labels": {"a": 0, "b": 0.5}}, "tags": ["model:m"]}], "weighted_mean"),
     r"labels worth \[0.0, 0.5\]"),
    ("openai_graders", rubric([A | {"verifier": "length"}], "weighted_mean"),
     "the verifier 'length'; expected one of: python"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "r", "message"), REFUSED)
def test_what_the_target_cannot_say(name, r, message):
    with pytest.raises(RubricError, match=message):
        export(name, r)


def test_equal_scores_are_no_reason_to_refuse():
    # With positive weights only, the default policy and these targets are one formula.
    for name in ("healthbench", "rubric_lib"):
        assert export(name, rubric([A], "weighted_mean"))


def test_every_field_is_either_kept_or_known_to_decide_nothing():
    silent = {"title", "weight_class", "on_failure", "on_failure_score", "strategy", "axis", "tags", "rationale",
              "scope", "user_id", "status", "reject_reason", "provenance", "stats"}  # fmt: skip
    written = {"id", "text", "weight", "polarity", "scale"}
    assert set(Criterion.model_fields) == silent | written | set(_DECIDES)


def test_names_and_settings():
    with pytest.raises(
        UnknownNameError, match="unknown export format 'xml'; expected one of: autorubric_lib, healthbench"
    ):
        export("xml", rubric())
    with pytest.raises(SettingError, match=r"healthbench takes no setting \['model'\]"):
        export("healthbench", rubric(), model="m")
    assert list(EXPORTERS) == sorted(EXPORTERS)


def test_real_rubrics_in_their_own_format(real_data):
    rows = [json.loads(x) for x in (real_data / "biggen" / "evals.jsonl").read_text(encoding="utf-8").splitlines()[:50]]
    for row, item in zip(rows, import_file("biggen", real_data / "biggen" / "evals.jsonl"), strict=False):
        source = row["score_rubric"]
        expected = "\n".join(
            [f"[{source['criteria']}]", *(f"Score {k}: {source[f'score{k}_description']}" for k in range(1, 6))]
        )
        assert export("prometheus", item.rubric) == {
            "score_rubric": expected,
            "reference_answer": row["reference_answer"],
        }
