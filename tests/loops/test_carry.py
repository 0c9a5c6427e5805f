"""Recorded verdicts under changed rubrics: same questions are taken over, changed ones are not asked."""

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import DataError, UnknownNameError
from rubricate.loops import carried_over, read_verdicts, rows_of
from rubricate.report.tables import export_run
from rubricate.types import State, Verdict

TEA = rb.Rubric(id="tea", criteria=[{"id": "pot", "text": "Warms the pot."}, {"id": "min", "text": "Gives minutes."}])


@pytest.fixture
def result():
    return rb.run(TEA, prompt="Tea?", responses=["Warms the pot.", "Gives minutes.", "Warms the pot, gives minutes."])


def changed(k, **fields):
    criteria = [c.model_copy(update=fields) if j == k else c for j, c in enumerate(TEA.criteria)]
    return TEA.model_copy(update={"criteria": tuple(criteria)})


def test_another_weight_needs_no_new_verdict(result):
    found = carried_over(result, [changed(0, weight=3.0)])
    assert found.scores.values.tolist() == result.scores.values.tolist()
    assert found.rewards.values.tolist() == [0.75, 0.25, 1.0]


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "Heats the pot."},
        {"scale": rb.Rubric.model_fields and TEA.criteria[0].scale.model_copy(update={"max": 2.0})},
    ],
)
def test_another_question_has_none(result, fields):
    found = carried_over(result, [changed(0, **fields)])
    assert found.scores.asked.tolist() == [[False, True]] * 3
    assert carried_over(result, [TEA.model_copy(update={"guidelines": "Be strict."})]).scores.asked.sum() == 0


def test_fresh_verdicts_fill_what_is_new(result):
    new = changed(0, text="Heats the pot.")
    fresh = {("r1", "pot"): Verdict("pot", State.SCORED, 1.0), ("r2", "pot"): Verdict("pot", State.REFUSED)}
    found = carried_over(result, [new], fresh=fresh)
    assert found.scores.asked[:, 0].tolist() == [True, True, False]
    assert found.scores.values[0, 0] == 1.0
    assert np.isnan(found.scores.values[1, 0])


def test_rubrics_that_judged_nothing_are_an_error(result):
    with pytest.raises(DataError, match="no response was judged by other"):
        carried_over(result, [TEA.model_copy(update={"id": "other"})])


@pytest.mark.parametrize("name", ["v.csv", "v.parquet"])
def test_an_exported_table_reads_back(tmp_path, name):
    run = rb.run(TEA, prompt="Tea?", responses=["Warms the pot.", "Gives minutes."], out=tmp_path / "run")
    export_run(tmp_path / "run", tmp_path / name)
    found = read_verdicts(tmp_path / name, [TEA])
    assert found.scores.values.tolist() == run.scores.values.tolist()
    assert found.scores.group.tolist() == run.scores.group.tolist()
    assert found.rewards.values.tolist() == run.rewards.values.tolist()
    assert rows_of(found)["tea"].tolist() == [0, 1]


def test_a_missing_value_stays_missing_and_mistakes_have_their_line(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("sample,criterion,value,state\na,pot,,refused\na,min,1,\nb,pot,,\n")
    found = read_verdicts(path, [TEA])
    assert [v.state for v in found.judgements[0].verdicts] == [State.REFUSED, State.SCORED]
    assert found.judgements[1].verdicts[0].state is State.ABSTAINED
    assert np.isnan(found.scores.values[1, 0])
    for text, error, said in (
        ("sample,criterion,value\na,pott,1\n", UnknownNameError, "Did you mean 'pot'"),
        ("sample,criterion,value\na,pot,yes\n", DataError, "v.csv:2: value: found the text 'yes'"),
        ("sample,criterion,value\na,pot,1\na,pot,0\n", DataError, "two verdicts on 'pot'"),
        ("sample,criterion,value\n,pot,1\n", DataError, "sample"),
        ("sample,criterion,value\n", DataError, "there is no verdict"),
    ):
        path.write_text(text)
        with pytest.raises(error, match=said.replace("(", "\\(")):
            read_verdicts(path, [TEA])
