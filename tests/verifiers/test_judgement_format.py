import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers import judgement_format

THINK = f"<think>{'why ' * 20}</think>"


def share(text, names=("a", "b")):
    return judgement_format(Sample("s", (), text), names).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (THINK + '{"scores": {"a": 4, "b": 2}, "ranking": ["a", "b"]}', 1.0),
        ('<think>short</think>{"scores": {"a": 4, "b": 2}, "ranking": ["a", "b"]}', 0.95),
        ('{"scores": {"a": 4, "b": 2}, "ranking": ["a", "b"]}', 0.8),
        ("{'scores': {'a': 4, 'b': 2}, 'ranking': ['a', 'b'],}", 0.75),
        (THINK + '{"scores": {"a": 2, "b": 4}, "ranking": ["a", "b"]}', 0.8),  # the ranking contradicts the scores
        (THINK + '{"scores": {"a": 4, "b": 4}, "ranking": ["b", "a"]}', 1.0),
        (THINK + '{"scores": {"a": 4}, "ranking": ["a", "b"]}', 0.7),  # half covered, so not consistent
        (THINK + '{"scores": {"a": 4, "b": 2, "c": 1}, "ranking": ["a", "b", "c"]}', 0.8),  # one too many
        (THINK + '{"scores": {"a": 4, "a": 4, "b": 2}, "ranking": ["a", "b"]}', 0.7),
        (THINK + '{"scores": {"a": 4, "b": "good"}, "ranking": ["a", "b"]}', 0.8),
        (THINK + '{"scores": [4, 2], "ranking": ["a", "b"]}', 0.5),
        (THINK + '{"ranking": ["a", "b"]}', 0.5),
        (THINK, 0.2),
        (THINK * 2 + "nothing", 0.0),
        ("", 0.0),
    ],
)
def test_the_parts_by_hand(text, value):
    assert share(text) == pytest.approx(value)


def test_names_are_needed():
    for names in ((), ("a", "a")):
        with pytest.raises(SettingError, match="different names"):
            share("", names)
