import sys

import pytest

from rubricate.errors import MissingExtraError, SettingError
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample
from rubricate.verifiers import check_settings, json_shape


def say(text):
    return Sample("s", (), text)


FENCED = say('First:\n```json\n{"a": 1}\n```\nthen\n```\n{"b": [2.0], "c": true}\n```\nDone.')


def test_where_it_stands():
    assert json_shape(say('<think>{"}</think> {"a": 1} ')).value == 1
    assert json_shape(FENCED).value == json_shape(FENCED, where="fence").value == 1
    assert json_shape(FENCED, where="whole").value == 0
    assert json_shape(say("[1, 2]"), where="fence").reason == "no fenced block found"
    assert json_shape(say("")).value == 0


def test_the_last_block_counts():
    assert json_shape(FENCED, required=["b"]).value == 1
    assert json_shape(FENCED, required=["a"]).value == 0
    assert json_shape(FENCED, required=["a"]).reason == "missing 'a'; expected the keys 'a'"


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("1", {"integer", "number"}),
        ("1.5", {"number"}),
        ("2.0", {"number", "integer"}),
        ("true", {"boolean"}),
        ('"x"', {"string"}),
        ("[]", {"array"}),
        ("{}", {"object"}),
        ("null", {"null"}),
    ],
)
def test_types(value, kinds):
    every = ["string", "number", "integer", "boolean", "array", "object", "null"]
    found = {k for k in every if json_shape(say(f'{{"a": {value}}}'), types={"a": k}).value == 1}
    assert found == kinds
    assert json_shape(say("{}"), types={"a": "string"}).value == 1


@pytest.mark.parametrize("text", ["{'a': 1}", "NaN", '{"a": Infinity}', "[1,]", "[" * 100_000, "{} {}"])
def test_what_is_no_json(text):
    assert json_shape(say(text)).value == 0


def test_many_open_blocks_take_one_pass():
    assert json_shape(say("```x\n" * 60_000), where="fence").value == 0


def test_an_array_has_no_keys():
    assert json_shape(say("[1]"), required=["a"]).reason == "the JSON is array; expected an object"


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="where"):
        json_shape(FENCED, where="inside")
    with pytest.raises(SettingError, match="'int'"):
        json_shape(FENCED, types={"a": "int"})


SCHEMA = {
    "type": "object",
    "properties": {"n": {"$ref": "#/$defs/count"}},
    "required": ["n"],
    "$defs": {"count": {"type": "integer", "minimum": 1}},
}


def test_a_schema():
    pytest.importorskip("jsonschema")
    assert json_shape(say('{"n": 2}'), schema=SCHEMA).value == 1
    found = json_shape(say('{"n": 0}'), schema=SCHEMA)
    assert (found.value, found.reason) == (0, "$.n: 0 is less than the minimum of 1")
    with pytest.raises(SettingError, match="schema"):
        json_shape(FENCED, schema={"type": "objekt"})


def test_without_the_package_the_pip_command_is_named_before_anything_is_judged(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    criterion = Criterion(id="c", text="t", verifier={"name": "json", "schema": {"type": "null"}})
    with pytest.raises(MissingExtraError, match=r"rubricate\[verify\]"):
        check_settings(criterion)
