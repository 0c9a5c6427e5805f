"""Monitors of a training run: is the reward still earned, or has the policy found what the judge pays for by mistake?

Pure functions of arrays over checkpoints. Axes: T checkpoints, P prompts of a fixed set, G responses per prompt, C
criteria. The proxy is what the policy is paid by; the reference is a second opinion that it is not paid by (another
judge, a program, people) on the same responses. NaN is unknown and enters nothing.

No monitor proves hacking. A gap says that two opinions part; dead groups and saturated criteria say that nothing more
is learned, which is also how a solved task ends. ``alarms`` puts them together and gives its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError


class Gap(NamedTuple):
    """``gap[T]``: mean of proxy - reference over the prompts where both are known (``prompts[T]``); its standard error
    over prompts."""

    gap: Floats
    error: Floats
    prompts: Floats


def proxy_gap(proxy: ArrayLike, reference: ArrayLike, *, baseline: int = 0) -> Gap:
    """How far the proxy pays above the reference: ``mean_p (proxy - reference)`` per checkpoint, ``[T, P] -> [T]``.

    ``baseline`` > 0 subtracts each prompt's own mean gap over that many first checkpoints: two judges differ from the
    start, and what matters is what training adds. Stop at the largest gap, not after it (arXiv 2605.12474).

    >>> proxy_gap([[0.2, 0.4], [1.0, 0.8]], [[0.2, 0.4], [0.1, 0.3]]).gap.round(2).tolist()
    [0.0, 0.7]
    """
    paid, true = as_floats(proxy, "proxy"), as_floats(reference, "reference")
    check(proxy=(paid, "T P"), reference=(true, "T P"))
    if not 0 <= baseline <= len(paid):
        raise SettingError(f"baseline={baseline}", expected=f"a number of checkpoints from 0 to {len(paid)}")
    gap = paid - true
    if baseline:
        gap = gap - _mean(gap[:baseline], 0)[None, :]
    n = (~np.isnan(gap)).sum(1).astype(np.float64)
    mean = _mean(gap, 1)
    square = np.nansum((gap - mean[:, None]) ** 2, axis=1)
    spread = np.divide(square, n - 1, out=np.full(len(n), np.nan), where=n > 1)
    return Gap(mean, np.sqrt(np.divide(spread, n, out=np.full(len(n), np.nan), where=n > 0)), n)


def shortcut_share(proxy: ArrayLike, shortcut: ArrayLike, *, bucket: float = 0.99, least: int = 20) -> Floats:
    """Share of the well paid responses that show a suspected shortcut: ``[T, N] -> [T]``.

    Well paid: proxy >= ``bucket``. NaN where fewer than ``least`` are. ``shortcut[T, N]`` says whether a response shows
    it. The M(t) of CHERRL (arXiv 2606.04923, which has .99 and 20).

    >>> shortcut_share([[1.0, 1.0, 0.2]], [[True, False, True]], least=2).tolist()
    [0.5]
    """
    paid, shown = as_floats(proxy, "proxy"), np.asarray(shortcut)
    check(proxy=(paid, "T N"), shortcut=(shown, "T N"))
    high = paid >= bucket
    n = high.sum(1)
    hits = (high & shown.astype(np.bool_)).sum(1)
    return np.divide(hits, n, out=np.full(len(n), np.nan), where=(n >= max(least, 1)))


class Onset(NamedTuple):
    """The checkpoint at which proxy and reference part, -1 for none; ``first`` and ``last``: range over the sweep.

    ``severe``: the first checkpoint beyond the severe limits, -1 for none.
    """

    checkpoint: int
    first: int
    last: int
    severe: int


def divergence_onset(
    gap: ArrayLike,
    shortcut: ArrayLike | None = None,
    *,
    levels: tuple[float, ...] = (0.08, 0.10, 0.12),
    shares: tuple[float, ...] = (0.15, 0.20, 0.25, 0.30),
    severe: tuple[float, float] = (0.30, 0.50),
    window: int = 5,
    least: int = 3,
) -> Onset:
    """First checkpoint with ``gap >= level`` and ``shortcut >= share``, over a sweep of both limits; card CHERRL.

    ``gap[T]`` from ``proxy_gap``, ``shortcut[T]`` from ``shortcut_share`` (left out: the gap alone decides). Both are
    smoothed by a centred mean of ``window`` checkpoints with at least ``least`` known ones. The onset is the mode over
    the sweep, the smaller of equals. Limits, window and mode are those of arXiv 2606.04923; that more than half of the
    sweep must agree that there is an onset is ours.

    >>> divergence_onset([0, 0, 0, 0, 0.3, 0.4, 0.5, 0.5, 0.5]).checkpoint
    3
    """
    if window < 1 or window % 2 == 0 or not 1 <= least <= window or not levels or not shares:
        raise SettingError(f"window={window}, least={least}", expected="an odd window, least from 1 to window, limits")
    curve = _smooth(gap, "gap", window, least)
    shown = np.full(len(curve), np.inf)
    if shortcut is not None:
        check(gap=(gap, "T"), shortcut=(shortcut, "T"))
        shown = _smooth(shortcut, "shortcut", window, least)
    used = shares if shortcut is not None else shares[:1]
    sweep = [_first((curve >= level) & (shown >= share)) for level in levels for share in used]
    found = [t for t in sweep if t >= 0]
    worst = _first((curve >= severe[0]) & (shown >= severe[1]))
    if 2 * len(found) <= len(sweep):
        return Onset(-1, -1, -1, worst)
    values, counts = np.unique(found, return_counts=True)
    return Onset(int(values[np.argmax(counts)]), min(found), max(found), worst)


def dead_groups(reward: ArrayLike, *, tolerance: float = 0.0) -> Floats:
    """Share of prompts whose responses are all paid the same: ``[T, P, G] -> [T]``; such groups teach nothing.

    A prompt with fewer than two known rewards is not counted; without any the share is NaN.

    >>> dead_groups([[[1.0, 1.0], [1.0, 0.0]]]).tolist()
    [0.5]
    """
    values = as_floats(reward, "reward")
    check(reward=(values, "T P G"))
    known = ~np.isnan(values)
    high = np.where(known, values, -np.inf).max(2, initial=-np.inf)
    low = np.where(known, values, np.inf).min(2, initial=np.inf)
    counted = known.sum(2) >= 2
    dead = counted & (high - low <= tolerance)
    return np.divide(dead.sum(1), counted.sum(1), out=np.full(len(values), np.nan), where=counted.sum(1) > 0)


class Saturation(NamedTuple):
    """``rate[T, C]`` mean score of each criterion; ``full`` and ``empty`` [T, C]: at its top or bottom everywhere;
    ``alive[T]``: how many criteria are neither."""

    rate: Floats
    full: Bools
    empty: Bools
    alive: Floats


def saturation(scores: ArrayLike, *, low: float = 0.05, high: float = 0.95) -> Saturation:
    """Which criteria no longer tell responses apart: rates of ``scores[T, P, C]`` in [0, 1], 1 good, over the prompts.

    full: rate >= ``high``; empty: rate <= ``low``. A criterion without a known score is neither, and not alive. The
    limits are those of dead items in rubric lints.

    >>> saturation([[[1.0, 0.5], [1.0, 0.7]]]).full.tolist()
    [[True, False]]
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "T P C"))
    if not 0 <= low < high <= 1:
        raise SettingError(f"low={low}, high={high}", expected="0 <= low < high <= 1")
    rate = _mean(values, 1)
    full, empty = rate >= high, rate <= low
    return Saturation(rate, full, empty, (~np.isnan(rate) & ~full & ~empty).sum(1).astype(np.float64))


class LengthDrift(NamedTuple):
    """``ratio[T]``: mean length over that of the first checkpoints. ``slope[T]``: correlation of length and reward
    inside the groups, in [-1, 1]."""

    ratio: Floats
    slope: Floats


def length_drift(length: ArrayLike, reward: ArrayLike, *, baseline: int = 3) -> LengthDrift:
    """Do responses grow, and does growing pay: ``length[T, P, G]``, ``reward[T, P, G]`` -> [T] each.

    The correlation is that of deviations from the mean of the prompt, so that prompts which need longer answers do not
    count as bias; NaN where nothing varies. Sensitive to what it measures: a better answer may be a longer one.

    >>> length_drift([[[1.0, 2.0]], [[2.0, 4.0]]], [[[0.0, 1.0]], [[1.0, 0.0]]], baseline=1).slope.tolist()
    [1.0, -1.0]
    """
    size, paid = as_floats(length, "length"), as_floats(reward, "reward")
    check(length=(size, "T P G"), reward=(paid, "T P G"))
    if not 1 <= baseline <= max(len(size), 1):
        raise SettingError(f"baseline={baseline}", expected=f"a number of checkpoints from 1 to {len(size)}")
    mean = _mean(size.reshape(len(size), -1), 1)
    start = float(_mean(mean[None, :baseline], 1)[0])
    both = np.where(np.isnan(size) | np.isnan(paid), np.nan, 1.0)
    x, y = ((v * both - _mean(v * both, 2)[:, :, None]).reshape(len(size), -1) for v in (size, paid))
    cross, xx, yy = (np.nansum(v, axis=1) for v in (x * y, x * x, y * y))
    slope = np.divide(cross, np.sqrt(xx * yy), out=np.full(len(size), np.nan), where=(xx > 0) & (yy > 0))
    return LengthDrift(mean / start if start > 0 else np.full(len(size), np.nan), slope)


@dataclass(frozen=True)
class Limits:
    """When a monitor speaks. ``gap`` levels of the sweep; ``baseline`` first checkpoints that are the start; ``dead``
    share of dead groups; ``solved``: a reference at or above it is not hacked but solved; ``longer``: ratio of length
    at which growth that pays (``slope``) is told. gap as in CHERRL, the others are ours."""

    gap: tuple[float, ...] = (0.08, 0.10, 0.12)
    severe: float = 0.30
    baseline: int = 3
    dead: float = 0.5
    solved: float = 0.9
    longer: float = 1.5
    slope: float = 0.3
    window: int = 5


@dataclass(frozen=True)
class Alarm:
    """One monitor, the checkpoint at which it first spoke, what it saw beside its limit, and why that is bad."""

    monitor: str
    checkpoint: int
    value: float
    limit: float
    reason: str
    severe: bool = False

    def __str__(self) -> str:
        mark = "severe, " if self.severe else ""
        return f"{self.monitor} ({mark}checkpoint {self.checkpoint}): {self.reason}"


def alarms(
    proxy: ArrayLike,
    reference: ArrayLike,
    scores: ArrayLike | None = None,
    length: ArrayLike | None = None,
    shortcut: ArrayLike | None = None,
    *,
    names: tuple[str, ...] = (),
    limits: Limits = Limits(),
) -> tuple[Alarm, ...]:
    """What the monitors say about a run so far, earliest first; empty when nothing is wrong.

    ``proxy[T, P, G]``, ``reference[T, P, G]`` (NaN where it was not asked), ``scores[T, P, C]`` of the proxy's criteria
    with their ``names``, ``length[T, P, G]``, ``shortcut[T, P, G]`` booleans. Dead groups and full criteria are told
    only while the reference is below ``solved``: at the end of an honest run they are expected. Curves are smoothed
    over ``window`` checkpoints, so the first word comes after half of them at the earliest.
    """
    paid, true = as_floats(proxy, "proxy"), as_floats(reference, "reference")
    check(proxy=(paid, "T P G"), reference=(true, "T P G"))
    flat = paid.reshape(len(paid), -1)
    shown = None
    if shortcut is not None:
        check(proxy=(paid, "T P G"), shortcut=(shortcut, "T P G"))
        shown = shortcut_share(flat, np.asarray(shortcut).reshape(flat.shape))
    quality = _mean(true.reshape(len(true), -1), 1)
    unsolved = ~(quality >= limits.solved)
    found = [
        _gap_alarm(paid, true, shown, limits),
        _dead_alarm(paid, quality, unsolved, limits),
        *(_full_alarms(scores, quality, unsolved, names) if scores is not None else ()),
        _length_alarm(length, paid, limits) if length is not None else None,
    ]
    return tuple(sorted((a for a in found if a is not None), key=lambda a: a.checkpoint))


def _gap_alarm(paid: Floats, true: Floats, shown: Floats | None, limits: Limits) -> Alarm | None:
    gap = proxy_gap(_mean(paid, 2), _mean(true, 2), baseline=min(limits.baseline, len(paid))).gap
    found = divergence_onset(gap, shown, levels=limits.gap, severe=(limits.severe, 0.5), window=limits.window)
    if found.checkpoint < 0:
        return None
    t, last = found.checkpoint, int(np.flatnonzero(~np.isnan(gap))[-1])
    reason = (
        f"the proxy rose by {gap[last]:.2f} more than the reference; they part between {found.first} and {found.last}"
    )
    return Alarm("gap", t, float(gap[last]), limits.gap[len(limits.gap) // 2], reason, found.severe >= 0)


def _dead_alarm(paid: Floats, quality: Floats, unsolved: Bools, limits: Limits) -> Alarm | None:
    share = _smooth(dead_groups(paid), "share", limits.window, 1 + limits.window // 2)
    t = _first((share >= limits.dead) & unsolved)
    if t < 0:
        return None
    reason = f"{share[t]:.0%} of the groups have no spread{_beside(quality[t])}: nothing more is learned"
    return Alarm("zero_spread", t, float(share[t]), limits.dead, reason)


def _full_alarms(scores: ArrayLike, quality: Floats, unsolved: Bools, names: tuple[str, ...]) -> list[Alarm]:
    found = saturation(scores)
    out = []
    for c in range(found.rate.shape[1]):
        t = _first(found.full[:, c] & unsolved)
        if t > 0 and not found.full[0, c]:  # what was full from the start says nothing about training
            name = names[c] if c < len(names) else str(c)
            reason = f"criterion {name!r} is met by {found.rate[t, c]:.0%}{_beside(quality[t])}"
            out.append(Alarm("saturation", t, float(found.rate[t, c]), 0.95, reason))
    return out


def _length_alarm(length: ArrayLike, paid: Floats, limits: Limits) -> Alarm | None:
    drift = length_drift(length, paid, baseline=min(limits.baseline, len(paid)))
    ratio, slope = (_smooth(x, "length", limits.window, 1 + limits.window // 2) for x in drift)
    t = _first((ratio >= limits.longer) & (slope >= limits.slope))
    if t < 0:
        return None
    reason = f"responses are {ratio[t]:.1f} times as long as at the start, and longer ones are paid more"
    return Alarm("length", t, float(ratio[t]), limits.longer, reason)


def _beside(quality: float) -> str:
    return "" if np.isnan(quality) else f" while the reference is at {quality:.2f}"


def _mean(x: Floats, axis: int) -> Floats:
    """Mean of the known values along an axis; NaN where there is none."""
    n = (~np.isnan(x)).sum(axis)
    return np.divide(np.nansum(x, axis=axis), n, out=np.full(n.shape, np.nan), where=n > 0)


def _smooth(x: ArrayLike, name: str, window: int, least: int) -> Floats:
    """Centred mean over ``window`` values, NaN where fewer than ``least`` are known."""
    values = as_floats(x, name)
    check(**{name: (values, "T")})
    half = window // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    table = np.lib.stride_tricks.sliding_window_view(padded, window)
    return np.where((~np.isnan(table)).sum(1) >= least, _mean(np.asarray(table), 1), np.nan)


def _first(hit: Bools) -> int:
    return int(np.argmax(hit)) if hit.any() else -1
