import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.length_shape import length_target, overlong


def words(n):
    return Sample("s", (), "word " * n)


@pytest.mark.parametrize(
    ("n", "want"), [(100, 1), (250, 0.5), (400, 0), (999, 0), (50, 0.5), (80, 0.875), (33, 0), (0, 0)]
)
def test_target(n, want):
    assert length_target(words(n), 100).value == pytest.approx(want, abs=0.001)


@pytest.mark.parametrize(("n", "want"), [(0, 1), (80, 1), (85, 0.75), (90, 0.5), (100, 0), (500, 0)])
def test_overlong_is_one_plus_the_punishment(n, want):
    found = overlong(words(n), max=100, buffer=20)
    assert found.value == pytest.approx(want)
    assert found.reason == f"{n} words; expected at most 80, none from 100"


@pytest.mark.parametrize(
    "wrong", [{"max": 9, "buffer": 0}, {"max": 9, "buffer": 10}, {"max": 9, "buffer": 1, "unit": "x"}]
)
def test_wrong_settings(wrong):
    with pytest.raises(SettingError):
        overlong(words(1), **wrong)
    with pytest.raises(SettingError):
        length_target(words(1), 0)
