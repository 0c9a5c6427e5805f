"""Marker tokens: the probabilities of a fixed set of answers at one place of a reply, as a value with its spread.

``value = sum_k v_k p_k``, ``spread^2 = sum_k p_k (v_k - value)^2``, with ``p_k`` the mass of marker k over the mass of
all markers (the covered mass). One function for ordinal scores (cards 32, 36, 203), yes/no margins (174, 187), soft
equivalence (71) and reflection tokens (195).

Forms of one marker are summed: spaces around it (also ``▁``, ``Ġ`` and ``Ċ`` of tokenizers that leak them) do not
count, nor does case unless ``fold=False``. A marker must be one token: "1" is never taken for "10". Markers outside the
top of the distribution have mass 0, which is why the covered mass is part of every result. Nothing is a default: no
log-probabilities, or no mass on any marker, is a ``Problem``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply, Token

_SPACES = (
    " \t\r\n\u2581\u0120\u010a"  # the last three: space and newline as sentencepiece and byte-level BPE write them
)
_CONTINUED = re.compile(r"\w|[.,/]\d")
_ROUNDING = 0.01  # sums of rounded probabilities may exceed 1 by this much

NO_LOGPROBS = Problem(
    "no log-probabilities came back for the verdict: use a server that returns top_logprobs, "
    "or read labels (without_logprobs='label')"
)


class Expected(NamedTuple):
    """Per row: expected ``value``, its standard deviation ``spread``, and the ``covered`` mass of all markers."""

    value: Floats
    spread: Floats
    covered: Floats


class Marked(NamedTuple):
    """One place read: expected ``value``, ``spread``, ``covered`` mass, and ``p[k]`` by marker, summing to 1."""

    value: float
    spread: float
    covered: float
    p: Mapping[str, float]


def expected_score(mass: ArrayLike, values: ArrayLike) -> Expected:
    """``value = sum_k v_k m_k / sum_k m_k`` of ``mass[N, K]`` for ``values[K]``, spread, covered mass: [N] each.

    Masses need no normalising. Rows without mass, or with a missing mass, give NaN. Cards 32, 195, 203.

    >>> found = expected_score([[0.1, 0.3, 0.4]], [0.0, 0.5, 1.0])
    >>> found.value.round(4).tolist(), found.spread.round(4).tolist(), found.covered.round(2).tolist()
    ([0.6875], [0.348], [0.8])
    """
    m, v = as_floats(mass, "mass"), as_floats(values, "values")
    check(mass=(m, "N K"), values=(v, "K"))
    if (m < 0).any():
        raise SettingError("a mass is negative", where="mass", expected="probabilities, not log-probabilities")
    covered = m.sum(1)
    p = np.divide(m, covered[:, None], out=np.full_like(m, np.nan), where=covered[:, None] > 0)
    value = p @ v
    spread = np.sqrt((p * (v[None, :] - value[:, None]) ** 2).sum(1))
    return Expected(value, spread, covered)


def expected_value(mass: ArrayLike, values: ArrayLike) -> Floats:
    """The value of ``expected_score`` alone, for rewards: [N].

    >>> expected_value([[0.3, 0.1]], [1.0, 0.0]).round(2).tolist()
    [0.75]
    """
    return expected_score(mass, values).value


def marker_mass(token: Token, markers: Sequence[str], *, fold: bool = True) -> Floats | Problem:
    """Probability of each marker at the place of ``token``: [K]; a marker that is not in its top has 0.

    The generated token counts even when the server leaves it out of the top. SettingError when two markers are the same
    form; Problem without log-probabilities, and for such as are no numbers or sum to more than 1.

    >>> token = Token(" 4", -0.7, ((" 4", math.log(0.5)), ("4", math.log(0.1)), (" 5", math.log(0.3)), ("45", -9.0)))
    >>> marker_mass(token, ["3", "4", "5"]).round(2).tolist()
    [0.0, 0.6, 0.3]
    """
    place = _places(markers, fold)
    if not token.top:
        return NO_LOGPROBS
    forms = {token.text: token.logprob} | dict(sorted(token.top, key=lambda entry: entry[1]))
    mass = np.zeros(len(markers))
    for text, logprob in forms.items():
        k = place.get(surface(text, fold))
        if k is None:
            continue
        if math.isnan(logprob) or logprob > _ROUNDING:
            return Problem(f"the log-probability of {text!r} is {logprob}")
        mass[k] += math.exp(logprob)
    if mass.sum() > 1 + _ROUNDING:
        return Problem(f"the probabilities of the markers sum to {mass.sum():.3f}")
    return mass


def read_markers(token: Token, values: Mapping[str, float], *, fold: bool = True) -> Marked | Problem:
    """The expected value over markers at the place of ``token``, for ``values[marker]``.

    >>> token = Token("Yes", math.log(0.6), (("Yes", math.log(0.6)), (" yes", math.log(0.12)), ("No", math.log(0.18))))
    >>> found = read_markers(token, {"yes": 1.0, "no": 0.0})
    >>> round(found.value, 2), round(found.spread, 2), round(found.covered, 2), round(found.p["no"], 2)
    (0.8, 0.4, 0.9, 0.2)
    """
    mass = marker_mass(token, list(values), fold=fold)
    if isinstance(mass, Problem):
        return mass
    if mass.sum() == 0:
        return Problem(f"no probability on any of {', '.join(values)} where the verdict stands")
    found = expected_score(mass[None, :], list(values.values()))
    covered = float(found.covered[0])
    shares = {marker: float(m) / covered for marker, m in zip(values, mass, strict=True)}
    return Marked(float(found.value[0]), float(found.spread[0]), min(1.0, covered), shares)


def marker_margin(token: Token, a: str, b: str, *, fold: bool = True) -> float | None:
    """``log p(a) - log p(b)`` at the place of ``token``; None when either has no mass there (undefined, not 0).

    Cards 174, 187.

    >>> token = Token("yes", -0.1, (("yes", math.log(0.9)), (" No", math.log(0.1))))
    >>> round(marker_margin(token, "yes", "no"), 3), marker_margin(token, "yes", "maybe")
    (2.197, None)
    """
    mass = marker_mass(token, [a, b], fold=fold)
    if isinstance(mass, Problem) or not (mass > 0).all():
        return None
    return float(np.log(mass[0]) - np.log(mass[1]))


def find_marker(tokens: Sequence[Token], markers: Sequence[str], *, after: str = "", fold: bool = True) -> int | None:
    """Index of the verdict's token: the first marker that follows the last ``after``, else the last marker at all.

    None when there is none. A marker that goes on ("7" of "7.5", "70", "7/10", "-7") is none. ``after`` is searched
    without regard to case, so a "Score: 9" quoted earlier in the reply does not count.

    >>> tokens = [Token(t, -0.1) for t in ("It", " says", " Score", ":", " 9", ".", " Score", ":", " 4", ".")]
    >>> find_marker(tokens, list("123456789"), after="score:")
    8
    """
    place = _places(markers, fold)
    text = "".join(t.text for t in tokens)
    start = 0
    if after:
        ends = [match.end() for match in re.finditer(re.escape(after), text, re.IGNORECASE)]
        if not ends:
            return None
        start = ends[-1]
    found, end = None, 0
    for k, token in enumerate(tokens):
        begin, end = end, end + len(token.text)
        if end > start and surface(token.text, fold) in place and _alone(text, begin, end):
            found = k
            if after:
                break
    return found


def read_reply(reply: Reply, values: Mapping[str, float], *, after: str = "", fold: bool = True) -> Marked | Problem:
    """The expected value where the verdict of ``reply`` stands; ``after`` as in ``find_marker``."""
    if not reply.tokens or not reply.tokens[0]:
        return NO_LOGPROBS
    tokens = reply.tokens[0]
    where = find_marker(tokens, list(values), after=after, fold=fold)
    if where is None:
        return Problem(f"no token of the reply is one of {', '.join(values)}")
    return read_markers(tokens[where], values, fold=fold)


def surface(text: str, fold: bool = True) -> str:
    """The form in which tokens are compared: without spaces around it, and without case when ``fold``."""
    stripped = text.strip(_SPACES)
    return stripped.casefold() if fold else stripped


def _places(markers: Sequence[str], fold: bool) -> dict[str, int]:
    place = {surface(marker, fold): k for k, marker in enumerate(markers)}
    if len(place) < len(markers) or "" in place or not place:
        raise SettingError(f"markers {list(markers)}", expected="one or more markers with forms that differ")
    return place


def _alone(text: str, begin: int, end: int) -> bool:
    """Whether the token at [begin, end) is not part of a longer word or number."""
    inner = text[begin:end]
    first = begin + len(inner) - len(inner.lstrip(_SPACES))
    last = end - (len(inner) - len(inner.rstrip(_SPACES)))
    before = text[first - 1 : first]
    return not (before and re.match(r"[\w.-]", before)) and _CONTINUED.match(text, last) is None
