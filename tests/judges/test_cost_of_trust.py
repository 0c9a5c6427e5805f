"""The benchmark of protocols runs, repeats, and its page is of its making."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("cost_of_trust", ROOT / "benchmarks" / "cost_of_trust.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_all_protocols_run_and_repeat(bench):
    rows = bench.run(1, 0.3, responses=8)
    assert list(rows) == list(bench.PROTOCOLS)
    assert repr(rows) == repr(bench.run(1, 0.3, responses=8))  # NaN is not equal to itself
    assert (rows["one criterion a call"].calls, rows["all in one call"].calls) == (10.0, 1.0)
    assert rows["strong model, one a call"].strong == 10.0
    assert rows["one criterion a call"].strong == 0.0
    assert 3.0 < rows["cascade: 3 cheap agree, else strong"].calls < 13.0


def test_the_noise_is_as_it_says(bench):
    for halo in (0.0, 0.6):
        world = bench.World(400, halo, 0)
        seen = [world.seen(f"call {i}", "cheap", i) for i in range(400)]
        wrong = (bench.np.array(seen) != world.truth).astype(float)
        assert wrong.mean() == pytest.approx(0.2525, abs=0.03)
        pairs = bench.np.cov((2 * world.truth - 1.0) * wrong, rowvar=False)  # errors on the same side are shared
        mean = (pairs.sum() - pairs.trace()) / 90
        assert mean < 0.02 if halo == 0 else mean > 0.02


def test_the_page_holds_every_protocol(bench):
    page = (ROOT / "docs" / "judges" / "cost_of_trust.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in page for name in bench.PROTOCOLS)
    assert "python benchmarks/cost_of_trust.py" in page
