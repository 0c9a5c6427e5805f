"""A brief guessed from the answer alone, against the brief that was set."""

import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.recovered_brief import WEIGHTS, brief_parts, recovered_brief

BRIEF = {"topic": "Tidal power in Wales", "audience": "city investors", "count": 8}


def value(guess):
    metadata = {} if guess is None else {"recovered": guess}
    return recovered_brief(Sample("a", (), "", metadata=metadata), **BRIEF)


def test_every_field_by_hand():
    parts = brief_parts(BRIEF, {"topic": "wales, tidal", "audience": "new investors", "count": 10, "themes": ["Power"]})
    assert parts == pytest.approx({"topic": 0.5, "audience": 0.4 * 0.5, "count": 0.8, "themes": 0.375})
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


def test_a_full_guess_scores_1_and_an_empty_one_0():
    full = {"topic": "tidal power in wales", "audience": "City investors!", "count": 8, "themes": ["power", "Wales in"]}
    assert value(full).value == pytest.approx(1.0)
    assert value({}).value == 0.0
    odd = {"topic": None, "audience": "the city investors club", "count": "many", "themes": 3}
    assert value(odd).value == pytest.approx(0.25 * 0.7)
    assert value({"count": True}).value == value({"count": -2}).value == 0.0


def test_without_a_guess_there_is_no_verdict():
    assert value(None).value is None
    assert value("a deck about tides").value is None


@pytest.mark.parametrize("change", [{"topic": "..."}, {"audience": ""}, {"count": 0}])
def test_a_brief_without_content_is_refused(change):
    with pytest.raises(SettingError, match="topic="):
        recovered_brief(Sample("a", (), ""), **(BRIEF | change))
