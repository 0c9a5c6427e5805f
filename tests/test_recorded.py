"""The main job on recorded judges: replayed through the mock server over HTTP, their scores recovered exactly.

BiGGen's sample holds one placeholder response and the score 5 throughout, so it tests the path; the MT-Bench file of
Prometheus has four responses to each of 80 prompts and scores from 1 to 5.
"""

import csv
import json

import pytest

from rubricate.cli import main
from rubricate.llm.scripted import JudgeScript, read_prompt
from rubricate.llm.server import MockServer
from rubricate.rubrics.importers import import_file


def replay(items):
    """A rule that answers a judge prompt with the first recorded score of its response, and the scores by sample."""
    samples = {s.id: (i.rubric, s) for i in items for s in i.samples}
    first = {}
    for item in items:
        for judgement in item.recorded:
            first.setdefault(judgement.sample, {v.criterion: v.value for v in judgement.verdicts})
    by_text = {(s.task, s.response, c): v for name, (_, s) in samples.items() for c, v in first[name].items()}

    def rule(request):
        parts = read_prompt(request)

        def truth(response, criterion, text):
            return by_text[parts.task, parts.response, criterion]

        return JudgeScript(truth)(request)

    return rule, first


@pytest.mark.slow
@pytest.mark.parametrize("mode", [(), ("--batch", "1")])
@pytest.mark.parametrize(
    ("name", "file", "count"),
    [("biggen", "biggen/evals.jsonl", 695), ("prometheus", "prometheus/mt_bench_eval.jsonl", 320)],
)
def test_recorded_scores_come_back_exactly(real_data, tmp_path, capsys, name, file, count, mode):
    path, out = real_data / file, tmp_path / "run"
    rule, recorded = replay(import_file(name, path))
    assert len(recorded) == count
    with MockServer(rule).in_thread() as server, pytest.raises(SystemExit) as ended:
        main(["judge", str(path), "--format", name, "--out", str(out), "--base-url", server.url, "--model", "m", *mode])
    assert ended.value.code == 0
    capsys.readouterr()
    rewards = {r["sample"]: r["reward"] for r in map(json.loads, (out / "rewards.jsonl").read_text().splitlines())}
    assert rewards == {sample: value for sample, verdicts in recorded.items() for value in verdicts.values()}
    if name == "prometheus":
        assert set(rewards.values()) == {1, 2, 3, 4, 5}
    assert (out / "report.html").stat().st_size < 5_000_000
    with pytest.raises(SystemExit):
        main(["export", str(out), str(tmp_path / "verdicts.csv")])
    with (tmp_path / "verdicts.csv").open(newline="") as exported:
        assert sum(1 for _ in csv.DictReader(exported)) == count
