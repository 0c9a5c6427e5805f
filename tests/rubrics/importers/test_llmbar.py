"""Metrics of LLMBar as rubrics: a hand-made row, what is refused, and all of the recorded ones."""

import json

import pytest

from rubricate.errors import DataError
from rubricate.rubrics.importers import import_file, llmbar_metrics

ROW = {
    "id": "Natural/0", "judge": "GPT-4", "protocol": "Metrics",
    "generated_metrics": "1. Does it rhyme?\n\n2. Is it about tea?  \n", "completion_in_order": "Output (a)",
}  # fmt: skip
PAIR = {"id": "Natural/0", "subset": "Natural", "prompt": "Rhyme.", "response_1": "", "response_2": "x", "label": 2}


def test_a_row_alone():
    found = llmbar_metrics(ROW)
    assert [(c.id, c.text, c.weight) for c in found.rubric.criteria] == [
        ("m1", "Does it rhyme?", 1.0), ("m2", "Is it about tea?", 1.0),
    ]  # fmt: skip
    assert found.rubric.id == "llmbar/Natural/0/GPT-4/Metrics"
    assert (found.rubric.provenance.generator, found.rubric.provenance.source) == ("GPT-4", "Metrics")
    assert (found.samples, found.rubric.prompt, dict(found.extra)) == ((), "", {"completion_in_order": "Output (a)"})


def test_a_row_with_its_pair(tmp_path):
    (tmp_path / "pairs.jsonl").write_text(json.dumps(PAIR) + "\n", encoding="utf-8")
    rows = [
        ROW,
        ROW | {"generated_metrics": None},
        ROW | {"generated_metrics": ""},
        {"id": "Natural/0", "judge": "GPT-4", "protocol": "Swap_CoT"},
    ]
    (tmp_path / "completions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (found,) = import_file("llmbar_metrics", tmp_path / "completions.jsonl")
    assert (found.rubric.prompt, found.rubric.group, found.rubric.candidates) == ("Rhyme.", "Natural", ())
    assert [(s.id, s.response, s.metadata["preferred"]) for s in found.samples] == [
        ("Natural/0/1", "", False), ("Natural/0/2", "x", True),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["1. A?\n3. B?", "A?\nB?", "1. A?\nand B?", "2. A?"])
def test_a_list_that_is_not_numbered_is_refused(text):
    with pytest.raises(DataError, match=r"generated_metrics.*expected '\d\. ' and a question"):
        llmbar_metrics(ROW | {"generated_metrics": text})


def test_a_label_is_1_or_2():
    with pytest.raises(DataError, match="label: found 0; expected 1 or 2"):
        llmbar_metrics(PAIR | ROW | {"label": 0})


def test_all_recorded_metrics(real_data):
    path = real_data / "llmbar" / "completions.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [r for r in rows if r.get("generated_metrics")]
    found = import_file("llmbar_metrics", path)
    assert len(found) == len(kept) == 1301
    for row, item in zip(kept, found, strict=True):
        listed = "\n".join(f"{k}. {c.text}" for k, c in enumerate(item.rubric.criteria, 1))
        assert listed == "\n".join(line.strip() for line in row["generated_metrics"].splitlines() if line.strip())
        assert len(item.samples) == 2
        assert item.rubric.prompt
