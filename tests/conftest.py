"""Fixtures for all tests: the real data folder, small rubrics and samples."""

from pathlib import Path

import pytest

from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


@pytest.fixture
def real_data() -> Path:
    """The folder of real data beside the project; tests that need it skip where it is absent."""
    if not DATA.is_dir():
        pytest.skip("the real data folder ../shared/data is not here")
    return DATA.resolve()


@pytest.fixture
def tea() -> Rubric:
    """A rubric of three criteria, one of them bad."""
    return Rubric(
        id="tea",
        criteria=[
            {"id": "warm", "text": "Says to warm the pot first.", "weight": 2},
            {"id": "time", "text": "Gives a steeping time in minutes.", "weight": 1},
            {"id": "microwave", "text": "Suggests a microwave.", "weight": -1},
        ],
        policy="healthbench",
    )


@pytest.fixture
def samples() -> list[Sample]:
    """Two responses to one prompt."""
    prompt = (Message("user", "How do I make tea?"),)
    return [
        Sample("good", prompt, "Warm the pot first, then steep for four minutes.", group="tea"),
        Sample("bad", prompt, "Put the cup in the microwave.", group="tea"),
    ]
