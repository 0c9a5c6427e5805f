import os
import threading

import numpy as np
import pytest

from rubricate.arrays import pack
from rubricate.errors import StoreError
from rubricate.rubrics import Rubric
from rubricate.store import RunFolder, SqliteMemory
from rubricate.types import Judgement, Message, Sample, State, Step, Usage, Verdict

FULL = Verdict(
    "a", State.SCORED, 1.0, "met", "because \u2028 “so”", ("quote",), ("lost",), 0.9, 1.5, 0.1, "judge", "AB", 2,
    Usage(1, 10, 5, 0.25, 0.5),
)  # fmt: skip


def test_verdicts_come_back_as_they_were(tmp_path):
    empty = Verdict("b", State.UNREADABLE, raw="\ud800 broken")
    with RunFolder.create(tmp_path / "run", config={}) as run:
        run.append("s", ["k1", "k2"], [FULL, empty])
    found = list(RunFolder.open(tmp_path / "run").verdicts())
    assert found[0] == ("s", "k1", FULL)
    assert found[1][2].state is State.UNREADABLE
    assert found[1][2].value is None


def test_a_broken_last_line_is_cut_off_and_a_broken_middle_is_named(tmp_path):
    with RunFolder.create(tmp_path / "run", config={}) as run:
        run.append("s", ["k"], [FULL])
    path = tmp_path / "run" / "verdicts.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    with RunFolder.open(tmp_path / "run") as run:
        assert path.read_bytes() == whole
        run.append("t", ["k"], [FULL])
        assert [s for s, _, _ in run.verdicts()] == ["s", "t"]
    path.write_bytes(b"{nonsense}\n" + whole)
    with pytest.raises(StoreError, match=r"verdicts.jsonl:1"):
        list(RunFolder.open(tmp_path / "run").verdicts())


def test_a_question_asked_again_counts_with_its_last_line(tmp_path):
    with RunFolder.create(tmp_path / "run", config={}) as run:
        run.append("s", ["k"], [Verdict("a", State.FAILED)])
        run.append("s", ["k"], [FULL])
    found = list(RunFolder.open(tmp_path / "run").verdicts())
    assert [v.state for _, _, v in found] == [State.SCORED]


def test_runs_are_not_overwritten_shared_or_mistaken(tmp_path):
    RunFolder.create(tmp_path / "run", config={})
    with pytest.raises(StoreError, match="--resume"):
        RunFolder.create(tmp_path / "run", config={})
    RunFolder.create(tmp_path / "run", config={}, resume=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.doc").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        RunFolder.create(tmp_path / "other", config={})
    with pytest.raises(StoreError, match="is not a run"):
        RunFolder.open(tmp_path / "other")
    with (
        RunFolder.open(tmp_path / "run"),
        pytest.raises(StoreError, match="another process"),
        RunFolder.open(tmp_path / "run"),
    ):
        pass
    with pytest.raises(StoreError, match="not open"):
        RunFolder.open(tmp_path / "run").append("s", ["k"], [FULL])


def test_samples_and_scores_round_trip(tmp_path):
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": "t"}, {"id": "b", "text": "u", "weight": -2}])
    run = RunFolder.create(tmp_path / "run", config={})
    sample = Sample(
        "s", (Message("user", "hi"),), "", "g", "r", "ref", ("doc",), (Step("think", "tool", {"x": 1}),), {"k": 1}
    )
    run.write_samples([sample])
    assert run.samples() == [sample]
    scores = pack([Judgement("s", rubric.digest, (FULL,))], {rubric.digest: rubric.columns()})
    run.write_scores(scores)
    again = run.scores()
    np.testing.assert_array_equal(again.values, scores.values)
    assert again.criteria == scores.criteria
    assert (again.samples, again.digests) == (scores.samples, scores.digests)
    assert again.weights.tolist() == [[1, -2]]


def test_the_cache_file_is_shared_by_threads_and_keeps_the_first(tmp_path):
    memory = SqliteMemory(tmp_path / "c.sqlite")

    def work(k):
        memory.put("same", str(k))
        memory.put(f"own{k}", str(k))
        assert memory.get(f"own{k}") == str(k)
        memory.close()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory.get("same") in {str(k) for k in range(8)}
    assert memory.get("nothing") is None
    memory.close()
    assert os.path.exists(tmp_path / "c.sqlite")
