"""The main job on all of BiGGen: the recorded judge replayed through the mock server, its scores recovered exactly."""

import csv
import json

import pytest

from rubricate.cli import main
from rubricate.llm.scripted import JudgeScript
from rubricate.llm.server import MockServer
from rubricate.rubrics.importers import import_file


@pytest.mark.slow
@pytest.mark.parametrize("mode", [(), ("--batch", "1")])
def test_recorded_scores_come_back_exactly(real_data, tmp_path, capsys, mode):
    path = real_data / "biggen" / "evals.jsonl"
    items = import_file("biggen", path)
    recorded = {(s.response, c.id): v.value for i in items for s, j in zip(i.samples, i.recorded, strict=True)
                for c, v in zip(i.rubric.leaves, j.verdicts, strict=True)}  # fmt: skip
    assert len(items) == 695

    def replay(response, criterion, text):
        return recorded[response, criterion]

    with MockServer(JudgeScript(replay)).in_thread() as server:
        with pytest.raises(SystemExit) as ended:
            main(["judge", str(path), "--format", "biggen", "--out", str(tmp_path / "run"), "--base-url", server.url,
                  "--model", "recorded", *mode])  # fmt: skip
        assert ended.value.code == 0
    capsys.readouterr()
    rewards = [json.loads(line)["reward"] for line in (tmp_path / "run" / "rewards.jsonl").read_text().splitlines()]
    expected = [v.value for i in items for j in i.recorded for v in j.verdicts]
    assert len(rewards) == 695
    assert rewards == expected
    assert (tmp_path / "run" / "report.html").stat().st_size < 5_000_000
    with pytest.raises(SystemExit):
        main(["export", str(tmp_path / "run"), str(tmp_path / "verdicts.csv")])
    with (tmp_path / "verdicts.csv").open(newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 695
