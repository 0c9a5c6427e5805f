"""The files of the example of refining are what their script writes, so the page can be made again."""

import importlib.util
import shutil
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "examples/data/refine"


def test_the_script_writes_the_files(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("refine_data", DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    shutil.copy(DATA / "rubric.yaml", tmp_path)
    module.main()
    for name in ("responses.jsonl", "pairs.jsonl", "recording.jsonl"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), f"run examples/data/refine/make.py: {name}"
