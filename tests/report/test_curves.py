import io

import numpy as np
from rich.console import Console

from rubricate.lab.learn import Curve
from rubricate.report.curves import print_curves, save_plot, sparkline


def curve(level):
    line = np.linspace(0.0, level, 20)
    return Curve(reward=line, quality=line, signal=line, theta=line)


def test_blocks_rise_with_the_values_and_gaps_do_not_break_them():
    assert sparkline(np.array([0.0, 0.5, 1.0]), width=3) == " ▄█"
    assert len(sparkline(np.array([np.nan, 1.0]), width=2)) == 2


def test_the_table_names_both_series_and_their_ends(tmp_path):
    out = io.StringIO()
    print_curves({"ours": [curve(1.0), curve(0.5)]}, Console(file=out, width=100))
    text = out.getvalue()
    assert "reward" in text
    assert "quality" in text
    assert "0.750 ± 0.250" in text
    save_plot({"ours": [curve(1.0)]}, tmp_path / "c.png", "title")
    assert (tmp_path / "c.png").stat().st_size > 1000
