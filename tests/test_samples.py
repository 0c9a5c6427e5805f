"""Samples from files: every field, every format, and what is wrong with a record, by file, line and field."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import DataError, MissingExtraError
from rubricate.samples import read_items, read_samples
from rubricate.types import Message, Sample, Step

FULL = {
    "id": "a",
    "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tea?"}],
    "response": "Yes.",
    "group": "tea",
    "rubric": "brief",
    "reference": "No.",
    "documents": ["d1", "d2"],
    "steps": ["think", {"text": "search", "kind": "tool", "metadata": {"n": 1}}],
    "metadata": {"model": "m"},
}
EXPECTED = Sample(
    id="a",
    prompt=(Message("system", "Be brief."), Message("user", "Tea?")),
    response="Yes.",
    group="tea",
    rubric="brief",
    reference="No.",
    documents=("d1", "d2"),
    steps=(Step("think"), Step("search", "tool", {"n": 1})),
    metadata={"model": "m"},
)


def written(tmp_path, records, name="s.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(r) for r in records) if name == "s.jsonl" else json.dumps(records))
    return path


def test_every_field(tmp_path):
    assert list(read_samples(written(tmp_path, [FULL]))) == [EXPECTED]


def test_several_responses_are_samples_of_one_group(tmp_path):
    path = written(tmp_path, [{"id": 7, "prompt": "Tea?", "responses": ["Yes.", ""]}])
    assert list(read_samples(path)) == [
        Sample("7/0", (Message("user", "Tea?"),), "Yes.", group="7"),
        Sample("7/1", (Message("user", "Tea?"),), "", group="7"),
    ]


def test_an_inline_rubric_is_given_beside_the_sample(tmp_path):
    rubric = {"id": "r", "criteria": [{"id": "a", "text": "x"}]}
    path = written(tmp_path, [{"id": "a", "prompt": "p", "response": "x", "rubric": rubric}, FULL | {"id": "b"}])
    (first, inline), (second, none) = read_items(path)
    assert (first.rubric, inline, second.rubric, none) == ("r", rubric, "brief", None)
    assert first.metadata == {}


def test_samples_are_read_one_by_one(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(FULL) + "\nnot json\n")
    items = read_samples(path)
    assert next(items) == EXPECTED
    with pytest.raises(DataError, match=r"s.jsonl:2: not JSON"):
        next(items)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=8)
RECORD = st.fixed_dictionaries(
    {"prompt": TEXT, "response": TEXT.filter(bool)},
    optional={
        "group": TEXT.filter(bool), "reference": TEXT.filter(bool), "documents": st.lists(TEXT, max_size=2),
        "metadata": st.dictionaries(TEXT, st.integers(0, 9) | TEXT, max_size=2),
    },
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(records=st.lists(RECORD.filter(lambda r: r["prompt"]), min_size=1, max_size=4))
def test_all_formats_hold_the_same_samples(tmp_path_factory, records):
    import csv

    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("formats")
    rows = [{"id": f"s{k}", **r} for k, r in enumerate(records)]
    written(folder, rows)
    written(folder, rows, "s.json")
    written(folder, {"samples": rows}, "w.json")
    names = list(dict.fromkeys(n for r in rows for n in r))
    with (folder / "s.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        cells = [[r.get(n, "") for n in names] for r in rows]
        writer.writerows([c if isinstance(c, str) else json.dumps(c) for c in row] for row in cells)
    flat = [{k: v for k, v in r.items() if k != "metadata"} for r in rows]
    pq.write_table(pa.Table.from_pylist([dict.fromkeys(names) | r for r in flat]), folder / "s.parquet")
    expected = list(read_samples(folder / "s.jsonl"))
    assert [s.response for s in expected] == [r["response"] for r in records]
    for name in ("s.json", "w.json", "s.csv"):
        assert list(read_samples(folder / name)) == expected
    assert [(s.id, s.prompt, s.documents) for s in read_samples(folder / "s.parquet")] == [
        (s.id, s.prompt, s.documents) for s in expected
    ]


PROBLEMS = [
    ({"id": "a", "prompt": "p"}, r"s.jsonl:2: 'response' is missing; expected the text of a response, or a list"),
    ({"id": "a", "prompt": "p", "response": None}, r"s.jsonl:2: 'response' is missing"),
    ({"prompt": "p", "response": "x"}, r"s.jsonl:2: 'id' is missing"),
    ({"id": "", "prompt": "p", "response": "x"}, r"s.jsonl:2: id: the id is empty"),
    ({"id": "a", "response": "x"}, r"s.jsonl:2: 'prompt' is missing"),
    ({"id": "ok", "prompt": "p", "response": "x"}, r"s.jsonl:2: id: the id 'ok' stands twice, first at .*s.jsonl:1"),
    (
        FULL | {"respnse": "x"},
        r"s.jsonl:2: respnse: unknown field 'respnse'; expected one of: .* Did you mean 'response'",
    ),
    (FULL | {"score": 1}, r"s.jsonl:2: score: unknown field 'score'.*Other values go under metadata"),
    (FULL | {"responses": ["x"]}, r"s.jsonl:2: responses: both 'response' and 'responses'"),
    ({"id": "a", "prompt": "p", "responses": []}, r"s.jsonl:2: responses: is empty"),
    (
        {"id": "a", "prompt": "p", "responses": ["x", 5]},
        r"s.jsonl:2: responses\[1\]: found the number 5; expected text",
    ),
    (FULL | {"prompt": [{"role": "user"}]}, r"s.jsonl:2: prompt\[0\].content: found nothing \(null\); expected text"),
    (
        FULL | {"prompt": [{"role": "bot", "content": "x"}]},
        r"prompt\[0\].role: found the text 'bot'; expected one of: sys",
    ),
    (FULL | {"prompt": [{"role": "user", "content": "x", "name": "n"}]}, r"prompt\[0\].name: unknown field 'name'"),
    (FULL | {"prompt": []}, r"prompt: found a list of 0; expected text, or a list of messages"),
    (FULL | {"documents": "d"}, r"documents: found the text 'd'; expected a list"),
    (FULL | {"steps": [{"kind": "tool"}]}, r"steps\[0\].text: found nothing"),
    (FULL | {"steps": [{"text": "t", "tool": "x"}]}, r"steps\[0\].tool: unknown field 'tool'"),
    (FULL | {"metadata": []}, r"metadata: found a list of 0; expected a table"),
    (FULL | {"rubric": {"criteria": []}}, r"rubric: the rubric has no id"),
    (FULL | {"rubric": ["r"]}, r"rubric: found a list of 1; expected text"),
    ([FULL], r"s.jsonl:2: found a list of 1; expected a record"),
]


@pytest.mark.parametrize(("record", "message"), PROBLEMS)
def test_what_is_wrong_is_named_by_file_line_and_field(tmp_path, record, message):
    path = written(tmp_path, [FULL | {"id": "ok"}, record])
    with pytest.raises(DataError, match=message):
        list(read_items(path))


def test_a_json_file_names_the_line_of_the_field(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"samples": [FULL, FULL | {"id": "b", "documents": 5}]}, indent=1))
    line = next(k for k, text in enumerate(path.read_text().splitlines(), 1) if '"documents": 5' in text)
    with pytest.raises(DataError, match=rf"s.json:{line}: samples\[1\].documents: found the number 5"):
        list(read_items(path))


def test_csv_cells(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text('id,prompt,response,documents\na,"[INST] one",x,\nb,p,y,"[""d""]"\nc,p,,\n')
    items = read_samples(path)
    assert [(s.prompt[0].content, s.documents) for s in (next(items), next(items))] == [
        ("[INST] one", ()),
        ("p", ("d",)),
    ]
    with pytest.raises(DataError, match=r"s.csv:4: 'response' is missing"):
        next(items)
    path.write_text("id,prompt,response,documents\na,p,x,[d]\n")
    with pytest.raises(DataError, match=r"s.csv:2: documents: not JSON.*expected JSON in this cell"):
        list(read_samples(path))


def test_no_sample_and_no_pyarrow(tmp_path, monkeypatch):
    path = tmp_path / "s.jsonl"
    path.write_text("\n")
    with pytest.raises(DataError, match=r"s.jsonl: there is no sample"):
        list(read_samples(path))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"rubricate\[export\]"):
        list(read_samples(tmp_path / "s.parquet"))
