import pytest

from rubricate.errors import SettingError
from rubricate.loops import next_segments

TEXT = "One “is” here.  Two is. Three is.\nFour is."


def test_next_tasks_hold_the_text_before_and_its_continuation():
    tasks = next_segments(TEXT, id="t", ahead=2)
    assert [t.id for t in tasks] == ["t/next/1", "t/next/2", "t/next/3"]
    assert tasks[0].task.endswith("One “is” here.")
    assert [t.reference for t in tasks] == ["Two is. Three is.", "Three is.\nFour is.", "Four is."]
    assert all(TEXT.startswith(t.task.split("\n\n")[1]) for t in tasks)


def test_middle_tasks_hide_one_sentence():
    tasks = next_segments(TEXT, kind="middle", ahead=1)
    assert [t.reference for t in tasks] == ["Two is.", "Three is."]
    assert tasks[0].task.endswith("One “is” here. [...] Three is.")


def test_short_texts_and_settings():
    assert next_segments("Only one.") == ()
    assert len(next_segments(TEXT, context=3)) == 1
    with pytest.raises(SettingError):
        next_segments(TEXT, kind="last")
    with pytest.raises(SettingError):
        next_segments(TEXT, ahead=0)
