"""A tiny model and its tokenizer for the real trainers; one torch thread, because two fight on a busy machine."""

import contextlib
import io
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _one_thread():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny():
    """The module ``tiny.model`` of the examples."""
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from tiny import model

        yield model
    finally:
        sys.path.remove(str(ROOT / "examples"))


@pytest.fixture
def quietly():
    """Runs a training without its output and its warnings."""

    def run(trainer):
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer.train()
        return [row for row in trainer.state.log_history if "reward" in row]

    return run
