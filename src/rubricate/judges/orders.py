"""In which order a pair is shown, and what two orders say together.

``as_is``: one call, the first is shown first. ``random``: one call, the order drawn by the contents of the pair, so no
side is favoured on average, but each verdict still carries the bias. ``both_net``: both orders, the mean of the two
(JudgeBench: +1, -1, 0 summed). ``both_strict``: both orders, the mean where they agree in sign, else a tie. The
policies are different scales: at accuracy .8 and position bias .3, ``random`` is right on .71 of pairs, ``both_strict``
on .48.
"""

from __future__ import annotations

import hashlib
import math
from typing import Literal

from rubricate.errors import UnknownNameError
from rubricate.seeds import derive
from rubricate.types import Sample, State, Verdict

Order = Literal["as_is", "random", "both_net", "both_strict"]
ORDERS: tuple[str, ...] = ("as_is", "random", "both_net", "both_strict")


def check_order(order: str) -> None:
    """UnknownNameError unless ``order`` is a policy."""
    if order not in ORDERS:
        raise UnknownNameError.among("order policy", order, ORDERS)


def content_key(sample: Sample) -> str:
    """What tells a response from another one: its text, steps and id, hashed; never shown to a judge."""
    text = "\x1f".join([sample.response, *(s.text for s in sample.steps), sample.id])
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def swapped_by_chance(first: Sample, second: Sample, seed: int = 0) -> bool:
    """Whether the second response is shown first: a coin by the contents of the unordered pair.

    Both ways of naming a pair show it in the same order, so the comparison is antisymmetric and costs one cached call.
    """
    a, b = content_key(first), content_key(second)
    coin = derive(seed, "order", first.task, *sorted((a, b))) % 2 == 1
    return coin != (a > b)


def settle(order: str, forward: Verdict, backward: Verdict) -> Verdict:
    """One verdict from both orders, values in favour of the first response; a side without a value is the outcome.

    ``order`` becomes ``policy:agree`` or ``policy:differ`` (signs), ``label`` the two words as they were said (``A/B``
    is a consistent win of the first), ``spread`` half their distance, ``probability`` and ``margin`` their means.
    """
    if forward.value is None:
        return forward._replace(order=order, reason=f"in order: {forward.reason}")
    if backward.value is None:
        return backward._replace(order=order, reason=f"swapped: {backward.reason}")
    agree = _sign(forward.value) == _sign(backward.value)
    value = (forward.value + backward.value) / 2
    return forward._replace(
        value=value if agree or order == "both_net" else 0.0,
        label=f"{forward.label}/{backward.label}",
        reason="; ".join(r for r in (forward.reason, backward.reason) if r),
        evidence=tuple(dict.fromkeys(forward.evidence + backward.evidence)),
        unfound=tuple(dict.fromkeys(forward.unfound + backward.unfound)),
        probability=_mean(forward.probability, backward.probability),
        margin=_mean(forward.margin, backward.margin),
        spread=abs(forward.value - backward.value) / 2,
        order=f"{order}:{'agree' if agree else 'differ'}",
        attempts=forward.attempts + backward.attempts,
    )


def resolve_even(verdict: Verdict, even: str) -> Verdict:
    """A verdict of 0 as it is (``tie``), or without a value in the state abstained (``missing``)."""
    if verdict.value != 0 or even == "tie":
        return verdict
    return verdict._replace(state=State.ABSTAINED, value=None)


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else 0.0


def _mean(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else (a + b) / 2
