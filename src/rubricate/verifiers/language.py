"""``language``: the language that the response is written in, by langdetect with a fixed seed."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Sequence
from typing import Any

from rubricate.errors import MissingExtraError, UnknownNameError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import as_texts

SEED = 0  # the same text gets the same answer in every process


@verifier("language")
def language(sample: Sample, languages: str | Sequence[str]) -> Outcome:
    """Whether the likeliest language of the response is this one, or one of several (ISO 639-1; zh-cn, zh-tw).

    By langdetect (extra ``verify``) with seed 0, from the first 10,000 characters; "zh" stands for both forms of
    Chinese. A response without letters of a known script cannot tell. Short texts are often misread.
    """
    wanted = as_texts(languages, "languages")
    known_languages(*(w for w in wanted if w != "zh"))
    found = detect(answer_text(sample))
    if not found:
        return Outcome(None, "no words to tell a language from")
    first = found[0][0]
    good = first in wanted or ("zh" in wanted and first.startswith("zh-"))
    listed = ", ".join(f"{name} {share:.0%}" for name, share in found[:3])
    return Outcome(float(good), f"found {listed}; expected {' or '.join(wanted)}")


@functools.lru_cache(maxsize=64)
def detect(text: str) -> tuple[tuple[str, float], ...]:
    """Languages with their probabilities, the likeliest first, none below .1; () where there is nothing to go by.

    "unknown" where no language reaches .1, as langdetect says it. Raises MissingExtraError without langdetect.
    """
    factory = _factory()
    error = importlib.import_module("langdetect.lang_detect_exception").LangDetectException
    detector = factory.create()
    detector.append(text)
    try:
        found = tuple((x.lang, float(x.prob)) for x in detector.get_probabilities())
    except error:
        return ()
    return found or (("unknown", 0.0),)


def known_languages(*languages: str) -> None:
    """Refuse a language that langdetect has no profile of."""
    known = _factory().get_lang_list()
    for name in languages:
        if name not in known:
            raise UnknownNameError.among("language", name, known)


@functools.cache
def _factory() -> Any:
    """A factory of our own (the package's global one keeps its seed), its profiles read in one order everywhere."""
    try:
        module = importlib.import_module("langdetect.detector_factory")
    except ImportError:
        raise MissingExtraError.of("langdetect", "verify", purpose="telling the language of a text") from None
    factory = module.DetectorFactory()
    folder = module.PROFILES_DIRECTORY
    profiles = []
    for name in sorted(n for n in os.listdir(folder) if not n.startswith(".")):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            profiles.append(file.read())
    factory.load_json_profile(profiles)
    factory.set_seed(SEED)
    return factory
