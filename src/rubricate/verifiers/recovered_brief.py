"""``recovered_brief``: the task as a reader guesses it from the answer alone, against the task that was set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, verifier
from rubricate.verifiers.normalise import normalise

PARTS = ("topic", "audience", "count", "themes")


@verifier("recovered_brief")
def recovered_brief(sample: Sample, topic: str, audience: str, count: int) -> Outcome:
    """How well the brief can be recovered from the response by someone who did not see it.

    The guess ``{"topic", "audience", "count", "themes"}`` of a model that read the response only stands in
    ``sample.metadata["recovered"]``; without it there is no verdict. The value is .4 topic + .25 audience + .15 count +
    .2 themes, each as ``brief_parts`` says. Card 72 (SlideRL, code read).
    """
    if not normalise(topic, punctuation=True) or not normalise(audience, punctuation=True) or count < 1:
        raise SettingError(
            f"topic={topic!r}, audience={audience!r}, count={count}", expected="two texts with words, a count from 1"
        )
    guess = sample.metadata.get("recovered")
    if not isinstance(guess, Mapping):
        return Outcome(None, "no guess of the brief: metadata['recovered'] is not there")
    parts = brief_parts({"topic": topic, "audience": audience, "count": count}, guess)
    text = ", ".join(f"{name} {parts[name]:.2f}" for name in PARTS)
    return Outcome(sum(WEIGHTS[name] * parts[name] for name in PARTS), text)


def brief_parts(brief: Mapping[str, Any], guess: Mapping[str, Any]) -> dict[str, float]:
    """Marks in [0, 1] for topic, audience, count and themes; a field that the guess leaves out gets 0.

    topic: share of its words that are guessed. audience: 1 when equal, .7 when one text holds the other, else .4 times
    the share of its words. count: min / max. themes: share of the topic's words among the themes, times 1.5, at most 1.
    Compared without case and punctuation. Constants of card 72 (code read).

    >>> brief = {"topic": "tidal power in Wales", "audience": "investors", "count": 8}
    >>> brief_parts(brief, {"topic": "Tidal power", "audience": "private investors", "count": 4, "themes": ["power"]})
    {'topic': 0.5, 'audience': 0.7, 'count': 0.5, 'themes': 0.375}
    """
    topic = _words(brief["topic"])
    wanted, given = (normalise(str(x), punctuation=True) for x in (brief["audience"], guess.get("audience", "")))
    if wanted == given:
        audience = 1.0
    elif given and (wanted in given or given in wanted):
        audience = 0.7
    else:
        audience = 0.4 * _share(_words(wanted), _words(given))
    themes = guess.get("themes", ())
    found = _words(" ".join(map(str, themes if isinstance(themes, Sequence) else ())))
    return {
        "topic": _share(topic, _words(guess.get("topic", ""))),
        "audience": audience,
        "count": _closeness(brief["count"], guess.get("count")),
        "themes": min(1.0, 1.5 * _share(topic, found)),
    }


WEIGHTS = {"topic": 0.4, "audience": 0.25, "count": 0.15, "themes": 0.2}


def _words(text: Any) -> frozenset[str]:
    return frozenset(normalise(str(text), punctuation=True).split())


def _share(wanted: frozenset[str], given: frozenset[str]) -> float:
    return len(wanted & given) / len(wanted) if wanted else 0.0


def _closeness(wanted: int, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        return 0.0
    return min(wanted, given) / max(wanted, given)
