from dataclasses import replace

import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers import exact

PARIS = Sample("s", (), "<think>France</think>\n paris ", reference="Paris")


def test_the_reference_or_the_setting_is_expected():
    assert exact(PARIS).value == 1
    assert exact(PARIS, "Lyon").value == 0
    assert exact(PARIS, ["Lyon", "Paris"]).evidence == ("paris",)
    assert exact(PARIS, "Lyon").reason == 'found "paris"; expected "Lyon"'
    assert exact(replace(PARIS, reference=None)).value is None
    assert exact(replace(PARIS, reference="", response="")).value == 1


def test_what_is_ignored():
    said = replace(PARIS, response="The  answer: Paris!")
    assert exact(said, "the answer: paris!").value == 1
    assert exact(said, "the answer: paris!", ignore_case=False).value == 0
    assert exact(said, "the answer: paris!", ignore_whitespace=False).value == 0
    assert exact(said, "the answer paris").value == 0
    assert exact(said, "the answer paris", ignore_punctuation=True).value == 1


def test_no_expected_text_is_refused():
    with pytest.raises(SettingError):
        exact(PARIS, [])
