"""The pages of the trainers run: all python blocks, also those marked ``trainers``, which need torch, TRL or verl."""

import contextlib
import io
import re
import warnings
from pathlib import Path

import pytest

for package in ("torch", "trl", "datasets"):
    pytest.importorskip(package, reason=f"{package} is not installed (make test-trainers)")

pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["trl", "verl"])
def test_the_page_runs(name, tmp_path, monkeypatch, tiny):
    page = ROOT / "docs" / "integrations" / f"{name}.md"
    monkeypatch.chdir(tmp_path)
    names, printed, ran = {"__name__": "__docs__"}, None, 0
    for kind, flags, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python" and ("no-run" not in flags or "trainers" in flags):
            out = io.StringIO()
            with contextlib.redirect_stdout(out), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(block, str(page), "exec"), names)
            printed, ran = out.getvalue(), ran + ("trainers" in flags)
        elif kind == "text" and printed is not None:
            # a trainer prints its progress; what the block prints comes last
            assert printed.rstrip().endswith(block.strip()), f"{page.name} says:\n{block}\nit printed:\n{printed}"
            printed = None
    assert ran
