"""The tables of docs/judges/pairwise.md: replayed verdicts equal a plain count over the recordings."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from rubricate.audit import wilson_interval

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "llmbar"
spec = importlib.util.spec_from_file_location("build_pairwise", ROOT / "docs" / "build_pairwise.py")
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the recordings of LLMBar are not beside the project")


@needs_data
@pytest.mark.parametrize(("judge", "protocol"), [("GPT-4", "CoT"), ("Falcon", "Vanilla"), ("ChatGPT", "Vanilla")])
def test_the_figures_equal_a_plain_count(judge, protocol):
    data = page.Recorded(DATA)
    rows = [json.loads(line) for line in (DATA / "judgements.jsonl").read_text().splitlines()]
    pairs = {p["id"]: p for p in map(json.loads, (DATA / "pairs.jsonl").read_text().splitlines())}
    agreed, right, lost, lean = 0, 0, 0, 0
    for row in rows:
        if (row["judge"], row["protocol"]) == (judge, protocol):
            a, b = row["winner_in_order"], row["winner_swapped"]
            if a is None or b is None:
                lost += 1
                continue
            agreed += a == b
            right += a == b == pairs[row["id"]]["label"]
            lean += (a == 1 and b == 2) - (a == 2 and b == 1)
    strict = data.values(judge, protocol, "both_strict")
    net = data.values(judge, protocol, "both_net")
    assert int(np.isnan(strict).sum()) == lost
    assert int((np.abs(strict) == 1).sum()) == agreed
    assert int((strict == 1).sum()) == int((net == 1).sum()) == right
    cells = page.measure(data, judge, protocol)
    low, high = wilson_interval(right, agreed)
    assert cells["right where decided"] == f"{100 * right / agreed:.1f} [{100 * low:.0f}, {100 * high:.0f}]"
    assert cells["lean"].startswith(f"{100 * lean / (len(pairs) - lost):+.0f} ")
    text = (ROOT / "docs" / "judges" / "pairwise.md").read_text()
    assert "| " + " | ".join(cells.values()) + " |" in text, "run python docs/build_pairwise.py"
