"""What trainers hand over, in all its shapes."""

import json

import pytest

import rubricate as rb
from rubricate.errors import DataError, PolicyError, RubricError, SettingError
from rubricate.integrations.rows import Rows, answer_of, means, messages_of, texts_of, told, verdicts_json
from rubricate.rewarder import Rewarder, Scored
from rubricate.types import State, Verdict


def test_a_prompt_is_text_or_messages_and_content_may_come_in_parts():
    assert messages_of("Tea?") == (rb.Message("user", "Tea?"),)
    parts = [{"type": "image"}, {"type": "text", "text": "What is "}, {"type": "text", "text": "this?"}]
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": parts}, {"role": "ipython"}]
    assert messages_of(chat) == (
        rb.Message("system", "Be kind."), rb.Message("user", "What is this?"), rb.Message("user", ""),
    )  # fmt: skip


def test_the_answer_is_the_last_assistant_message_and_the_others_are_steps():
    assert answer_of("Warm the pot.") == ("Warm the pot.", ())
    assert answer_of([{"role": "assistant", "content": "Warm."}]) == ("Warm.", ())
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [{}]},
        {"role": "tool", "content": "90 C"},
        {"role": "assistant", "content": "It is warm."},
    ]
    answer, steps = answer_of(turns)
    assert answer == "It is warm."
    assert [(s.kind, s.text) for s in steps] == [("assistant", ""), ("tool", "90 C"), ("assistant", "It is warm.")]
    assert answer_of([{"role": "tool", "content": "x"}])[0] == ""


@pytest.mark.parametrize(
    ("value", "texts"),
    [(None, ()), ("", ()), ("one", ("one",)), (["a", "b"], ("a", "b")), ('["a", "b"]', ("a", "b")), ((), ())],
)
def test_documents_are_texts_or_their_json(value, texts):
    assert texts_of(value) == texts


@pytest.mark.parametrize("value", [5, [1, 2], "[not json", {"a": 1}])
def test_other_documents_are_refused(value):
    with pytest.raises(DataError):
        texts_of(value)


def test_rows_of_one_prompt_rubric_and_reference_form_a_group():
    rows = Rows.read(
        ["p", "p", "q", "p", "p"], ["1", "2", "3", "4", "5"], ["r", "r", "r", "s", "r"], [None, None, None, None, 7]
    )
    assert rows.groups == ["p0", "p0", "p1", "p2", "p3"]
    assert rows.samples[4].reference == "7"
    assert [s.group for s in rows.samples.values()] == rows.groups


def test_unequal_columns_are_refused():
    with pytest.raises(SettingError, match="2 prompts and 1 rubrics"):
        Rows.read(["p", "q"], ["1", "2"], ["r"])
    with pytest.raises(SettingError, match="2 prompts and 3 completions"):
        Rows.read(["p", "q"], ["1", "2", "3"])


def test_a_bad_row_costs_itself_and_raises_under_strict(tea):
    rows = Rows.read(["p", "p"], ["1", "Warm the pot."], documents=[5, None])
    rewarder = Rewarder((tea,))
    samples, rubrics = rows.ready(strict=False)
    whole = rows.whole(rewarder.score_sync(samples, rubrics), rewarder)
    assert [s.reward is None for s in whole] == [True, False]
    assert "row 0: the documents are no list of texts" in whole[0].why
    assert tuple(whole[0].metrics) == rewarder.curves.names
    with pytest.raises(DataError, match="row 0"):
        rows.ready(strict=True)


def test_a_batch_without_a_usable_rubric_raises(tea):
    rewarder = Rewarder((tea,))
    rows = Rows.read(["p", "p"], ["1", "2"], ["cake", "cake"])
    samples, rubrics = rows.ready(strict=False)
    with pytest.raises(RubricError, match=r"none of the 2 rows.*unknown rubric 'cake'"):
        rows.whole(rewarder.score_sync(samples, rubrics), rewarder)


def test_a_call_without_any_reward_says_the_same_number_to_all_under_group_mean():
    assert told([None, None], ["a", "b"], "group_mean") == [0.0, 0.0]
    assert told([None, None], ["a", "b"], "group_mean", -1.0) == [-1.0, -1.0]
    assert told([1.0, None, 0.0], ["a", "a", "b"], "group_mean") == [1.0, 1.0, 0.0]
    assert told([None, 0.5], ["a", "a"], "abstain") == [None, 0.5]
    with pytest.raises(PolicyError, match="2 of 2"):
        told([None, None], ["a", "b"], "raise")


def test_means_leave_out_where_a_metric_does_not_apply():
    nan = float("nan")
    rows = [Scored("a", 1.0, "", {"x": 1.0, "y": nan, "z": nan}), Scored("b", 0.0, "", {"x": 0.0, "y": 4.0, "z": nan})]
    assert means(rows) == {"x": 0.5, "y": 4.0}
    assert means([]) == {}


def test_verdicts_as_json_hold_states_and_why():
    row = json.loads(verdicts_json(Scored("a", None, "verdicts are missing", {}, "d", (Verdict("c", State.REFUSED),))))
    assert row == {"rubric": "d", "verdicts": [{"criterion": "c", "state": "refused"}], "why": "verdicts are missing"}
