"""Pairs from files: all spellings, the balance of orders, mistakes with their place, places among responses."""

import json

import pytest

from rubricate.errors import DataError, UnknownNameError
from rubricate.loops import pairs_of, read_pairs, rows_of_pairs
from rubricate.types import Message, Sample


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_both_spellings_and_lists_of_messages(tmp_path):
    talk = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Warm the pot."}]
    other = [talk[0], {"role": "assistant", "content": "No."}]
    path = write(
        tmp_path / "p.jsonl",
        {"prompt": "Tea?", "better": "Warm the pot.", "worse": "No.", "id": 7},
        {"prompt": "Tea?", "chosen": "Warm the pot.", "rejected": "No."},
        {"chosen": talk, "rejected": other, "rubric": "tea"},
    )
    pairs = read_pairs(path)
    assert {(p.prompt, p.better, p.worse) for p in pairs} == {((Message("user", "Tea?"),), "Warm the pot.", "No.")}
    assert [p.name for p in pairs] == ["7", "p1", "p2"]
    assert [p.rubric for p in pairs] == ["", "", "tea"]


def test_half_of_the_pairs_of_each_rubric_show_the_worse_one_first(tmp_path):
    rows = [{"prompt": f"{k}", "better": "a", "worse": "b", "rubric": "xy"[k % 2]} for k in range(12)]
    pairs = read_pairs(write(tmp_path / "p.jsonl", *rows))
    for name in "xy":
        assert sum(p.swap for p in pairs if p.rubric == name) == 3


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "p", "better": "a"}, ["p.jsonl:1", "'worse' is missing"]),
        ({"prompt": "p", "better": "a", "chosen": "b", "worse": "c"}, ["both 'better' and 'chosen'"]),
        ({"prompt": "p", "better": "a", "wrose": "c"}, ["wrose", "Did you mean 'worse'"]),
        ({"prompt": "p", "better": "a", "worse": "a"}, ["the same"]),
        ({"prompt": 3, "better": "a", "worse": "b"}, ["prompt", "the number 3"]),
        ({"prompt": "p", "better": [{"role": "user"}], "worse": "b"}, ["better", "role and content"]),
        ({"prompt": "p", "better": "a", "worse": "b", "rubric": ["r"]}, ["rubric", "a name"]),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, row, said):
    with pytest.raises(DataError) as error:
        read_pairs(write(tmp_path / "p.jsonl", row))
    for part in said:
        assert part in str(error.value)


def test_an_empty_file_and_a_doubled_id(tmp_path):
    with pytest.raises(DataError, match="there is no pair"):
        read_pairs(write(tmp_path / "p.jsonl"))
    row = {"prompt": "p", "better": "a", "worse": "b", "id": "x"}
    with pytest.raises(DataError, match=r"stands twice, first at .*p.jsonl:1"):
        read_pairs(write(tmp_path / "p.jsonl", row, row))


def test_pairs_by_rubric(tmp_path):
    rows = [{"prompt": "p", "better": "a", "worse": "b", "rubric": name} for name in ("", "x")]
    pairs = read_pairs(write(tmp_path / "p.jsonl", *rows))
    assert {k: [p.name for p in v] for k, v in pairs_of(pairs, ["x", "y"]).items()} == {"x": ["p0", "p1"], "y": ["p0"]}
    with pytest.raises(UnknownNameError, match="unknown rubric 'x'"):
        pairs_of(pairs, ["y"])


def test_answers_are_found_by_prompt_and_text_or_by_id(tmp_path):
    prompt = (Message("user", "Tea?"),)
    samples = [Sample("s1", prompt, "Warm."), Sample("s2", prompt, "No."), Sample("s3", (), "Warm.", rubric="other")]
    rows = [
        {"prompt": "Tea?", "better": "Warm.", "worse": "No."},
        {"better": "s1", "worse": "s2"},
        {"prompt": "Coffee?", "better": "Warm.", "worse": "No."},
        {"better": "s3", "worse": "s1"},
    ]
    better, worse = rows_of_pairs(read_pairs(write(tmp_path / "p.jsonl", *rows)), samples, "mine")
    assert better.tolist() == [0, 0, -1, -1]
    assert worse.tolist() == [1, 1, -1, 0]
