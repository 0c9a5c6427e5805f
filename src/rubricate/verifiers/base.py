"""Verifiers: programs that decide a criterion. One decorator registers a function.

A verifier takes the sample and its settings and returns True or False, a share in [0, 1], or an ``Outcome`` with a
reason, evidence, or no value (it cannot tell). The share is placed on the criterion's scale. A verifier that raises
gives a verdict in state ``failed``, with the error as its reason; it never becomes a score. Before a job each verifier
is run once on an empty response, so that a setting out of range or a missing package is found at once.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from rubricate.errors import MissingExtraError, SettingError, UnknownNameError
from rubricate.registry import lookup, register
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program found: ``value`` in [0, 1] or None (it cannot tell), a reason, quotes of the response."""

    value: float | None
    reason: str = ""
    evidence: tuple[str, ...] = ()


Verifier = Callable[..., "bool | float | Outcome"]


class Kept:
    """Keeps what code of others raises, whatever it is: it costs that verdict and no other.

    >>> with Kept() as kept:
    ...     1 / 0
    >>> type(kept.error).__name__
    'ZeroDivisionError'
    """

    error: Exception | None = None

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


_REASONING = ("think", "thinking")
_WAITING: set[str] = set()
_EMPTY = Sample("empty", (), "")


def answer_text(sample: Sample) -> str:
    """The response without the blocks in which a model reasons (``<think>``, ``<thinking>``), trimmed at both ends.

    A closing tag without its opening one ends a block that began before the response; a block that opens the response
    and is never closed leaves no answer.

    >>> answer_text(Sample("a", (), "<think>6 x 7</think> It is 42."))
    'It is 42.'
    """
    text = sample.response
    for tag in _REASONING if "think" in text else ():
        text = _without(text, f"<{tag}>", f"</{tag}>")
    return text.strip()


def _without(text: str, opening: str, closing: str) -> str:
    parts: list[str] = []
    while (end := text.find(closing)) >= 0:
        start = text.find(opening, 0, end)
        after = end + len(closing)
        parts.append(text[: start if start >= 0 else after if parts else 0])
        text = text[after:]
    return "".join(parts) + ("" if text.lstrip().startswith(opening) else text)


def verifier(name: str, *, waits: bool = False) -> Callable[[Verifier], Verifier]:
    """Register ``fn(sample, **settings)`` as the verifier ``name``; ``waits``: for another process, so in a thread.

    >>> @verifier("doctest/polite")
    ... def polite(sample: Sample, word: str = "please") -> bool:
    ...     return word in sample.response.lower()
    """
    put = register("verifier", name)

    def marked(fn: Verifier) -> Verifier:
        if waits:
            _WAITING.add(name)
        return put(fn)

    return marked


def waits(criterion: Criterion) -> bool:
    """Whether the criterion's verifier waits for another process (a sandbox)."""
    return criterion.verifier is not None and criterion.verifier.name in _WAITING


async def adecide(sample: Sample, criterion: Criterion) -> Verdict:
    """``decide``, in a thread where the verifier waits for another process, so that the event loop goes on."""
    return await asyncio.to_thread(decide, sample, criterion) if waits(criterion) else decide(sample, criterion)


def check_settings(criterion: Criterion) -> None:
    """Refuse a verifier that is not registered or settings that it does not take, before anything is judged.

    Names are checked against its parameters, kinds against its annotations, values by a run on an empty response.
    """
    spec = criterion.verifier
    if spec is None:
        return
    fn = lookup("verifier", spec.name)
    parameters = inspect.signature(fn).parameters
    try:
        inspect.signature(fn).bind(None, **spec.settings)
    except TypeError as error:
        raise SettingError(
            f"the verifier {spec.name!r}: {error}",
            where=f"criterion {criterion.id!r}",
            expected=f"settings among {[p for p in parameters if p != 'sample']}",
        ) from None
    for name, value in spec.settings.items():
        _check_type(fn, spec.name, name, value, criterion.id)
    with Kept() as kept:
        fn(_EMPTY, **spec.settings)
    if isinstance(kept.error, (SettingError, MissingExtraError, UnknownNameError)):
        kept.error.where = kept.error.where or f"criterion {criterion.id!r}, verifier {spec.name!r}"
        raise kept.error
    # Any other error: an empty response is what it stumbles over, not its settings.


def _check_type(fn: Verifier, verifier: str, name: str, value: Any, criterion: str) -> None:
    adapter = _types(fn).get(name)
    try:
        if adapter is not None:
            adapter.validate_python(value, strict=True)
    except ValidationError as error:
        raise SettingError(
            f"the verifier {verifier!r}: {name}={value!r}",
            where=f"criterion {criterion!r}",
            expected=" or ".join(dict.fromkeys(e["msg"].removeprefix("Input should be ") for e in error.errors()[:4])),
        ) from None


@functools.lru_cache(maxsize=1024)
def _types(fn: Verifier) -> dict[str, TypeAdapter[Any]]:
    """What the annotations of a verifier ask of its settings; nothing where they cannot be resolved."""
    try:
        hints = get_type_hints(fn)
        return {name: TypeAdapter(hint) for name, hint in hints.items() if name not in ("sample", "return")}
    except (NameError, TypeError, PydanticSchemaGenerationError):
        return {}


def decide(sample: Sample, criterion: Criterion) -> Verdict:
    """The verdict of the criterion's verifier about one sample."""
    spec = criterion.verifier
    if spec is None:
        raise SettingError(f"criterion {criterion.id!r} has no verifier", expected="verifier: NAME in the rubric")
    fn, judge = lookup("verifier", spec.name), f"verifier:{spec.name}"
    with Kept() as kept:
        outcome = _outcome(fn(sample, **spec.settings))
    if kept.error is not None:
        return Verdict(criterion.id, State.FAILED, reason=f"{type(kept.error).__name__}: {kept.error}", judge=judge)
    if outcome.value is None:
        return Verdict(criterion.id, State.ABSTAINED, reason=outcome.reason, judge=judge)
    scale = criterion.scale
    value = scale.min + outcome.value * (scale.max - scale.min)
    return Verdict(
        criterion.id, State.SCORED, value=value, reason=outcome.reason, evidence=outcome.evidence, judge=judge
    )


def _outcome(found: Any) -> Outcome:
    outcome = found if isinstance(found, Outcome) else Outcome(float(found))
    if outcome.value is not None and not 0.0 <= outcome.value <= 1.0:
        raise ValueError(f"a verifier returned {outcome.value!r}; expected True, False or a share in [0, 1]")
    return outcome
