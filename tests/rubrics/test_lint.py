import json
from collections import Counter
from pathlib import Path

import pytest

from rubricate.errors import DuplicateNameError, ShapeError
from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import MODULES, RULES, LintContext, lint, rules_page
from rubricate.rubrics.lint_asks import asks
from rubricate.rubrics.lint_rules import rule

DOCS = Path(__file__).resolve().parents[2] / "docs" / "lints.md"


def test_a_sound_rubric_has_no_findings(tea):
    assert lint(tea) == []


def test_findings_name_rule_place_criterion_reason_and_repair():
    rubric = Rubric(
        id="r",
        policy="healthbench",
        criteria=[
            {"id": "top", "text": "All of it.", "children": [
                {"id": "ok", "text": "Names the dose.", "weight": -1},
                {"id": "no", "text": "Does not mention the risk.", "weight": -2},
            ]},
        ],
    )  # fmt: skip
    first, second = lint(rubric)
    assert (first.rule, first.severity, first.place, first.criterion) == (
        "R101-no-positive-criterion", "error", "policy", "",
    )  # fmt: skip
    assert (second.rule, second.place, second.criterion) == (
        "R001-double-negation", "criteria[0].children[1].text", "no",
    )  # fmt: skip
    assert second.reason == "'Does not' in a criterion that is bad if met (weight -2)"
    assert second.repair == "write 'Mentions the risk.' with weight +2, or name the mistake and keep -2"
    assert str(second).startswith("warning R001-double-negation at criteria[0].children[1].text (no): 'Does not'")


def test_findings_come_in_the_order_of_the_file():
    texts = ["Is good.", "", "Is good!"]
    rubric = Rubric(id="r", criteria=[{"id": f"c{k}", "text": t or "Names it."} for k, t in enumerate(texts)])
    assert [f.criterion for f in lint(rubric)] == ["c0", "c2", "c2"]


def test_every_rule_has_a_complete_line_and_a_stable_id():
    assert len(RULES) >= 30
    assert len({name[:4] for name in RULES}) == len(RULES)
    for entry in RULES.values():
        assert entry.severity in ("error", "warning", "info")
        assert all((entry.what, entry.why, entry.repair, entry.source))
    assert {r.check.__module__ for r in RULES.values()} == {m.__name__ for m in MODULES}


@pytest.mark.parametrize("name", ["R001-again", "R99-short", "R700_underscore"])
def test_a_taken_or_malformed_id_is_refused(name):
    with pytest.raises(DuplicateNameError, match="is taken, or not of the form"):
        rule(name, "info", what="w", why="w", repair="r", source="s")(lambda view: iter(()))
    assert name not in RULES


def test_the_page_is_written_from_the_rules():
    command = "python -c \"from rubricate.rubrics.lint import rules_page; print(rules_page(), end='')\" > docs/lints.md"
    assert DOCS.read_text(encoding="utf-8") == rules_page(), f"docs/lints.md is stale; write it with: {command}"
    assert all(f"`{name}`" in rules_page() for name in RULES)


def test_values_and_ids_of_a_context_must_agree():
    with pytest.raises(ShapeError, match="ids"):
        LintContext(values=[[1.0, 0.0]], ids=("a",))


def race(row):
    criteria = [
        {"id": f"{axis}/{k}", "text": f"{c['criterion']}: {c['explanation']}", "weight": c["weight"], "axis": axis,
         "scale": "points 0-10"}
        for axis, items in row["criterions"].items() for k, c in enumerate(items)
    ]  # fmt: skip
    return Rubric(
        id=str(row["id"]), criteria=criteria, policy="deepresearch_race", prompt=row["prompt"],
        dimension_weights=row["dimension_weight"],
    )  # fmt: skip


def banded(row):
    def anchors(c):
        return {band: c[band] for band in c if band[0].isdigit()}

    criteria = [
        {"id": f"c{k}", "text": c["criteria_description"],
         "scale": {"kind": "ordinal", "min": 1, "max": 10, "anchors": anchors(c)}}
        for k, c in enumerate(row["checklist"])
    ]  # fmt: skip
    return Rubric(id=str(row["index"]), criteria=criteria, policy="writingbench", prompt=row["query"])


@pytest.mark.parametrize(
    ("file", "build", "count", "allowed"),
    [
        ("deepresearch_bench/criteria.jsonl", race, 100, {"R002", "R003", "R005", "R302"}),
        ("writingbench/length_subset_c.jsonl", banded, 222, {"R002", "R003", "R208"}),
    ],
)
def test_published_rubrics_give_findings_of_the_expected_kinds_only(real_data, file, build, count, allowed):
    with (real_data / file).open(encoding="utf-8") as lines:
        rubrics = [build(json.loads(line)) for line in lines]
    findings = [(r, f) for r in rubrics for f in lint(r)]
    kinds = Counter(f.rule[:4] for _, f in findings)
    assert len(rubrics) == count
    assert set(kinds) == allowed
    assert kinds["R002"] < 0.4 * sum(len(r.leaves) for r in rubrics)
    for rubric, f in findings:
        text = {c.id: c.text for c in rubric.walk()}[f.criterion]
        assert f.reason
        assert f.repair
        if f.rule[:4] == "R002":
            whole = {pair for pair in ("（）", "“”", "()") if text.count(pair[0]) == text.count(pair[1])}
            for part in asks(text):
                assert set(part) <= set(text) | set("评估检查。.?") | set(text.upper())
                assert all(part.count(pair[0]) == part.count(pair[1]) for pair in whole), part


HOSTILE = ["(" * 20000, '"' * 20001, " " * 20000 + "x", "." * 20000, "，" * 20000 + "中", "and " * 5000,
           "是否，" * 7000, "states the " * 2000, "a" * 20000, "not " * 5000, "such as " * 3000,
           "\u2028 。" * 6000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: repr(t[:8]))
def test_hostile_texts_end(text):
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": text}, {"id": "b", "text": text, "weight": -1}], prompt=text)
    assert isinstance(lint(rubric), list)
