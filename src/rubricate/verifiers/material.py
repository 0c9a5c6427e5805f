"""What a response is compared with: texts of the settings, else the reference, the prompt or the documents."""

from __future__ import annotations

from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.normalise import as_texts

SOURCES = ("reference", "prompt", "documents")


def material(sample: Sample, texts: str | Sequence[str] | None, source: str = "reference") -> tuple[str, ...]:
    """The texts given, else those of the sample that ``source`` names; () where it has none."""
    if source not in SOURCES:
        raise SettingError(f"source={source!r}", expected=f"one of {', '.join(SOURCES)}")
    if texts is not None:
        return as_texts(texts, "texts")
    found = {"reference": (sample.reference or "",), "prompt": (sample.task,), "documents": sample.documents}[source]
    return tuple(t for t in found if t.strip())


def at_least(low: float, **numbers: float | None) -> None:
    """Refuse what is given and no number from ``low``; NaN is none."""
    for name, value in numbers.items():
        if value is not None and (isinstance(value, (bool, str)) or not value >= low):
            raise SettingError(f"{name}={value!r}", expected=f"a number from {low:g}")
