import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.llm.ladder import climb, repaired

PLAIN = {"scores": {"1": 4, "2": 2}, "ranking": ["1", "2"]}
TEXT = json.dumps(PLAIN)


@pytest.mark.parametrize(
    ("text", "rung"),
    [
        (TEXT, "object"),
        (f"<think>{{}} maybe {{'scores': 1}}</think>{TEXT}", "object"),
        (f"```json\n{TEXT}\n```", "object"),
        (f'For example {{"scores": {{"1": 0}}}}. Now: {TEXT} Done.', "object"),
        (TEXT.replace('"', "'"), "repaired"),
        ("Here: {scores: {1: 4, 2: 2,}, ranking: ['1', '2',],} That is all.", "repaired"),
        ("```\n{'scores': {'1': 4, '2': 2}, 'ranking': ['1', '2']}\n```\n{not json}", "repaired"),
    ],
)
def test_the_rungs(text, rung):
    found = climb(text, "scores")
    assert (found.value, found.rung, found.doubled) == (PLAIN, rung, frozenset())


@pytest.mark.parametrize(
    "text",
    ["", "no", "{", TEXT[:-1], TEXT[:20], '{"score": {"1": 4}}', "[1, 2]", '{"scores": NaN}', "{'scores': {'1': 4}", "{scores: 1; 2}",
     "<think>" + TEXT + "</think>", '{"scores": {"1": 4} "2": 2}'],
)  # fmt: skip
def test_nothing_is_invented(text):
    assert climb(text, "scores") is None


def test_doubled_keys_are_told():
    assert climb('{"scores": {"1": 4, "1": 5, "2": 2}}', "scores").doubled == {"1"}
    assert climb("{scores: {a: 1, a: 1}}", "scores").doubled == {"a"}


def test_strings_stay_as_they_are():
    text = "{\"a\": \"it's, {b: 1,}\", 'c': 'say \"so\", it\\'s'}"
    assert json.loads(repaired(text)) == {"a": "it's, {b: 1,}", "c": 'say "so", it\'s'}


values = st.recursive(
    st.integers(-99, 99) | st.text("ab,:{}[]'\" \\", max_size=6) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz_1", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), values, max_size=4))
def test_repair_leaves_good_json_alone(value):
    text = json.dumps(value)
    assert json.loads(repaired(text)) == value


@given(st.dictionaries(st.sampled_from(["scores", "b", "c_1"]), st.integers(-9, 9), min_size=1))
def test_every_number_of_a_repaired_reply_was_in_the_reply(value):
    text = "{" + ", ".join(f"'{k}': {v}" for k, v in value.items()) + ",}"
    found = climb(text, "scores")
    assert ("scores" in value) == (found is not None)
    if found is not None:
        assert found.value == value
        assert set(map(str, found.value.values())) <= set(re.findall(r"-?\d+", text))
