"""Tool calls against wanted ones: every kind of slip has its price."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.registry import lookup
from rubricate.types import Sample
from rubricate.verifiers.tool_calls import call_share, overlap, tool_calls

FIND = {"name": "find", "parameters": {"q": "tea", "n": 3}}
BOOK = {"name": "book", "parameters": {"day": "mon"}}


def call(name, **parameters):
    return {"name": name, "parameters": parameters}


@pytest.mark.parametrize(
    ("made", "share"),
    [
        ([FIND, BOOK], 1.0),
        ([BOOK, FIND], 1.0),
        ([], 0.0),
        ([call("find"), call("book")], 1 / 6),
        ([call("find", q="milk", n=0), call("book", day="tue")], 3 / 6),
        ([FIND], 3.5 / 6),
        ([FIND, FIND, BOOK], (2 / 3 + 5) / 6),
        ([FIND, BOOK, call("pay")], (2 / 3 + 5) / 6),
        ([call("find", q="tea", n=3, lang="en"), BOOK], (1 + 2 / 3 + 2 + 2) / 6),
        ([call("find", q="x", n=0), FIND, BOOK], (2 / 3 + 5) / 6),
    ],
    ids="exact permuted none names values one doubled surplus argument best".split(),  # noqa: SIM905
)
def test_shares_by_hand(made, share):
    """Marks: 1 for the names, 1 + 2 for find, 1 + 1 for book."""
    assert call_share([FIND, BOOK], made) == pytest.approx(share)


def test_the_finer_slip_always_costs_less():
    ladder = [[], [call("find")], [call("find", q="x", n=0)], [call("find", q="tea", n=0)], [FIND]]
    shares = [call_share([FIND], made) for made in ladder]
    assert shares == sorted(shares)
    assert len(set(shares)) == 5


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_overlap_is_symmetric_and_1_only_for_equal_bags(a, b):
    assert overlap(a, b) == overlap(b, a)
    assert (overlap(a, b) == 1) == (sorted(a) == sorted(b))


def test_the_verifier_reads_one_call_per_line_inside_its_block():
    def run(text):
        return tool_calls(Sample("a", (), text), [FIND, BOOK])

    lines = "\n".join(map(json.dumps, (FIND, BOOK)))
    assert run(f"<think>hm</think><tool_call>\n{lines}\n\n</tool_call>").value == 1.0
    assert run(f"<tool_call>{json.dumps(FIND)}</tool_call>").value == pytest.approx(3.5 / 6)
    for text, reason in (
        (lines, "no <tool_call> block"),
        ("<tool_call>{}</tool_call>", "not a call"),
        ("<tool_call>{'name': 1}</tool_call>", "not JSON"),
        ("<tool_call>[1]</tool_call>", "not a call"),
    ):
        outcome = run(text)
        assert outcome.value == 0.0
        assert reason in outcome.reason
    assert lookup("verifier", "tool_calls") is tool_calls


@pytest.mark.parametrize("calls", [[], "find", [{"name": "find"}], [{"parameters": {}}], [3]])
def test_settings_that_name_no_call_are_refused(calls):
    with pytest.raises(SettingError, match="calls="):
        tool_calls(Sample("a", (), ""), calls)


ARGUMENTS = FIND["parameters"]


@pytest.mark.parametrize(
    "form",
    [
        {"name": "find", "arguments": ARGUMENTS},
        {"name": "find", "arguments": json.dumps(ARGUMENTS)},
        {"id": "c1", "type": "function", "function": {"name": "find", "arguments": json.dumps(ARGUMENTS)}},
        {"type": "tool_use", "id": "t1", "name": "find", "input": ARGUMENTS},
    ],
    ids=["hermes", "text", "openai", "anthropic"],
)
def test_the_forms_of_the_field_are_read_on_both_sides(form):
    say = Sample("a", (), f"<tool_call>{json.dumps(form, indent=1)}</tool_call>")
    assert tool_calls(say, [FIND]).value == 1.0
    assert tool_calls(Sample("a", (), f"<tool_call>{json.dumps(FIND)}</tool_call>"), [form]).value == 1.0


def test_one_block_per_call_a_list_and_bare_json():
    one, two = (f"<tool_call>\n{json.dumps(c)}\n</tool_call>" for c in (FIND, BOOK))
    assert tool_calls(Sample("a", (), f"First {one} then {two}"), [FIND, BOOK]).value == 1.0
    assert tool_calls(Sample("a", (), f"<tool_call>{json.dumps([FIND, BOOK])}</tool_call>"), [FIND, BOOK]).value == 1.0
    for bare in (json.dumps({"tool_calls": [FIND, BOOK]}), json.dumps([FIND, BOOK])):
        assert tool_calls(Sample("a", (), bare), [FIND, BOOK], tag="").value == 1.0
    assert tool_calls(Sample("a", (), f"{one}<tool_call>nonsense</tool_call>"), [FIND]).value == 0.0
    assert tool_calls(Sample("a", (), f"{one}<tool_call>never closed"), [FIND]).value == 1.0


@pytest.mark.parametrize(
    "broken", [{"arguments": "{"}, {"arguments": "[1]"}, {"arguments": [1]}, {"input": {}, "arguments": {}}, {}]
)
def test_calls_without_readable_arguments_are_none(broken):
    say = Sample("a", (), f"<tool_call>{json.dumps({'name': 'find'} | broken)}</tool_call>")
    assert tool_calls(say, [FIND]).value == 0.0


def test_deep_json_is_no_crash():
    deep = "[" * 100_000
    assert tool_calls(Sample("a", (), f"<tool_call>{deep}</tool_call>"), [FIND]).value == 0.0
