"""YAML 1.2 core schema: what scalars mean, exact round trips for any JSON data, the line of every place."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import DataError
from rubricate.rubrics.yaml_lines import dump, load

SCALARS = {
    "no": "no", "on": "on", "Yes": "Yes", "true": True, "FALSE": False, "~": None, "null": None, "": None,
    "1e-3": 0.001, "010": 10, "0o17": 15, "0x1F": 31, ".5": 0.5, "1.": 1.0, "-.inf": float("-inf"), "+3": 3,
    "1_000": "1_000", "12:30:45": "12:30:45", "2024-01-01": "2024-01-01", "<<": "<<", "=": "=", "0b1": "0b1",
}  # fmt: skip


@pytest.mark.parametrize("text", SCALARS)
def test_what_a_scalar_means(text):
    value = load(f"a: {text}")[0]["a"]
    assert (value, type(value)) == (SCALARS[text], type(SCALARS[text]))


TRICKY = st.sampled_from(
    [*SCALARS, "\n", "a\n b\n", "\n a", "- a", "# x", "a: b", "\x85", "\u2028", "\ufeff", "\t", " a "]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text() | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | TRICKY, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_data_comes_back_exactly(data):
    assert repr(load(dump(data))[0]) == repr(data)


@given(st.floats(allow_nan=False, allow_infinity=False) | TRICKY)
def test_readers_of_yaml_1_1_see_the_same_scalars(value):
    assert yaml.safe_load(dump({"a": value})) == {"a": value}


def test_the_plain_dumper_would_not_do():
    # The negative control: text that only 1.2 takes for a number stays unquoted there.
    assert load(yaml.safe_dump({"a": "1e-3"}))[0] == {"a": 0.001}
    assert load(dump({"a": "1e-3"}))[0] == {"a": "1e-3"}


def test_lines_of_places():
    _, line = load("# head\na: 1\nb:\n  - x: 1\n    y: |\n      t\n\n  - [1,\n    2]\n")
    places = {("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 0, "y"): 5, ("b", 1, 1): 9, (): 2}
    assert {p: line(p) for p in places} == places
    assert line(("b", 0, "z")) == 4  # not there: the deepest place that is
    assert load("a: 1\n---\nb: 2")[1]((1, "b")) == 3


def test_keys_are_text_and_documents_a_list():
    assert load("1: a\ntrue: b\n1.0: c")[0] == {"1": "a", "true": "b", "1.0": "c"}
    assert load("a\n---\nb\n")[0] == ["a", "b"]
    assert load("")[0] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "f:2: not YAML: the key 'a' stands twice"),
        ("? [a]\n: b", "f:1: not YAML: a key that is not plain text"),
        ("&a [*a]", "anchors of this YAML multiply"),
        ("x: &a0 [1]\n" + "".join(f"x{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 9)),
         "anchors of this YAML multiply"),
        ("[" * 2000 + "]" * 2000, "not YAML|nested too deeply"),
        ("a: !!float abc", "not YAML"),
        ("a: [", "f:1: not YAML"),
    ],
)  # fmt: skip
def test_what_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        load(text, "f")
