"""Benchmarks of research reports: weights, axes, dimensions, blocked sources; all of the real DeepResearch Bench."""

import json

import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import (
    deepresearch_bench,
    deepresearch_bench_2,
    import_file,
    researcherbench,
    researchrubrics,
)
from rubricate.rubrics.importers.base import scored
from rubricate.rubrics.io import read_rubrics, write_rubrics
from rubricate.types import Judgement


def reward(rubric, values, **context):
    verdicts = tuple(scored(c.id, v, "j") for c, v in zip(rubric.leaves, values, strict=True))
    scores = pack([Judgement("s", rubric.digest, verdicts)], {rubric.digest: rubric.columns()})
    return named(rubric.policy.name).score(scores, rubric.structure(), **context).values.tolist()[0]


def test_researchrubrics():
    items = [("One.", 4.0, "Explicit Criteria"), ("Two.", 3.0, "Synthesis"), ("Three.", -2.0, "References")]
    row = {
        "sample_id": "s1", "prompt": "Write.", "domain": "AI & ML", "conceptual_breadth": "High", "exploration": "Low",
        "rubrics": [{"criterion": t, "weight": w, "axis": a} for t, w, a in items], "split": "dev",
    }  # fmt: skip
    found = researchrubrics(row)
    rubric = found.rubric
    assert [(c.text, c.weight, c.axis, c.scale.kind) for c in rubric.criteria] == [(*i, "ternary") for i in items]
    assert (rubric.difficulty, dict(found.extra)) == ("conceptual breadth: High, exploration: Low", {"split": "dev"})
    assert reward(rubric, (1, 0.5, 1)) == pytest.approx((4 + 1.5 - 2) / 7)


def test_researcherbench():
    row = {"id": 3, "question": "Why?", "rubric": [{"point": "A.", "weight": 3}, {"point": "B.", "weight": 1}]}
    rubric = researcherbench(row).rubric
    assert (rubric.id, rubric.prompt, [c.weight for c in rubric.criteria]) == ("researcherbench/3", "Why?", [3, 1])
    assert reward(rubric, (1, 0)) == 0.75
    with pytest.raises(DataError, match=r"rubric\[1\]: 'weight' is missing"):
        researcherbench(row | {"rubric": [row["rubric"][0], {"point": "B."}]})


ROW_2 = {
    "id": "task7", "idx": 1, "language": "en", "theme": "Finance", "description": "Land", "prompt": "Write.",
    "content": {
        "task": "Write.",
        "rubric": {"info_recall": ["States 5.6.", "States 7."], "analysis": ["Explains."], "presentation": []},
        "blocked": {"title": "Paper", "authors": ["A. B."], "urls": ["https://x.org"]},
    },
}  # fmt: skip


def test_deepresearch_bench_2():
    found = deepresearch_bench_2(ROW_2)
    rubric = found.rubric
    assert [c.axis for c in rubric.criteria] == ["info_recall", "info_recall", "analysis"]
    assert rubric.blocked_sources == ("Paper", "A. B.", "https://x.org")
    assert (rubric.language, rubric.domain, rubric.title) == ("en", "Finance", "Land")
    assert found.extra == {"idx": 1, "task": "Write."}
    assert reward(rubric, (1, -1, 0)) == pytest.approx(1 / 3)  # a blocked item counts as 0
    assert reward(rubric, (1, 0, 1)) == pytest.approx(2 / 3)


ROW = {
    "id": 1, "prompt": "Write.", "dimension_weight": {"readability": 0.25, "insight": 0.75},
    "criterions": {
        "insight": [
            {"criterion": "Deep", "explanation": "Goes deep.", "weight": 0.6, "aspect": "depth"},
            {"criterion": "New", "explanation": "Is new.", "weight": 0.4, "comment": "it counts"},
        ],
        "readability": [{"criterion": "Clear", "explanation": "Is clear.", "weight": 1.0, "rationale_for_weight": "r"}],
    },
}  # fmt: skip


def test_deepresearch_bench():
    rubric = deepresearch_bench(ROW).rubric
    assert [(c.axis, c.title, c.text, c.weight) for c in rubric.criteria] == [
        ("insight", "Deep", "Deep: Goes deep.", 0.6),
        ("insight", "New", "New: Is new.", 0.4),
        ("readability", "Clear", "Clear: Is clear.", 1.0),
    ]
    assert [(c.rationale, c.tags) for c in rubric.criteria] == [("", ("depth",)), ("it counts", ()), ("r", ())]
    assert rubric.dimension_weights == {"readability": 0.25, "insight": 0.75}
    target, reference = 0.75 * (0.6 * 8 + 0.4 * 6) + 0.25 * 9, 0.75 * (0.6 * 5 + 0.4 * 5) + 0.25 * 5
    assert reward(rubric, (8, 6, 9), reference=[[0.5, 0.5, 0.5]]) == pytest.approx(target / (target + reference))


def test_ids_stay_when_rows_move_or_go():
    names = {c.title: c.id for c in deepresearch_bench(ROW).rubric.criteria}
    insight = ROW["criterions"]["insight"]
    moved = deepresearch_bench(ROW | {"criterions": ROW["criterions"] | {"insight": insight[::-1]}}).rubric
    assert {c.title: c.id for c in moved.criteria} == names
    only = deepresearch_bench(
        ROW | {"criterions": ROW["criterions"] | {"insight": [insight[1] | {"weight": 1.0}]}}
    ).rubric
    assert {c.title: c.id for c in only.criteria}.items() < names.items()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            ROW | {"dimension_weight": {"readability": 0.25, "insight": 0.5}},
            "dimension_weight: the weights sum to 0.75",
        ),
        (ROW | {"dimension_weight": {"insight": 1.0}}, r"weights for \['insight'\]; expected for \['insight', 'readab"),
        (
            ROW | {"criterions": ROW["criterions"] | {"insight": ROW["criterions"]["insight"][:1]}},
            "criterions.insight: the weig",
        ),
    ],
)
def test_weights_that_do_not_add_up_are_refused(row, message):
    with pytest.raises(DataError, match=message):
        deepresearch_bench(row)


def test_all_of_deepresearch_bench(real_data, tmp_path):
    path = real_data / "deepresearch_bench" / "criteria.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = import_file("deepresearch_bench", path)
    assert len(found) == 100
    assert sum(len(i.rubric.criteria) for i in found) == 2517
    for row, item in zip(rows, found, strict=True):
        rubric = item.rubric
        assert item.extra == {}
        assert rubric.prompt == row["prompt"]
        assert rubric.dimension_weights == row["dimension_weight"]
        assert sum(rubric.dimension_weights.values()) == pytest.approx(1.0)
        sums = {d: sum(c.weight for c in rubric.criteria if c.axis == d) for d in row["criterions"]}
        assert sums == pytest.approx(dict.fromkeys(row["criterions"], 1.0))
        flat = [
            (d, c["criterion"], f"{c['criterion']}: {c['explanation']}", c["weight"])
            for d, cs in row["criterions"].items()
            for c in cs
        ]
        assert [(c.axis, c.title, c.text, c.weight) for c in rubric.criteria] == flat
        remarks = [
            c.get("comment") or c.get("rationale_for_weight") or "" for cs in row["criterions"].values() for c in cs
        ]
        assert [c.rationale for c in rubric.criteria] == remarks
    rubrics = [item.rubric for item in found]
    for name in ("r.jsonl", "r.json", "r.yaml"):
        write_rubrics(rubrics if name != "r.yaml" else rubrics[::10], tmp_path / name)
        assert read_rubrics(tmp_path / name) == (rubrics if name != "r.yaml" else rubrics[::10])
