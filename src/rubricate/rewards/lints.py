"""Checks of a reward before it is trained on: cheap, pure, and they catch what papers report as failures.

Each returns a ``Lint``: the rule, whether it holds, the number behind it and one sentence. Rules about a whole recipe
take any callable on an environment, such as a ``Step``, and evaluate it on extreme rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_group, as_weights, check
from rubricate.errors import SettingError, ShapeError
from rubricate.reduce import group_stat, group_table, segment_reduce

Reward = Callable[[Mapping[str, Any]], Any]

MAX_CORNERS = 12


@dataclass(frozen=True)
class Lint:
    """What a rule found: ``ok`` when it holds, ``value`` the measured number, ``message`` what it means."""

    rule: str
    ok: bool
    value: float
    message: str


def implied_threshold(table: ArrayLike, *, base_rate: float = 0.5) -> Lint:
    """The chance of "good" above which acting pays, from ``table[2, 2]``: rows act, do not act; columns good, bad.

    ``t = (r01 - r11) / (r01 - r11 + r10 - r00)`` up to sign; 0 when acting always pays, 1 when never, NaN when it pays
    for bad cases only. Holds when ``base_rate`` exceeds t: a policy that knows nothing yet still acts. Cards 26
    (+1 and -p: p / (1 + p)) and 100 (0.60).

    >>> round(implied_threshold([[1.0, -4.0], [0.0, 0.0]]).value, 6)
    0.8
    """
    pay = as_floats(table, "table")
    check(table=(pay, "2 2"))
    good, bad = pay[0] - pay[1]
    if good > 0 > bad:
        value = float(-bad / (good - bad))
    elif good < 0 < bad:
        value = float("nan")
    else:
        value = 0.0 if max(good, bad) > 0 else 1.0
    ok = bool(base_rate > value)
    text = f"acting pays above P(good) = {value:.2f}; the base rate is {base_rate:.2f}"
    return Lint("implied_threshold", ok, value, text if ok else text + ": never acting is the safe policy")


def primary_dominates(
    reward: Reward,
    *,
    env: Mapping[str, Any] | None = None,
    outcome: str = "outcome",
    process: Sequence[str] = ("process",),
    low: float = 0.0,
    high: float = 1.0,
) -> Lint:
    """Smallest reward of a right row minus the largest of a wrong one, over the corners of the process scores.

    The callable is evaluated once, on all corners: ``outcome`` in {0, 1} times every combination of ``low`` and
    ``high`` of the arrays named in ``process`` (an entry of ``env`` with shape [1, C] counts as C scores; at most 12
    in all). Other arrays of ``env`` have one row, which is repeated; numbers stay; all rows are one group unless
    ``env`` says otherwise. Corners are the extremes of any reward that is monotone in each score. Card 151 gives -1,
    card 7 1 - w, card 176 0.7.

    >>> primary_dominates(lambda e: 0.3 * e["outcome"] + 0.7 * e["process"]).ok
    False
    """
    given = dict(env or {})
    widths = [1 if np.ndim(given.get(name, 0.0)) < 2 else np.shape(given[name])[-1] for name in process]
    if sum(widths) > MAX_CORNERS:
        raise SettingError(
            f"{sum(widths)} process scores", expected=f"at most {MAX_CORNERS}", hint="Aggregate the criteria first"
        )
    corners = np.array(list(itertools.product((low, high), repeat=sum(widths))), dtype=np.float64)
    rows = _repeated({k: v for k, v in given.items() if k not in (outcome, *process)}, 2 * len(corners))
    corners = np.concatenate([corners, corners])
    right = np.arange(len(corners)) >= len(corners) // 2
    rows[outcome] = right.astype(np.float64)
    for name, width, end in zip(process, widths, np.cumsum(widths), strict=True):
        block = corners[:, end - width : end]
        rows[name] = block if np.ndim(given.get(name, 0.0)) == 2 else block[:, 0]
    paid = _rewards(reward, rows, len(corners))
    best, worst = float(paid[~right].max()), float(paid[right].min())
    value = worst - best
    text = f"the worst right row earns {worst:.3g}, the best wrong row {best:.3g}"
    return Lint("primary_dominates", bool(value > 0), value, text)


def finite_budget(
    reward: Reward,
    *,
    env: Mapping[str, Any] | None = None,
    steps: str = "step_scores",
    off: str = "step_off",
    low: float = 0.0,
    high: float = 1.0,
) -> Lint:
    """What one more step can earn in a long row: the growth of the largest total reward with the number of steps.

    The callable is evaluated once, on rows of 64 and 128 steps whose scores (``steps[M]`` with ``off``) stay at a
    level, alternate, rise or fall; it returns step rewards [M] or totals [N]. Holds when the growth per step is not
    positive: padding and idling earn nothing. Cards 41, 122, 134.

    >>> finite_budget(lambda e: e["step_scores"]).value
    1.0
    """
    lengths = (64, 128)
    shapes = [_patterns(n, low, high) for n in lengths]
    sizes = np.repeat(lengths, [len(s) for s in shapes])
    rows = _repeated({k: v for k, v in (env or {}).items() if k not in (steps, off)}, len(sizes))
    rows[off] = np.concatenate([[0], np.cumsum(sizes)])
    rows[steps] = np.concatenate([s.ravel() for s in shapes])
    paid = as_floats(reward(rows), "reward")
    if paid.shape == rows[steps].shape:
        paid = segment_reduce(paid, rows[off], "sum")
    if paid.shape != sizes.shape:
        raise ShapeError(
            f"the reward has shape {paid.shape}", where="reward", expected=f"[{rows[off][-1]}] or [{len(sizes)}]"
        )
    growth = float((paid[sizes == lengths[1]] - paid[sizes == lengths[0]]).max() / (lengths[1] - lengths[0]))
    ok = growth <= 1e-9
    text = "more steps earn no more" if ok else f"each further step can earn {growth:.3g}"
    return Lint("finite_budget", ok, growth, text)


def scale_matters(
    advantage: Reward, *, env: Mapping[str, Any] | None = None, reward: str = "reward", factor: float = 10.0
) -> Lint:
    """How the advantage grows when all rewards are multiplied by ``factor``: 1 for blind, ``factor`` for linear.

    Holds when it does not grow (std-normalised groups): then only the relative scale of components counts. Otherwise
    (centred only: cards 22, 60, 165) the absolute scale acts like a learning rate. Evaluated on two groups of four.
    """
    base = np.array([0.0, 0.2, 0.5, 1.0, 0.1, 0.1, 0.4, 0.9])
    rows = _repeated({k: v for k, v in (env or {}).items() if k != reward}, len(base))
    rows["group"] = np.repeat([0, 1], 4)
    plain, scaled = (_rewards(advantage, rows | {reward: x}, len(base)) for x in (base, factor * base))
    size, grown = float(np.abs(plain).max()), float(np.abs(scaled).max())
    if not size > 0:
        return Lint("scale_matters", False, float("nan"), "the advantage is 0 or undefined on the sample rows")
    value = grown / size
    ok = abs(value - 1.0) < 0.01
    text = (
        "only the relative scale of components counts" if ok else f"rewards x {factor:g} give advantages x {value:.3g}"
    )
    return Lint("scale_matters", ok, value, text)


def component_share(
    scores: ArrayLike, weights: ArrayLike, *, group: ArrayLike | None = None, limit: float = 0.9
) -> Lint:
    """The largest share of one component in the variance of the total: ``w_k^2 var_k / sum_k w_k^2 var_k``.

    ``scores[N, K]``, ``weights[K]``; inside groups when ``group`` is given, which is what a group-normalised
    advantage sees. Holds up to ``limit``; nothing varies: NaN, and does not hold. Card 74: one component of std 20
    beside two of 0.3 is the whole advantage.

    >>> component_share([[20.0, 0.3], [0.0, 0.0]], [1.0, 1.0]).ok
    False
    """
    values, w = as_floats(scores, "scores"), as_weights(weights, "weights", negative=True)
    check(scores=(values, "N K"), weights=(w, "K"))
    groups = np.zeros(len(values), dtype=np.int64) if group is None else group
    parts = np.array([w[k] ** 2 * _within_variance(values[:, k], groups) for k in range(len(w))])
    if not parts.sum() > 0:
        return Lint("component_share", False, float("nan"), "no component varies")
    share = parts / parts.sum()
    top = int(share.argmax())
    text = f"component {top} makes {share[top]:.0%} of the variance of the total"
    return Lint("component_share", bool(share[top] <= limit), float(share[top]), text)


def pareto_capacity(k: int, n: int, *, limit: float = 0.5) -> Lint:
    """Expected share of n random rows that are non-dominated under k independent rewards.

    Exact for continuous scores: ``m(n, k) / n`` with ``m(n, 1) = 1`` and ``m(n, k) = sum_{i <= n} m(i, k-1) / i``.
    Holds up to ``limit``: beyond it the front keeps most of the batch and selects little. Card 137.

    >>> round(pareto_capacity(2, 16).value, 3)
    0.211
    """
    if k < 1 or n < 1:
        raise SettingError(f"k={k}, n={n}", expected="at least one reward and one row")
    counts = np.ones(n)
    for _ in range(k - 1):
        counts = np.cumsum(counts / np.arange(1, n + 1))
    value = float(counts[-1] / n)
    text = f"about {value:.0%} of {n} rows are non-dominated under {k} rewards"
    return Lint("pareto_capacity", value <= limit, value, text)


def signal_share(reward: ArrayLike, group: ArrayLike, *, outcome: ArrayLike | None = None, limit: float = 0.5) -> Lint:
    """Share of groups whose rewards differ at all; the others teach nothing. Holds from ``limit`` up.

    The advice follows the pass rate of ``outcome`` (the reward when not given): mostly right rows want a reward that
    grades right rows (cards 7, 139), mostly wrong ones a reward that grades wrong rows (198) or easier tiers (171).
    Groups without a value count as without signal.

    >>> signal_share([1, 0, 1, 1], [0, 0, 1, 1]).value
    0.5
    """
    values = as_floats(reward, "reward")
    check(reward=(values, "N"))
    codes, count = as_group(group, len(values))
    if not count:
        raise ShapeError("reward is empty", where="reward", expected="one row or more")
    value = float((group_table(values, codes, count, "std") > 0).mean())
    judged = values if outcome is None else as_floats(outcome, "outcome")
    check(reward=(values, "N"), outcome=(judged, "N"))
    known = judged[~np.isnan(judged)]
    mostly_right = len(known) > 0 and (known >= 0.5).mean() > 0.5
    advice = "grade the right rows (positive-only)" if mostly_right else "grade the wrong rows, or use easier tiers"
    text = f"{value:.0%} of {count} groups carry a signal"
    return Lint("signal_share", value >= limit, value, text if value >= limit else f"{text}: {advice}")


def noise_floor(var: ArrayLike, flip_rate: ArrayLike, *, limit: float = 0.1) -> Lint:
    """Share of the varying criteria whose variance is no more than judge flips explain: ``0 < var <= e (1 - e)``.

    ``var`` [C] or [P, C], ``flip_rate`` e a number, [C] or the shape of ``var``. Holds up to ``limit``; otherwise
    contrast weights would favour noise (card 202): give them the flip rate or the covariance of two passes.

    >>> noise_floor([0.25, 0.05, 0.0], 0.1).value
    0.5
    """
    variance, flips = as_floats(var, "var"), as_floats(flip_rate, "flip_rate")
    check(var=(variance, "C | P C"))
    if flips.ndim:
        check(var=(variance, "C | P C"), flip_rate=(flips, "C | P C"))
    varying = variance > 0
    noisy = varying & (variance <= flips * (1.0 - flips))
    value = float(noisy.sum() / max(int(varying.sum()), 1))
    text = f"{int(noisy.sum())} of {int(varying.sum())} varying criteria are within judge noise"
    return Lint("noise_floor", value <= limit, value, text)


def _repeated(env: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Numbers and settings as they are, arrays of one row repeated n times, all rows in one group."""
    rows: dict[str, Any] = {"group": np.zeros(n, dtype=np.int64)}
    for name, value in env.items():
        if not isinstance(value, (np.ndarray, list)):
            rows[name] = value
        elif np.ndim(value) and np.shape(value)[0] == 1:
            rows[name] = np.repeat(np.asarray(value), n, axis=0)
        elif np.shape(value) == (n,) and name == "group":
            rows[name] = np.asarray(value)
        else:
            raise ShapeError(f"{name} has shape {np.shape(value)}", where="env", expected="one row, [1] or [1, C]")
    return rows


def _rewards(reward: Reward, rows: Mapping[str, Any], n: int) -> Floats:
    paid = as_floats(reward(rows), "reward")
    check(reward=(paid, str(n)))
    return paid


def _patterns(n: int, low: float, high: float) -> Floats:
    """[7, n] step scores: four levels, alternating, rising, falling."""
    levels = [np.full(n, low + share * (high - low)) for share in (0.0, 0.5, 0.95, 1.0)]
    ramp = np.linspace(low, high, n)
    return np.stack([*levels, np.where(np.arange(n) % 2, high, low), ramp, ramp[::-1]])


def _within_variance(x: Floats, group: ArrayLike) -> float:
    """Mean square of the deviations from the group mean, over the values that are there; 0 without any."""
    deviation = x - group_stat(x, group, "mean")
    known = deviation[~np.isnan(deviation)]
    return float((known**2).mean()) if len(known) else 0.0
