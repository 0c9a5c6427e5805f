"""``set_f1``: the items that a response names against the right ones."""

from __future__ import annotations

from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, verifier
from rubricate.verifiers.items import listed
from rubricate.verifiers.material import at_least
from rubricate.verifiers.normalise import normalise, shown


@verifier("set_f1")
def set_f1(
    sample: Sample,
    expected: Sequence[str | Sequence[str]],
    form: str = "commas",
    tag: str = "",
    beta: float = 1.0,
    max_items: int | None = None,
) -> Outcome:
    """``(1 + beta^2) hits / (beta^2 gold + named)`` of the items named, in [0, 1]; a list stands for one item's names.

    Items are read by ``form`` (lines, commas, json, brackets, metadata), in ``<tag>`` if given, and compared without
    case and punctuation. Repeats and a second name of one item count as named, so they cost precision; more than
    ``max_items`` is 0 (recall-type rewards invite lists of everything: card 162). Card 145 has beta 2.
    """
    names = [[n] if isinstance(n, str) else list(n) for n in expected] if not isinstance(expected, str) else []
    places = {normalise(n, punctuation=True): k for k, group in enumerate(names) for n in group if isinstance(n, str)}
    if not names or "" in places or set(places.values()) != set(range(len(names))) or not beta > 0:
        raise SettingError(
            f"expected={expected!r}, beta={beta}", expected="a list of items (or of lists of names), and beta > 0"
        )
    at_least(1, max_items=max_items)
    items, fault = listed(sample, form, tag)
    if fault:
        return Outcome(0.0, fault)
    if max_items is not None and len(items) > max_items:
        return Outcome(0.0, f"{len(items)} items named; expected at most {max_items}")
    hits = {places[plain] for plain in (normalise(i, punctuation=True) for i in items) if plain in places}
    value = (1 + beta**2) * len(hits) / (beta**2 * len(names) + len(items))
    missing = [shown(names[k][0], 30) for k in range(len(names)) if k not in hits]
    more = f"; missing {', '.join(missing[:5])}" if missing else ""
    return Outcome(value, f"{len(items)} items named, {len(hits)} of {len(names)} right{more}")
