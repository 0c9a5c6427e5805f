"""LLM-Rubric: human answers, abstentions, distributions with their spread; the four real files."""

import csv

import numpy as np
import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import import_file, llm_rubric
from rubricate.types import State

HUMAN = {"annotator_id": "22", "round": "round1"} | {f"Q{k}": "3" for k in range(9)}


def test_answers_of_people():
    found = llm_rubric(
        {"text_id": "t", "human": [HUMAN | {"Q1": "4.0", "Q2": "0", "Q3": ""}, HUMAN | {"annotator_id": 7}]}
    )
    first, second = found.recorded
    verdicts = {v.criterion: v for v in first.verdicts}
    assert (verdicts["Q1"].value, verdicts["Q0"].value, verdicts["Q1"].judge) == (4.0, 3.0, "human:22")
    assert (verdicts["Q2"].state, verdicts["Q2"].reason, verdicts["Q2"].value) == (
        State.ABSTAINED,
        "not applicable",
        None,
    )
    assert (verdicts["Q3"].state, verdicts["Q3"].reason) == (State.ABSTAINED, "left blank")
    assert second.verdicts[0].judge == "human:7"
    assert found.extra["rows"] == [{"annotator_id": "22", "round": "round1"}, {"annotator_id": 7, "round": "round1"}]
    assert found.samples == ()


def test_a_distribution_keeps_mean_spread_and_mass():
    row = {
        "criterion": "Q1",
        "sample_llm": "4",
        "answer1_prob": "0.1",
        "answer2_prob": 0.0,
        "answer3_prob": "0.3",
        "answer4_prob": "0.4",
    }
    verdict = llm_rubric({"text_id": "t", "llm": [row]}).recorded[0].verdicts[0]
    mean = (0.1 * 1 + 0.3 * 3 + 0.4 * 4) / 0.8  # 3.25
    variance = (0.1 * (1 - mean) ** 2 + 0.3 * (3 - mean) ** 2 + 0.4 * (4 - mean) ** 2) / 0.8
    assert verdict.value == pytest.approx(mean)
    assert verdict.spread == pytest.approx(variance**0.5)
    assert (verdict.probability, verdict.label) == (pytest.approx(0.8), "4")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text_id": "t", "human": [HUMAN | {"Q4": "5"}]}, r"human\[0\].Q4: found the text '5'; expected 1 to 4"),
        ({"text_id": "t", "human": [{"annotator_id": "1", "Q1": "3"}]}, r"human\[0\]: 'Q2' is missing"),
        ({"text_id": "t", "llm": [{"criterion": "Q9"}]}, r"llm\[0\].criterion: found the text 'Q9'"),
        ({"text_id": "t", "llm": [{"criterion": "Q1"}]}, r"'answer1_prob' is missing"),
        (
            {
                "text_id": "t",
                "llm": [{"criterion": "Q1", "sample_llm": "1"} | {f"answer{k}_prob": "x" for k in range(1, 5)}],
            },
            "the probabilities are",
        ),
    ],
)
def test_what_is_refused(record, message):
    with pytest.raises(DataError, match=message):
        llm_rubric(record)


@pytest.mark.parametrize(("name", "texts", "rows"), [("real", 223, 223), ("synth", 250, 743)])
def test_all_human_answers(real_data, name, texts, rows):
    path = real_data / "llm_rubric" / f"{name}_human.tsv"
    found = import_file("llm_rubric", path)
    judgements = [j for item in found for j in item.recorded]
    assert (len(found), len(judgements)) == (texts, rows)
    with path.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    for question in [f"Q{k}" for k in range(9)]:
        answers = [float(row[question] or 0) for row in table]
        values = [v.value for j in judgements for v in j.verdicts if v.criterion == question and v.scored]
        assert sorted(values) == sorted(a for a in answers if a)
    others = [row for item in found for row in item.extra["rows"]]
    columns = [c for c in table[0] if c != "text_id" and not (c[0] == "Q" and c[1:].isdigit())]
    assert sorted(map(repr, others)) == sorted(repr({c: row[c] for c in columns}) for row in table)
    rubric = found[0].rubric
    scores = pack(judgements, {rubric.digest: rubric.columns()})
    assert int(scores.missing.sum()) == sum(row[f"Q{k}"] in ("0", "0.0", "") for row in table for k in range(9))


@pytest.mark.parametrize(("name", "texts"), [("real", 223), ("synth", 225)])
def test_all_distributions(real_data, name, texts):
    path = real_data / "llm_rubric" / f"{name}_llm_distributions.tsv"
    found = import_file("llm_rubric", path)
    assert len(found) == texts
    assert all(len(item.recorded[0].verdicts) == 9 for item in found)
    with path.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    probabilities = np.array([[float(r[f"answer{k}_prob"]) for k in range(1, 5)] for r in table])
    levels = np.arange(1, 5)
    mean = probabilities @ levels / probabilities.sum(1)
    spread = np.sqrt((probabilities * (levels - mean[:, None]) ** 2).sum(1) / probabilities.sum(1))
    expected = {(r["text_id"], r["criterion"]): (m, s) for r, m, s in zip(table, mean, spread, strict=True)}
    for item in found:
        for verdict in item.recorded[0].verdicts:
            assert (verdict.value, verdict.spread) == pytest.approx(
                expected[item.recorded[0].sample, verdict.criterion]
            )
    rubric = found[0].rubric
    scores = pack([i.recorded[0] for i in found], {rubric.digest: rubric.columns()})
    assert named(rubric.policy.name).score(scores).values.min() > 1.0  # native units 1-4
