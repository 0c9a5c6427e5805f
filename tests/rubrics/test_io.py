"""Rubric files: formats, exact round trips, and errors that name file, line, place, what was found and what to do."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import DataError, RubricateError, RubricError, UnknownNameError
from rubricate.rubrics import Criterion, PolicySpec, Rubric, Scale, VerifierSpec
from rubricate.rubrics.io import dumps, json_schema, loads, plain, read_rubrics, rubric_from, write_rubrics
from rubricate.rubrics.problems import examine, rubric_error

TEA = Path(__file__).parents[1] / "data" / "rubrics" / "tea.yaml"
ONE = {"id": "r", "criteria": [{"id": "a", "text": "x"}]}
FORMATS = ["yaml", "json", "toml", "jsonl"]


def test_yaml_reads_what_people_mean():
    tea = read_rubrics(TEA)[0]
    warm, steep, tone, closing, microwave, choice = tea.criteria
    assert tea.version == "2024-01-01"
    assert warm.tags == ("no", "yes", "on")
    assert (steep.scale, steep.required) == (Scale(kind="ordinal", min=1, max=5), True)
    assert tone.weight == 0.001
    assert tone.scale.anchors == closing.scale.anchors == {"1": "cold", "3": "warm"}
    assert microwave.text == "Suggests a microwave.\n\nOr a cold pot.\n"
    assert choice.scale.labels == {"yes": 1.0, "partly": 0.5, "no": 0.0}
    assert tea.policy == PolicySpec(name="healthbench")


def test_a_reader_of_yaml_1_1_would_have_changed_it():
    # The negative control: the library's own loader turns the same file into something else.
    data = yaml.safe_load(TEA.read_text())
    assert data["criteria"][0]["tags"] == [False, True, True]
    assert data["criteria"][2]["weight"] == "1e-3"


# Round trips --------------------------------------------------------------------------------------------------------

TEXT = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["no", "1e-3", "0o17", "~", "2024-01-01", "a\n b\n", "- x", "a: b"]
)
NUMBER = st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float) | st.sampled_from([1e-7, 1e16, 0.1])
LABELS = st.dictionaries(TEXT, NUMBER, min_size=2, max_size=3).filter(lambda d: len(set(d.values())) > 1)
SCALE = st.one_of(
    st.sampled_from(["binary", "ternary", "pairwise"]).map(lambda kind: Scale(kind=kind)),
    st.tuples(st.integers(-3, 3), st.integers(4, 9), st.dictionaries(st.sampled_from(["1", "4"]), TEXT)).map(
        lambda t: Scale(kind="ordinal", min=t[0], max=t[1], anchors=t[2])
    ),
    st.tuples(NUMBER, NUMBER).filter(lambda t: t[0] < t[1]).map(lambda t: Scale(kind="points", min=t[0], max=t[1])),
    LABELS.map(lambda d: Scale(labels=d)),
    LABELS.map(lambda d: Scale(labels=d, min=min(d.values()) - 1, max=max(d.values()) + 1)),
)
SETTINGS = st.dictionaries(
    TEXT, st.booleans() | st.integers(-9, 9) | NUMBER | TEXT | st.lists(TEXT, max_size=2), max_size=2
)
VERIFIER = st.builds(
    VerifierSpec, name=TEXT, settings=SETTINGS, timeout=st.none() | st.floats(0.5, 9), sandbox=st.booleans()
)


def criteria(children):
    return st.builds(
        Criterion, id=TEXT.filter(str.isprintable), text=TEXT, weight=NUMBER, scale=SCALE, required=st.booleans(), children=children,
        polarity=st.none() | st.sampled_from(["good_if_met", "bad_if_met"]), tags=st.lists(TEXT, max_size=2).map(tuple),
        verifier=st.none() | VERIFIER, kind=st.sampled_from(["llm", "code", "encoder"]), cap=st.none() | NUMBER,
        reference=st.none() | st.text(max_size=3),
    )  # fmt: skip


def _own_ids(rubric_fields):
    """Number the criteria, so that ids are unique."""

    def renamed(c):
        count[0] += 1
        number = count[0]
        return c.model_copy(update={"id": f"{c.id}{number}", "children": tuple(renamed(k) for k in c.children)})

    count = [0]
    return Rubric(**{**rubric_fields, "criteria": tuple(renamed(c) for c in rubric_fields["criteria"])})


LEAF = criteria(st.just(()))
TREE = criteria(st.lists(LEAF, max_size=2).map(tuple))
RUBRIC = st.fixed_dictionaries(
    {"id": TEXT, "criteria": st.lists(TREE, min_size=1, max_size=3)},
    optional={
        "policy": st.builds(PolicySpec, name=TEXT, settings=SETTINGS),
        "prompt": st.text(max_size=5)
        | st.lists(st.dictionaries(st.sampled_from(["role", "content"]), TEXT), max_size=2).map(tuple),
        "dimension_weights": st.dictionaries(TEXT, NUMBER, max_size=2),
        "guidelines": st.text(max_size=30),
        "labels": st.lists(NUMBER, max_size=2).map(tuple),
    },
).map(_own_ids)


@settings(max_examples=150, deadline=None)
@given(RUBRIC)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_rubric_back(form, rubric):
    back = loads(dumps(rubric, form), form)
    assert back == [rubric]
    assert back[0].digest == rubric.digest
    assert dumps(back[0], form) == dumps(rubric, form)


@settings(max_examples=150, deadline=None)
@given(RUBRIC)
def test_plain_data_is_smaller_and_equal(rubric):
    data = plain(rubric)
    assert rubric_from(data) == rubric
    assert len(json.dumps(data)) <= len(rubric.model_dump_json())


def test_leaving_defaults_out_by_the_model_alone_would_lose_things():
    # The negative control for the short forms: what the model's own dump without defaults reads back as.
    criterion = Criterion(
        id="a", text="x", verifier="length", kind="llm", scale=Scale(labels={"a": 0.2, "b": 0.8}, min=0)
    )
    rubric = Rubric(id="r", criteria=(criterion,))
    naive = Rubric.model_validate(rubric.model_dump(exclude_defaults=True))
    assert naive.criteria[0].kind == "code"
    assert naive.criteria[0].scale.min == 0.2
    assert rubric_from(plain(rubric)) == rubric


@pytest.mark.parametrize("form", FORMATS)
def test_files_hold_one_rubric_or_several(tmp_path, form):
    rubrics = [rubric_from(ONE | {"id": name}) for name in ("a", "b")]
    path = tmp_path / f"r.{form}"
    write_rubrics(rubrics[0], path)
    assert read_rubrics(path) == rubrics[:1]
    write_rubrics([*rubrics, rubrics[0]], path)  # an equal rubric is written once
    assert read_rubrics(path) == rubrics


def test_the_three_forms_of_a_file_and_yaml_documents():
    rubrics = [rubric_from(ONE | {"id": name}) for name in ("a", "b")]
    data = [plain(r) for r in rubrics]
    assert loads(json.dumps(data), "json") == loads(json.dumps({"rubrics": data}), "json") == rubrics
    assert loads("\n---\n".join(dumps(r) for r in rubrics) + "\n---\n") == rubrics


def test_several_rubrics_need_several_ids(tmp_path):
    other = rubric_from(ONE | {"title": "other"})
    with pytest.raises(RubricError, match=r"two different rubrics have the id 'r'. Give each its own id"):
        write_rubrics([rubric_from(ONE), other], tmp_path / "r.yaml")
    with pytest.raises(RubricError, match="there is no rubric"):
        write_rubrics([], tmp_path / "r.yaml")
    assert not list(tmp_path.iterdir())


def test_what_a_format_cannot_hold_is_refused():
    spec = PolicySpec(name="p", settings={"x": {"y": None}})
    rubric = Rubric(id="r", criteria=(Criterion(id="a", text="x"),), policy=spec)
    with pytest.raises(DataError, match=r"policy.settings.x.y: TOML has no null. Write YAML or JSON instead"):
        dumps(rubric, "toml")
    assert loads(dumps(rubric, "yaml"))[0] == rubric
    endless = Rubric(id="r", criteria=rubric.criteria, policy=PolicySpec(name="p", settings={"x": float("inf")}))
    with pytest.raises(DataError, match="not a JSON value"):
        dumps(endless, "json")
    with pytest.raises(UnknownNameError, match="unknown rubric format 'xml'; expected one of: json, jsonl, toml, yaml"):
        dumps(rubric, "xml")


# Errors -------------------------------------------------------------------------------------------------------------

YAML_ERRORS = [
    ("criteria:\n  - {id: a, text: x}", r"f.yaml:1: id: 'id' is missing"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    wieght: 2",
     r"f.yaml:5: criteria\[0\].wieght: unknown field 'wieght'; expected one of: id, text, .*Did you mean 'weight'\?$"),
    ("id: r\ncriteria:\n  - id: a\n    txt: x",
     r"f.yaml:4: criteria\[0\].txt: unknown field 'txt'.*Did you mean 'text'\?$"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    weight: two",
     r"f.yaml:5: criteria\[0\].weight: found the text 'two'; expected a number$"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    weight: .inf",
     r"f.yaml:5: criteria\[0\].weight: found inf; expected a finite number$"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    weight: .nan", r"f.yaml:5: criteria\[0\].weight: found nan"),
    ("id: 2024\ncriteria:\n  - {id: a, text: x}",
     r"f.yaml:1: id: found the number 2024; expected text. Put it in quotes"),
    ("id: r\ncriteria:\n  - {id: a, text: x}\n  - {id: b, text: y}\n  - id: a\n    text: z",
     r"f.yaml:5: criteria\[2\].id: the id 'a' stands twice, first at criteria\[0\].id; expected ids that are unique"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    children:\n      - id: a\n        text: y",
     r"f.yaml:6: criteria\[0\].children\[0\].id: the id 'a' stands twice"),
    ("id: r\ncriteria: []", r"f.yaml:2: criteria: is empty; expected at least one entry"),
    ("id: r\ncriteria:\n  a: x", r"f.yaml:2: criteria: found a table with a; expected a list"),
    ("id: r\ncriteria:\n  - just text",
     r"f.yaml:3: criteria\[0\]: found the text 'just text'; expected a table of fields"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    kind: lm",
     r"f.yaml:5: criteria\[0\].kind: found the text 'lm'; expected one of: 'llm', 'code', .*Did you mean 'llm'"),
    ("id: r\ncriteria:\n  - id: a\n    text: x\n    scale: 1-a",
     r"f.yaml:5: criteria\[0\].scale: unknown scale '1-a'; expected binary"),
    ("id: r\ncriteria:\n  - {id: a, text: x, critical: true, gate: true}",
     r"'gate' and 'required' are one field. Keep one"),
    ("id: r\nid: s", r"f.yaml:2: not YAML: the key 'id' stands twice in one table"),
    ("id: r\n\tcriteria: x", r"f.yaml:2: not YAML: .*Indent with spaces, not with tabs"),
    ("id: a: b", r"f.yaml:1: not YAML: .*Text with ': ' in it needs quotes"),
    ("id: r\ncriteria: [", r"f.yaml:2: not YAML"),
    ("", r"f.yaml: there is no rubric; expected id and criteria"),
    ("# only a comment\n", r"f.yaml: there is no rubric"),
    ("[]", r"f.yaml: there is no rubric"),
    ("rubrics: []", r"f.yaml: there is no rubric"),
    ("just text", r"f.yaml:1: found the text 'just text'; expected a rubric"),
    ("&a [*a]", r"f.yaml: the anchors of this YAML multiply it"),
    ("id: !!python/object:os.system x", r"f.yaml:1: not YAML: could not determine a constructor"),
    ("id: !!timestamp 2001-01-01\ncriteria: [{id: a, text: x}]", r"f.yaml:1: id: found 2001-01-01 \(date\).*Quote it"),
    ("id: r\nprompt: [{role: 5}]\ncriteria: [{id: a, text: x}]",
     r"f.yaml:2: prompt\[0\].role: found the number 5; expected text"),
    ("id: r\npolicy: 5\ncriteria: [{id: a, text: x}]",
     r"f.yaml:2: policy: found the number 5; expected a name, or a table"),
    ("id: \x01", r"f.yaml:1: the control character"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), YAML_ERRORS)
def test_yaml_errors_finish_the_lesson(tmp_path, text, message):
    path = tmp_path / "f.yaml"
    path.write_text(text)
    with pytest.raises(RubricateError, match=message) as caught:
        read_rubrics(path)
    assert str(path) in str(caught.value)
    assert "validation error" not in str(caught.value)
    assert "Input should" not in str(caught.value)


def test_several_problems_are_listed_five_at_most(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("id: r\ncriteria:\n" + "".join(f"  - id: c{k}\n    text: ''\n    weight: x\n" for k in range(4)))
    with pytest.raises(RubricError) as caught:
        read_rubrics(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 8 problems"
    assert lines[1] == "  line 4: criteria[0].text: is empty; expected text"
    assert lines[2] == "  line 5: criteria[0].weight: found the text 'x'; expected a number"
    assert lines[-1] == "  ... and 3 more"
    assert len(lines) == 7


OTHER_ERRORS = [
    ("f.json", "", "there is no rubric"),
    ("f.json", '{"id": "r",\n "criteria": [{"id": "a",\n "text": "x",\n "weight": Infinity}]}',
     r"f.json:4: criteria\[0\].weight: found inf; expected a finite number"),
    ("f.json", '{"id": "r",\n "criteria" [}', r"f.json:2: not JSON: Expecting ':' delimiter"),
    ("f.json", '{"rubrics": [\n{"id": "r"},\n{"id": "s"}]}',
     r"line 2: rubrics\[0\].criteria: 'criteria' is missing\n.*line 3: rubrics\[1\]"),
    ("f.json", '{"id": "r", "id": "s"}', r"f.json:1: the key 'id' stands twice in one object"),
    ("f.json", "[" * 100000, "nested too deeply"),
    ("f.json", '{"id": "r", "policy": {"x": ' + "[" * 900 + "]" * 900 + "}}", "nested too deeply|is missing"),
    ("f.jsonl", json.dumps(ONE) + '\n\n{"id": "s"}', r"f.jsonl:3: criteria: 'criteria' is missing"),
    ("f.jsonl", json.dumps(ONE) + "\n{", r"f.jsonl:2: not JSON"),
    ("f.jsonl", "\n", r"f.jsonl: there is no rubric"),
    ("f.jsonl", "[]", r"f.jsonl:1: found a list of 0; expected a rubric"),
    ("f.toml", 'id = "r"\ncriteria = [\n', r"f.toml:\d+: not TOML"),
    ("f.toml", 'id = "r"\nid = "s"', r"f.toml:2: not TOML"),
    ("f.toml", 'id = "r"\nversion = 1979-05-27\n[[criteria]]\nid = "a"\ntext = "x"',
     r"f.toml: version: found 1979-05-27 \(date\)"),
    ("f.toml", 'id = "r"\n[[criteria]]\nid = "a"\ntext = "x"\nweight = nan',
     r"f.toml: criteria\[0\].weight: found nan"),
    ("f.txt", "id: r", "unknown rubric format 'txt'; expected one of: json, jsonl, toml, yaml, yml"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), OTHER_ERRORS)
def test_errors_in_other_formats(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(RubricateError, match=message):
        read_rubrics(tmp_path / name)


@pytest.mark.parametrize("form", FORMATS)
def test_missing_folder_encoding_and_mark(tmp_path, form):
    path = tmp_path / f"f.{form}"
    with pytest.raises(DataError, match="there is no such file"):
        read_rubrics(path)
    path.write_bytes(b"\xef\xbb\xbf" + dumps(rubric_from(ONE), form).encode())
    assert read_rubrics(path) == [rubric_from(ONE)]
    path.write_bytes(b"\xff\xfei\x00d\x00")
    with pytest.raises(DataError, match=rf"f.{form}:1: byte 0xff is not UTF-8.*UTF-16: save it as UTF-8"):
        read_rubrics(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="this is a folder"):
        read_rubrics(path)


def test_a_line_that_is_too_long_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "f.jsonl"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(DataError, match=r"f.jsonl:1: the line has 68,157,440 bytes; expected at most 67,108,864 bytes"):
        read_rubrics(path)


PLANTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "text", "criteria", "children", "scale", "kind", "labels", "min", "policy", "settings",
                         "verifier", "name", "weight", "prompt", "evidence", "span", "critical", "x"]),
        inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(PLANTED, st.sampled_from(sorted(Rubric.model_fields)), st.sampled_from(sorted(Criterion.model_fields)))
def test_no_data_leads_to_anything_but_a_rubric_or_a_rubric_error(junk, field, inner):
    for data in (junk, {**ONE, field: junk}, {"id": "r", "criteria": [{"id": "a", "text": "x", inner: junk}]}):
        rubric, problems = examine(data)
        assert (rubric is None) == bool(problems)
        if problems:
            assert str(rubric_error(problems, "f")).startswith("f: ")


def test_the_schema_knows_the_short_forms():
    schema = json_schema()
    tables = schema["$defs"]
    assert tables["Scale"]["anyOf"][0] == tables["PolicySpec"]["anyOf"][0] == {"type": "string"}
    assert {"critical", "gate", "required"} <= set(tables["Criterion"]["properties"])
    assert tables["Criterion"]["additionalProperties"] is False
    assert tables["Rubric"]["required"] == ["id", "criteria"]
    assert json.loads(json.dumps(schema)) == schema
