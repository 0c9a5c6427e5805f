"""Critic-free advantages by their published names; each is a setting of ``center``, ``scale``, ``suffix`` and ``mix``.

``reward[N]`` is one scalar per response, ``group[N]`` its prompt, result float[N] unless a docstring says tokens [M].
Policies are those of ``credit.normalise``; here ``missing`` starts at ``zero_advantage``, because a trainer wants a
number: an unknown reward enters no statistic and its response gets no gradient. Formulas are those of verl's core
algorithms where a constant is said to be verl's. ``INVARIANCES`` says what may be done to the rewards without changing
the advantages; the tests hold every entry, and its absence where that can be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_bools, as_floats, as_offsets, as_weights, check
from rubricate.credit.layout import as_mask, finite, group_codes, key, or_zero, place, position
from rubricate.credit.mix import multi_advantage
from rubricate.credit.normalise import center, settle, standardised, whiten
from rubricate.credit.returns import prefix, suffix
from rubricate.errors import SettingError, ShapeError
from rubricate.reduce import group_table, spread

INVARIANCES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "reinforce": frozenset({"permutation", "shift", "zero_sum_batch"}),
        "remax": frozenset({"permutation", "shift"}),
        "rloo": frozenset({"permutation", "shift", "zero_sum"}),
        "grpo": frozenset({"permutation", "shift", "scale", "zero_sum"}),
        "dr_grpo": frozenset({"permutation", "shift", "zero_sum"}),
        "dapo": frozenset({"permutation", "shift", "zero_sum"}),
        "reinforce_plus_plus_baseline": frozenset({"permutation", "shift", "scale", "zero_sum"}),
        "opo": frozenset({"permutation", "shift"}),
        "gpg": frozenset({"permutation", "shift", "zero_sum"}),
        "pass_at_k_grpo": frozenset({"permutation", "shift", "scale"}),
        "gdpo": frozenset({"permutation", "shift", "scale", "zero_sum"}),
    }
)
"""Per estimator: ``permutation`` of the rows, ``shift`` r -> r + c and ``scale`` r -> a r (a > 0, up to eps) of all
rewards (of the greedy ones too for remax), ``zero_sum`` in each group, ``zero_sum_batch`` over all rows."""


def reinforce(reward: ArrayLike, baseline: ArrayLike | None = None, *, missing: str = "zero_advantage") -> Floats:
    """``A = r - b`` with b the batch mean, or ``baseline``: a number (see ``ema_baseline``) or [N] (a critic).

    Unbiased for any b that does not depend on the response itself.

    >>> reinforce([1.0, 0.0]).tolist(), reinforce([1.0, 0.0], 0.25).tolist()
    ([0.5, -0.5], [0.75, -0.25])
    """
    values = finite(reward, "reward")
    if baseline is None:
        return center(values, "batch", singleton="zero", missing=missing)
    given = as_floats(baseline, "baseline")
    per_row = given if given.ndim else np.full(len(values), float(given))
    return center(values, "batch", "value", baseline=per_row, missing=missing)


def ema_baseline(previous: float, reward: ArrayLike, *, decay: float = 0.9) -> float:
    """The next moving baseline ``decay * previous + (1 - decay) * mean(reward)``; unchanged when no reward is known.

    >>> round(ema_baseline(0.5, [1.0, 0.0, float("nan"), 1.0]), 4)
    0.5167
    """
    values = finite(reward, "reward")
    known = values[~np.isnan(values)]
    return float(decay * previous + (1.0 - decay) * known.mean()) if len(known) else float(previous)


def remax(reward: ArrayLike, greedy: ArrayLike, *, missing: str = "zero_advantage") -> Floats:
    """``A = r - r(greedy response)`` with ``greedy[N]`` the reward of the greedy response to the same prompt."""
    values, base = finite(reward, "reward"), finite(greedy, "greedy")
    check(reward=(values, "N"), greedy=(base, "N"))
    return center(values, "batch", "value", baseline=base, missing=missing)


def rloo(reward: ArrayLike, group: ArrayLike, *, singleton: str = "zero", missing: str = "zero_advantage") -> Floats:
    """``A_i = r_i - mean of the others = n / (n - 1) (r_i - mean)``.

    >>> rloo([1.0, 0.0, 0.0], [0, 0, 0]).tolist()
    [1.0, -0.5, -0.5]
    """
    return center(finite(reward, "reward"), group, "loo", singleton=singleton, missing=missing)


def grpo(
    reward: ArrayLike,
    group: ArrayLike,
    *,
    ddof: int = 1,
    eps: float = 1e-6,
    singleton: str = "zero",
    missing: str = "zero_advantage",
) -> Floats:
    """``A = (r - mean) / (std + eps)`` in each group; ddof 1 and eps 1e-6 are verl's; TRL's eps is 1e-4.

    verl gives a group of one its raw reward; that is ``singleton="raw"``, and not the default.

    >>> grpo([1, 0, 0, 0, 0, 0, 0, 0], [3] * 8).round(2).tolist()[:2]
    [2.47, -0.35]
    """
    return standardised(finite(reward, "reward"), group, ddof, eps, None, 2, singleton, missing)


def dr_grpo(reward: ArrayLike, group: ArrayLike, *, singleton: str = "zero", missing: str = "zero_advantage") -> Floats:
    """``A = r - mean``: no standard deviation, so easy and hard prompts weigh alike.

    Its loss divides by a constant: ``loss_weights(..., "seq_mean_token_sum_norm")``.
    """
    return center(finite(reward, "reward"), group, singleton=singleton, missing=missing)


def overlong_penalty(length: ArrayLike, *, max_length: float, cache: float) -> Floats:
    """0 up to ``max_length - cache`` tokens, then linear to -1 at ``max_length``, -1 above: float[N] (DAPO).

    >>> overlong_penalty([80, 95, 120], max_length=100, cache=10).tolist()
    [0.0, -0.5, -1.0]
    """
    if not 0 < cache <= max_length:
        raise SettingError(f"cache={cache}, max_length={max_length}", expected="0 < cache <= max_length")
    size = finite(length, "length")
    return 0.0 - np.clip((size - (max_length - cache)) / cache, 0.0, 1.0)


def dapo(
    reward: ArrayLike,
    group: ArrayLike,
    length: ArrayLike,
    *,
    max_length: float,
    cache: float,
    ddof: int = 1,
    eps: float = 1e-6,
    singleton: str = "zero",
    missing: str = "zero_advantage",
) -> Floats:
    """GRPO on ``reward + overlong_penalty(length)``.

    The rest of DAPO is elsewhere: ``drop_groups(rule="zero_std")`` with refilling, ``ppo_clip(low=0.2, high=0.28)``,
    ``loss_weights(mode="token_mean")``, no KL.
    """
    check(reward=(reward, "N"), length=(length, "N"))
    shaped = finite(reward, "reward") + overlong_penalty(length, max_length=max_length, cache=cache)
    return grpo(shaped, group, ddof=ddof, eps=eps, singleton=singleton, missing=missing)


def reinforce_plus_plus(
    reward: ArrayLike,
    off: ArrayLike,
    kl: ArrayLike | None = None,
    *,
    beta: float = 0.0,
    gamma: float = 1.0,
    mask: ArrayLike | None = None,
    eps: float = 1e-8,
    missing: str = "zero_advantage",
) -> Floats:
    """Per token: return-to-go of ``reward on the last token - beta kl_t``, whitened over the batch: [M].

    ``(G - mean) / sqrt(var + eps)``; no group is needed. ``kl[M]`` is needed when beta is not 0. Tokens outside
    ``mask`` take no part and get 0.
    """
    tokens = place(finite(reward, "reward"), off, "last", mask)
    if beta:
        if kl is None:
            raise SettingError(f"beta={beta} without kl", expected="kl[M]")
        check(tokens=(tokens, "M"), kl=(kl, "M"))
        tokens = tokens - beta * finite(kl, "kl", "M")
    return whiten(suffix(tokens, off, gamma=gamma, keep=mask), mask, eps=eps, missing=missing)


def reinforce_plus_plus_baseline(
    reward: ArrayLike,
    group: ArrayLike,
    *,
    row_weights: ArrayLike | None = None,
    eps: float = 1e-8,
    singleton: str = "zero",
    missing: str = "zero_advantage",
) -> Floats:
    """``r - group mean``, then whitened over the batch: the centre of the group, the scale of the batch.

    verl whitens over tokens, that is ``row_weights=length``; the sum of a group is then no longer 0.
    """
    return whiten(
        center(finite(reward, "reward"), group, singleton=singleton), row_weights=row_weights, eps=eps, missing=missing
    )


def opo(
    reward: ArrayLike,
    group: ArrayLike,
    length: ArrayLike,
    *,
    singleton: str = "zero",
    missing: str = "zero_advantage",
) -> Floats:
    """``A_i = r_i - sum L_j r_j / sum L_j``: the baseline of least variance when squared gradients grow with length.

    >>> opo([1.0, 0.0], [0, 0], [3, 1]).tolist()
    [0.25, -0.75]
    """
    values, size = finite(reward, "reward"), as_weights(length, "length")
    check(reward=(values, "N"), length=(size, "N"))
    return center(values, group, row_weights=size, singleton=singleton, missing=missing)


def gpg(
    reward: ArrayLike,
    group: ArrayLike,
    *,
    f_norm: float = 1.0,
    singleton: str = "zero",
    missing: str = "zero_advantage",
) -> Floats:
    """``A = alpha (r - mean) / f_norm``, alpha = known responses / responses with an advantage other than 0.

    The factor keeps the step size when many groups are dead. verl counts rewards other than 0 instead.
    """
    raw = center(finite(reward, "reward"), group, singleton=singleton)
    known, alive = int(np.count_nonzero(~np.isnan(raw))), int(np.count_nonzero(np.nan_to_num(raw)))
    return or_zero(raw * (known / max(alive, 1)) / f_norm, missing)


def pass_at_k_grpo(
    reward: ArrayLike,
    group: ArrayLike,
    *,
    scale: bool = True,
    ddof: int = 1,
    eps: float = 1e-6,
    singleton: str = "zero",
    missing: str = "zero_advantage",
) -> Floats:
    """Only the best response of a group: ``r_max - r_second`` (over ``std + eps`` unless ``scale=False``), others 0.

    The sum over a group is not 0; a tie at the top gives 0 for all (verl: ``grpo_passk``).

    >>> pass_at_k_grpo([0.0, 0.5, 2.0], [0, 0, 0], scale=False).tolist()
    [0.0, 0.0, 1.5]
    """
    values = finite(reward, "reward")
    codes, count = group_codes(group, len(values))
    lead = center(values, codes, "max")
    second = group_table(np.where(lead < 0, values, np.nan), codes, count, "max")[codes]
    top = lead == 0
    best = top & (np.bincount(codes, weights=top, minlength=count)[codes] == 1) & ~np.isnan(second)
    out = np.where(np.isnan(values), np.nan, 0.0)
    out[best] = (values - second)[best]
    if scale:
        unit = group_table(values, codes, count, "std", ddof=ddof)[codes]
        out[best] /= (unit + eps)[best]
    return or_zero(settle(out, values, codes, count, 2, singleton), missing)


def optimal_token_baseline(
    returns: ArrayLike,
    off: ArrayLike,
    group: ArrayLike,
    probability: ArrayLike,
    collision: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    missing: str = "zero_advantage",
) -> Floats:
    """``A_t = G_t - B_t``, ``B_t = sum_i G_it W_it / sum_i W_it`` over the group at position t: [M].

    ``W_it = sum_{j <= t} (1 - 2 pi_j + sum_a pi_a^2)``, the expected squared gradient norm up to t: ``probability[M]``
    of the sampled token, ``collision[M]`` = sum_a pi_a^2. With equal increments at all tokens and the returns of whole
    rows it is the length-weighted baseline of ``opo``, position by position. Tokens outside ``mask`` get 0.
    """
    g = finite(returns, "returns", "M")
    pi, square = finite(probability, "probability", "M"), finite(collision, "collision", "M")
    check(returns=(g, "M"), probability=(pi, "M"), collision=(square, "M"))
    offsets = as_offsets(off, len(g))
    inside = as_mask(mask, len(g))
    step = 1.0 - 2.0 * pi + square
    if (step < -1e-9).any():
        raise ShapeError(
            "collision is below what probability allows", where="collision", expected="sum_a pi_a^2 over all tokens a"
        )
    weights = np.maximum(prefix(step, offsets, keep=inside), 0.0)
    known = inside & ~np.isnan(weights)
    codes, _ = group_codes(group, len(offsets) - 1)
    cell = key((spread(codes, offsets), position(offsets).astype(np.int64)))
    out = center(np.where(known, g, np.nan), cell, row_weights=np.where(known, weights, 0.0))
    return or_zero(np.where(inside, out, 0.0), missing)


def gdpo(
    scores: ArrayLike,
    group: ArrayLike,
    weights: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    *,
    ddof: int = 1,
    eps: float = 1e-6,
    missing: str = "zero_advantage",
) -> Floats:
    """Each of K rewards ``scores[N, K]`` standardised in its group, weighted, summed, whitened over the batch.

    Summing first merges combinations of rewards that this keeps apart (arXiv 2601.05242). ``weights[K]`` start at 1.
    A row that lacks a reward that was asked for is unknown as a whole: it enters no statistic, and follows ``missing``.
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "N K"))
    gap = np.isnan(values)
    if asked is not None:
        check(scores=(values, "N K"), asked=(asked, "N K"))
        gap &= as_bools(asked, "asked")
    values = np.where(np.any(gap, axis=1, keepdims=True), np.nan, values)
    return whiten(multi_advantage(values, group, weights, asked, ddof=ddof, eps=eps), missing=missing)
