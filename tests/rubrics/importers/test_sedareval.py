"""SedarEval standards: points, voided points, deductions; free text stays whole."""

import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import sedareval
from rubricate.rubrics.importers.base import scored
from rubricate.types import Judgement

STANDARD = """得分点：
①+1分：提到茶壶。
②+3分：说明三个步骤，每步+1分。
③+1分：给出时间，错任何一处本点不得分。
扣分点：
④-1分：有事实错误。"""
ROW = {
    "id": "q1", "query": "怎么泡茶？", "answer": "先热壶。",
    "meta": {
        "category": ["问答", "生活", "茶"], "reference": "先热壶，再泡四分钟。", "score_standard": STANDARD, "id_ex": 7,
    },
}  # fmt: skip


def reward(rubric, values):
    verdicts = tuple(scored(c.id, v, "j") for c, v in zip(rubric.leaves, values, strict=True))
    scores = pack([Judgement("s", rubric.digest, verdicts)], {rubric.digest: rubric.columns()})
    return named(rubric.policy.name).score(scores, rubric.structure()).values.tolist()[0]


def test_points_and_deductions():
    found = sedareval(ROW)
    rubric = found.rubric
    assert [(c.text[:2], c.scale.kind, c.scale.max, c.weight, c.deduction) for c in rubric.criteria] == [
        ("提到", "binary", 1, 1, None),
        ("说明", "points", 3, 1, None),
        ("给出", "binary", 1, 1, None),
        ("有事", "binary", 1, -1, 1),
    ]
    assert (rubric.max_total, rubric.language, rubric.domain, rubric.topic) == (5, "zh", "问答", "生活/茶")
    assert (found.samples[0].response, found.samples[0].reference) == ("先热壶。", "先热壶，再泡四分钟。")
    assert found.extra == {"id_ex": 7}
    assert reward(rubric, (1, 3, 1, 0)) == 5.0
    assert reward(rubric, (1, 2, 0, 1)) == 2.0
    assert reward(rubric, (0, 0, 0, 1)) == 0.0  # the total has a floor


def test_a_point_that_any_error_voids_is_all_or_nothing():
    point = sedareval(
        ROW | {"meta": {"score_standard": "①+2分：是急性胆管炎，其他任何说法均不得分\n②+3分：三种症状"}}
    ).rubric.criteria[0]
    assert (point.scale.kind, point.weight) == ("binary", 2)


@pytest.mark.parametrize(
    "standard", ["指令+1：有替代方案+1\n文采+4", "3天+5分\n5天+2分，\n其他答案+0分", "扣分点：\n①-1分：有错"]
)
def test_a_standard_in_free_text_stays_whole(standard):
    criteria = sedareval(ROW | {"meta": {"score_standard": standard}}).rubric.criteria
    assert [(c.text, c.scale.kind, c.scale.min, c.scale.max) for c in criteria] == [(standard, "points", 0, 5)]


def test_the_standard_and_the_example_inside_the_prompt_of_the_judge():
    head = "【问题】\nx\n【评分标准】\n共2个得分点，分数范围为 0 ~ 5分：\n"
    text = f"{head}{STANDARD}\n【打分示例】\n评分过程：1、+1分\n\n【待评估模型】：\n"
    for auto in ({"prompt": text}, text):
        rubric = sedareval(
            {"id": "q", "query": "x", "meta": {"score_standard": float("nan")}, "auto_prompt": auto}
        ).rubric
        assert len(rubric.criteria) == 4
        assert rubric.guidelines == "评分过程：1、+1分"


def test_an_empty_answer_is_a_response():
    assert sedareval(ROW | {"answer": ""}).samples[0].response == ""


def test_without_a_standard_the_record_is_refused():
    with pytest.raises(DataError, match="the record has no scoring standard"):
        sedareval(ROW | {"meta": {"score_standard": ""}})
