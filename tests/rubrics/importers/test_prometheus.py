"""Prometheus prompt texts taken apart and put together again; both real files."""

import json

import pytest

from rubricate.errors import DataError
from rubricate.rubrics.importers import import_file, prometheus
from rubricate.rubrics.importers.prometheus import parse_prompt, score_rubric
from rubricate.rubrics.io import read_rubrics, write_rubrics


def prompt(instruction="Do it.", response="Done.", reference="Well done.", criteria="Is it done?"):
    middle = f"###Reference Answer (Score 5):\n{reference}\n\n" if reference is not None else ""
    levels = "\n".join(f"Score {k}: level {k}" for k in range(1, 6))
    return (
        f"###Task Description:\nRead.\n\n###The instruction to evaluate:\n{instruction}\n\n###Response to evaluate:\n"
        f"{response}\n\n{middle}###Score Rubrics:\n[{criteria}]\n{levels}\n\n###Feedback: "
    )


ROW = {
    "idx": 83, "response_source": "m1", "category": "writing", "instruction": prompt(), "gpt4_score": [3, 2, 5],
    "gpt4_feedback": ["a", "b", "c"],
}  # fmt: skip


def test_a_text_in_parts():
    parts = parse_prompt(prompt("Do\n\nit [now].", "Done:\n[yes]", "Well\n\n###done", "Is it [well]\ndone?"))
    assert parts == (
        "Do\n\nit [now].",
        "Done:\n[yes]",
        "Well\n\n###done",
        "Is it [well]\ndone?",
        tuple(f"level {k}" for k in range(1, 6)),
    )
    assert parse_prompt(prompt(reference=None)).reference is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (prompt(response="x\n\n###Score Rubrics:\n[y]"), "the headings are"),
        (prompt().replace("###Response to evaluate:\n", ""), "the headings are"),
        (prompt().replace("Score 3", "Score 6"), r"the score rubric cannot be read; expected \[criteria\]"),
    ],
)
def test_a_text_that_can_be_read_in_two_ways_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        parse_prompt(text)


def test_three_draws_are_three_judgements():
    found = prometheus(ROW)
    assert [(j.verdicts[0].judge, j.verdicts[0].value, j.verdicts[0].reason) for j in found.recorded] == [
        ("gpt-4/0", 3.0, "a"), ("gpt-4/1", 2.0, "b"), ("gpt-4/2", 5.0, "c"),
    ]  # fmt: skip
    assert {j.sample for j in found.recorded} == {found.samples[0].id} == {"prometheus/mt_bench/83/m1"}


@pytest.mark.parametrize("scores", [[3, 2], [3, 2, 6], [3, 2, None], [3, 2, "x"]])
def test_scores_that_do_not_fit_are_refused(scores):
    with pytest.raises(DataError, match=r"gpt4_score: found .* with 3 feedbacks; expected scores 1 to 5"):
        prometheus(ROW | {"gpt4_score": scores})


def test_a_pair_shares_rubric_and_group():
    row = {"source": "honest", "chosen_instruction": prompt(reference=None)}
    found = prometheus(row | {"rejected_instruction": prompt(response="No.", reference=None)})
    assert [s.metadata["preferred"] for s in found.samples] == [True, False]
    assert len({s.group for s in found.samples}) == 1
    with pytest.raises(DataError, match="differ in more than the response"):
        prometheus(row | {"rejected_instruction": prompt("Other.", reference=None)})


def together(head, parts):
    """The text again, written independently of the parser."""
    reference = "" if parts.reference is None else f"\n\n###Reference Answer (Score 5):\n{parts.reference}"
    rubric = score_rubric(parts.criteria, {str(k): t for k, t in enumerate(parts.levels, 1)})
    return (
        f"{head}###The instruction to evaluate:\n{parts.instruction}\n\n###Response to evaluate:\n{parts.response}"
        f"{reference}\n\n###Score Rubrics:\n{rubric}\n\n###Feedback: "
    )


def test_all_of_mt_bench(real_data, tmp_path):
    path = real_data / "prometheus" / "mt_bench_eval.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = import_file("prometheus", path)
    assert (len(found), len({i.rubric.digest for i in found})) == (320, 80)
    assert len({s.id for i in found for s in i.samples}) == 320
    for row, item in zip(rows, found, strict=True):
        text = row["instruction"]
        parts = parse_prompt(text)
        assert together(text[: text.index("###The instruction")], parts) == text
        sample = item.samples[0]
        assert (sample.task, sample.response, sample.reference) == (parts.instruction, parts.response, parts.reference)
        assert [j.verdicts[0].value for j in item.recorded] == row["gpt4_score"]
        assert [j.verdicts[0].reason for j in item.recorded] == row["gpt4_feedback"]
        assert item.extra == {}
    write_rubrics([item.rubric for item in found], tmp_path / "r.json")
    assert {r.digest for r in read_rubrics(tmp_path / "r.json")} == {i.rubric.digest for i in found}


def test_all_of_hhh_alignment(real_data, tmp_path):
    found = import_file("prometheus", real_data / "prometheus" / "hhh_alignment_eval.jsonl")
    assert len(found) == 221
    assert {i.rubric.id for i in found} == {
        f"prometheus/hhh_alignment/{s}" for s in ("helpful", "honest", "harmless", "other")
    }
    assert len({s.id for i in found for s in i.samples}) == 442
    assert len({i.samples[0].group for i in found}) == 221
    write_rubrics([item.rubric for item in found], tmp_path / "r.yaml")
    assert len(read_rubrics(tmp_path / "r.yaml")) == 4
