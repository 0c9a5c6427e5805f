import csv
import io

import pytest

from rubricate.errors import SettingError
from rubricate.report.tables import export_run
from rubricate.store import RunFolder
from rubricate.types import State, Verdict


@pytest.fixture
def folder(run, tmp_path):
    """The stored form of ``run``."""
    made = RunFolder.create(tmp_path / "run", config={})
    with made:
        made.write_samples(run.samples)
        made.write_json(
            "rubrics.json", [r.model_dump(mode="json", exclude_defaults=True) for r in run.rubrics.values()]
        )
        for judgement in run.judgements:
            made.append(judgement.sample, ["k"] * len(judgement.verdicts), judgement.verdicts)
        made.append("a1", ["k"], [Verdict("removed", State.SCORED, 1.0)])
        rewards = run.rewards
        made.write_lines(
            "rewards.jsonl",
            (
                {
                    "sample": s.id,
                    "group": s.group,
                    "reward": float(v) if ok else None,
                    "why": rewards.why(i),
                    "coverage": None,
                }
                for i, (s, v, ok) in enumerate(zip(run.samples, rewards.values, rewards.valid, strict=True))
            ),
        )
    return made.path


def read(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_verdicts_as_csv(folder, tmp_path):
    assert export_run(folder, tmp_path / "v.csv") == 17
    rows = read(tmp_path / "v.csv")
    first, lost = rows[0], next(r for r in rows if (r["sample"], r["criterion"]) == ("b2", "clear"))
    assert (first["value"], first["min"], first["max"], first["weight"], first["reward"]) == (
        "1.0",
        "0.0",
        "1.0",
        "3.0",
        "1.0",
    )
    assert (lost["state"], lost["value"], lost["reward"]) == ("failed", "", "")
    assert not [r for r in rows if r["criterion"] == "removed"]


def test_rewards_as_csv(folder, tmp_path):
    assert export_run(folder, tmp_path / "r.csv", "rewards") == 6
    rows = read(tmp_path / "r.csv")
    assert [r["reward"] for r in rows][:2] == ["1.0", "0.125"]
    assert (rows[4]["reward"], rows[4]["why"]) == ("", "verdicts are missing")


def test_parquet_has_null_where_there_is_no_value(folder, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    export_run(folder, tmp_path / "v.parquet")
    table = pq.read_table(tmp_path / "v.parquet")
    assert str(table.schema.field("value").type) == "double"
    assert table.column("value").null_count == 7
    assert table.num_rows == 17


def test_what_cannot_be_written_is_said(folder, tmp_path):
    with pytest.raises(SettingError, match="'verdicts' or 'rewards'"):
        export_run(folder, tmp_path / "x.csv", "scores")
    with pytest.raises(SettingError, match=r"\.csv or \.parquet"):
        export_run(folder, tmp_path / "x.xlsx")
