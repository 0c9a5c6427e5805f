import langdetect
import pytest

from rubricate.errors import SettingError, UnknownNameError
from rubricate.types import Sample
from rubricate.verifiers.language import detect, language

TEXTS = {
    "en": "The pot has to be warmed before the tea goes in.",
    "de": "Die Kanne muss gewärmt werden, bevor der Tee hineinkommt.",
    "fr": "La théière doit être chauffée avant d'y mettre le thé.",
    "zh-cn": "在放茶叶之前必须先温壶。",
    "ru": "Чайник нужно согреть, прежде чем класть чай.",
}


def say(text):
    return Sample("s", (), text)


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_languages(code, text):
    found = language(say(text), code)
    assert found.value == 1
    assert found.reason.startswith(f"found {code} ")
    assert language(say(text), ["fi", "sw"]).value == 0


def test_chinese_has_one_name_for_both_forms():
    assert language(say(TEXTS["zh-cn"]), "zh").value == 1
    assert language(say(TEXTS["en"]), "zh").value == 0


def test_no_words_cannot_tell():
    assert language(say("12 + 3 = 15"), "en").value is None
    assert language(say(""), "en").value is None


def test_it_is_langdetect_with_its_seed_and_leaves_the_seed_of_others_alone(monkeypatch):
    monkeypatch.setattr(langdetect.DetectorFactory, "seed", 0)
    mixed = " ".join(TEXTS.values())
    for text in (*TEXTS.values(), mixed, "ja", "no"):
        detect.cache_clear()
        first = detect(text)
        detect.cache_clear()
        assert detect(text) == first
        assert first[0][0] == langdetect.detect(text)
    monkeypatch.undo()
    assert langdetect.DetectorFactory.seed is None


def test_wrong_settings():
    with pytest.raises(UnknownNameError, match="unknown language 'klingon'"):
        language(say("x"), "klingon")
    with pytest.raises(SettingError):
        language(say("x"), [])
