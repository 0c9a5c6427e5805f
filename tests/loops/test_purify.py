import pytest

from rubricate.errors import SettingError
from rubricate.loops import Turn, purify_turn


def test_alike_calls_keep_the_reasoning_and_others_take_all():
    failed = Turn("I look it up.", "search('tea')")
    assert purify_turn(failed, Turn("Again.", "search('teas')")) == ("I look it up.", "search('teas')", True)
    assert purify_turn(failed, Turn("I compute.", "1+1")) == ("I compute.", "1+1", True)


def test_without_a_correction_nothing_changes():
    failed = Turn("x", "y")
    assert purify_turn(failed, None) is failed
    with pytest.raises(SettingError, match="threshold"):
        purify_turn(failed, None, threshold=2.0)
