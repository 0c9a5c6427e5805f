"""Who meets whom: plans of pairwise comparisons for the n responses of one group, apart from how they are rated.

A plan is a generator: it yields the pairs of a round, int[Q, 2], and is sent their scores, float[Q, 2] (one for each
side, higher is better). ``play`` runs a plan with a judge, in both orders of presentation unless told otherwise;
``rating`` turns the matches into numbers. A score pair with NaN is a match that could not be judged: ratings leave it
out, and in an elimination the better seed goes on. Cards 33 and 155 (arXiv 2506.00103, 2601.06487).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Floats, Ints, as_floats, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError

Pairs = NDArray[np.int64]
Plan = Generator[Pairs, ArrayLike, None]


class Matches(NamedTuple):
    """Played matches: sides ``i[Q]`` and ``j[Q]``, ``score_i[Q]``, ``score_j[Q]``, and the ``round[Q]``, from 0."""

    i: Ints
    j: Ints
    score_i: Floats
    score_j: Floats
    round: Ints


def schedule(kind: str, n: int, rng: np.random.Generator | None = None, **settings: int) -> Plan:
    """The plan ``kind`` for n entrants; see the function of that name for its settings and cost.

    ``random_reference`` and ``anchor`` n - 1 matches, ``seeded`` 2n - 2, ``elimination`` n - 1, ``double`` at most
    2n - 1, ``swiss`` about n log2(n) / 2, ``round_robin`` n (n - 1) / 2. All but anchor, seeded and round_robin draw
    from ``rng``. Raises UnknownNameError, and SettingError for n < 1, a missing rng or an odd setting.

    >>> [pairs.tolist() for pairs in schedule("anchor", 3)]
    [[[1, 0], [2, 0]]]
    """
    if kind not in _KINDS:
        raise UnknownNameError.among("schedule", kind, _KINDS)
    if n < 1:
        raise SettingError(f"n={n}", expected="at least one entrant")
    plan, takes = _KINDS[kind]
    unknown = sorted(set(settings) - set(takes))
    if unknown:
        raise SettingError(f"schedule {kind!r} takes no setting {unknown}", expected=f"some of {sorted(takes)}")
    if kind in _RANDOM and rng is None:
        raise SettingError(f"schedule {kind!r} without rng", expected="a numpy.random.Generator")
    if not 0 <= settings.get("anchor", 0) < n:
        raise SettingError(f"anchor={settings['anchor']}", expected=f"an entrant from 0 to {n - 1}")
    return plan(n, rng, **settings)


def play(plan: Plan, judge: Callable[[Pairs], ArrayLike], *, orders: int = 2) -> Matches:
    """Run a plan: ``judge(pairs[Q, 2])`` gives the scores [Q, 2] of each round, which decide the next one.

    The first of a pair is shown first. With 2 ``orders`` each pair is judged once more the other way round and a side
    gets the mean of both, so that a judge's liking for a place cancels (cards 33, 155); with 1 it is judged as the plan
    has it. A match that one of the orders left without a score is not judged.

    >>> quality = np.array([3.0, 1.0, 2.0])
    >>> play(schedule("round_robin", 3), lambda pairs: quality[pairs] + [0.5, 0.0]).score_i.tolist()
    [1.25, 3.25, 3.25]
    """
    if orders not in (1, 2):
        raise SettingError(f"orders={orders}", expected="1 or 2")
    rounds: list[tuple[Pairs, Floats]] = []
    try:
        pairs = next(plan)
        while True:
            scores = _read(judge(pairs), len(pairs))
            if orders == 2:
                scores = (scores + _read(judge(pairs[:, ::-1]), len(pairs))[:, ::-1]) / 2
            rounds.append((pairs, scores))
            pairs = plan.send(scores)
    except StopIteration:
        return as_matches(rounds)


def as_matches(rounds: Sequence[tuple[Pairs, ArrayLike]]) -> Matches:
    """The matches of rounds that were played elsewhere: the pairs of each, int[Q, 2], with their scores, float[Q, 2].

    >>> as_matches([(np.array([[0, 1]]), [[1.0, 0.0]])]).score_i.tolist()
    [1.0]
    """
    both = np.concatenate([p for p, _ in rounds]) if rounds else np.zeros((0, 2), dtype=np.int64)
    scores = np.concatenate([_read(s, len(p)) for p, s in rounds]) if rounds else np.zeros((0, 2))
    number = np.repeat(np.arange(len(rounds)), [len(p) for p, _ in rounds])
    return Matches(both[:, 0], both[:, 1], scores[:, 0], scores[:, 1], number)


def random_reference(n: int, rng: np.random.Generator) -> Plan:
    """Everyone meets one of the group, drawn uniformly, who stands second in each pair (card 33)."""
    yield from anchor(n, rng, anchor=int(rng.integers(n)))


def anchor(n: int, rng: np.random.Generator | None = None, *, anchor: int = 0) -> Plan:
    """Everyone meets one fixed entrant, who stands second in each pair (card 155: the greedy response, index 0)."""
    if n > 1:
        yield _against(n, anchor)


def seeded(n: int, rng: np.random.Generator | None = None, *, anchor: int = 0) -> Plan:
    """Everyone meets the anchor; the mean scores there seed a single elimination with true byes (card 155).

    Equal seeds are in the order of their index; an entrant whose seeding match could not be judged is seeded last.
    """
    if n > 1:
        pairs = _against(n, anchor)
        scores = _read((yield pairs), n - 1)
        seed = np.empty(n)
        seed[pairs[:, 0]] = scores[:, 0]
        known = scores[~np.isnan(scores[:, 1]), 1]
        seed[anchor] = known.mean() if len(known) else np.nan
        yield from _bracket(np.argsort(-np.nan_to_num(seed, nan=-np.inf), kind="stable"))


def elimination(n: int, rng: np.random.Generator) -> Plan:
    """Single elimination from a random draw, without seeding matches."""
    yield from _bracket(rng.permutation(n))


def double(n: int, rng: np.random.Generator) -> Plan:
    """Double elimination: out at the second loss; each round pairs entrants of equal losses at random.

    Who is left over has a bye, unless nobody else can play; the last two meet until one has lost twice. The drawn
    order within a pair decides a tie.
    """
    losses = np.zeros(n, dtype=np.int64)
    while (losses < 2).sum() > 1:
        pairs: list[tuple[int, int]] = []
        for level in (0, 1):
            waiting = rng.permutation(np.flatnonzero(losses == level))
            pairs += zip(waiting[0 : len(waiting) - 1 : 2].tolist(), waiting[1::2].tolist(), strict=True)
        if not pairs:
            pairs = [(int(np.argmin(losses)), int(np.flatnonzero(losses == 1)[0]))]
        now = np.array(pairs, dtype=np.int64)
        scores = _read((yield now), len(now))
        losses[np.where(_second_wins(scores), now[:, 0], now[:, 1])] += 1


def swiss(n: int, rng: np.random.Generator, *, rounds: int = 0) -> Plan:
    """Each round pairs entrants of like records who have not met; 0 rounds stands for ``ceil(log2 n)``.

    Order: wins (a tie, or a match that could not be judged, is half), then mean score, then chance. With n odd the
    last one who had no bye yet rests and is credited with a win. At most ``ceil(n / 2)`` rounds (SettingError), up to
    which a pairing without repeats always exists.
    """
    rounds = rounds or int(np.ceil(np.log2(n)))
    if not 0 <= rounds <= n // 2 + n % 2:
        raise SettingError(f"rounds={rounds} for {n} entrants", expected=f"at most {n // 2 + n % 2}")
    return _swiss(n, rng, rounds if n > 1 else 0)


def _swiss(n: int, rng: np.random.Generator, rounds: int) -> Plan:
    wins, points, played = np.zeros(n), np.zeros(n), np.zeros(n)
    met: set[tuple[int, int]] = set()
    for _ in range(rounds):
        mean = np.divide(points, played, out=np.zeros(n), where=played > 0)
        order = np.lexsort((rng.random(n), -mean, -wins)).tolist()
        drawn = _pair_off(order + [n] * (n % 2), met)
        met |= {(min(p), max(p)) for p in drawn}
        wins[[min(p) for p in drawn if max(p) == n]] += 1
        now = np.array([p for p in drawn if max(p) < n], dtype=np.int64).reshape(-1, 2)
        scores = _read((yield now), len(now))
        known = ~np.isnan(scores).any(1)
        gain = np.where(known, 0.5 + 0.5 * np.sign(scores[:, 0] - scores[:, 1]), 0.5)
        wins[now[:, 0]] += gain
        wins[now[:, 1]] += 1.0 - gain
        points[now[known]] += scores[known]
        played[now[known]] += 1


def round_robin(n: int, rng: np.random.Generator | None = None) -> Plan:
    """Everyone meets everyone once, in rounds in which nobody plays twice (circle method)."""
    size = n + n % 2
    circle = list(range(size))
    for _ in range(size - 1):
        drawn = [(circle[k], circle[size - 1 - k]) for k in range(size // 2)]
        now = np.array([sorted(p) for p in drawn if max(p) < n], dtype=np.int64).reshape(-1, 2)
        if len(now):
            yield now
        circle = [circle[0], circle[-1], *circle[1:-1]]


def _bracket(ranked: Ints) -> Plan:
    """Single elimination of entrants ranked best first; the open places of the bracket are byes of the top seeds."""
    slots: list[int | None] = [int(ranked[k]) if k < len(ranked) else None for k in _slots(len(ranked))]
    seed = {int(entrant): k for k, entrant in enumerate(ranked)}
    while len(slots) > 1:
        met = [(a, b) for a, b in zip(slots[::2], slots[1::2], strict=True) if a is not None and b is not None]
        now = np.array([sorted(p, key=seed.__getitem__) for p in met], dtype=np.int64).reshape(-1, 2)
        scores = _read((yield now), len(now))
        won = iter(np.where(_second_wins(scores), now[:, 1], now[:, 0]).tolist())
        slots = [
            next(won) if a is not None and b is not None else (b if a is None else a)
            for a, b in zip(slots[::2], slots[1::2], strict=True)
        ]


def _slots(n: int) -> list[int]:
    """Seeds in bracket order for the next power of two: seed i meets seed c - 1 - i.

    >>> _slots(6)
    [0, 7, 3, 4, 1, 6, 2, 5]
    """
    order, count = [0], 1
    while count < n:
        count *= 2
        order = [seed for i in order for seed in (i, count - 1 - i)]
    return order


def _pair_off(order: list[int], met: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pair the first with the nearest one that it has not met, such that the rest can be paired too; [] if none."""
    first = order[0]
    for k in range(1, len(order)):
        pair = (first, order[k])
        if (min(pair), max(pair)) in met:
            continue
        left = order[1:k] + order[k + 1 :]
        rest = _pair_off(left, met) if left else []
        if rest or not left:
            return [pair, *rest]
    return []


def _against(n: int, anchor: int) -> Pairs:
    others = np.delete(np.arange(n), anchor)
    return np.stack([others, np.full(n - 1, anchor)], axis=1)


def _read(scores: ArrayLike, count: int) -> Floats:
    """The scores that were sent for a round."""
    if scores is None:
        raise ShapeError("no scores were sent", where="scores", expected=f"plan.send(scores[{count}, 2])")
    values = as_floats(scores, "scores")
    check(scores=(values, f"{count} 2"))
    return values


def _second_wins(scores: Floats) -> NDArray[np.bool_]:
    """A tie, and a match that could not be judged, go to the first: the better seed."""
    return np.asarray(scores[:, 1] > scores[:, 0])


_KINDS: dict[str, tuple[Callable[..., Plan], tuple[str, ...]]] = {
    "random_reference": (random_reference, ()),
    "anchor": (anchor, ("anchor",)),
    "seeded": (seeded, ("anchor",)),
    "elimination": (elimination, ()),
    "double": (double, ()),
    "swiss": (swiss, ("rounds",)),
    "round_robin": (round_robin, ()),
}
_RANDOM = frozenset({"random_reference", "elimination", "double", "swiss"})
