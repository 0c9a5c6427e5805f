import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.quotes import quotes_found

SOURCE = "The pot — so they say — “must be warmed” before any tea goes in. Wait three minutes then."


def say(text, **more):
    return Sample("s", (), text, documents=(SOURCE,), **more)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('He says "the pot - so they say" and more.', 1),
        ("He says “before  any TEA goes in”.", 1),
        ("> before any tea goes in.\n\nSo he says.", 1),
        ("«before any tea goes in»", 1),
        ('"The pot ... goes in"', 1),  # left out, in order
        ('"goes in ... the pot"', 0),
        ('"The pot [...] before any coffee"', 0),
        ('"the kettle must be warmed"', 0),
        ('"Wait three minutes then" and "wait for four minutes"', 0.5),
        ("No quote at all.", 0),
        ('A "scare quote" only.', 0),  # too short to count
        ('<think>"the kettle must be warmed"</think> "Wait three minutes then"', 1),
    ],
)
def test_by_hand(text, want):
    found = quotes_found(say(text))
    assert found.value == want
    assert all(quote in text for quote in found.evidence)


def test_reasons_and_bounds():
    found = quotes_found(say('"Wait three minutes then" and "wait for four minutes"'))
    assert found.reason == '1 of 2 quotes found; not found: "wait for four minutes"'
    assert found.evidence == ("Wait three minutes then",)
    assert quotes_found(say("None."), min_quotes=0).value == 1
    assert quotes_found(say('"Wait three minutes then"'), min_quotes=2).value == 0
    assert quotes_found(Sample("s", (), '"Wait three minutes then"')).value is None
    assert quotes_found(say('"one two three four"'), "one, two. three four").value == 0  # marks inside count
    with pytest.raises(SettingError):
        quotes_found(say("x"), min_words=0)
