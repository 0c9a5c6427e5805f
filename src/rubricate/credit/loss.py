"""Policy-gradient losses and weights per token, in numpy: for checks, small worlds and exports, not for autograd.

``ratio[M]`` is pi / pi_old of the sampled token (or the ratio of its sequence), ``advantage[M]`` its advantage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.credit.layout import finite, pool
from rubricate.credit.tokens import log_ratio
from rubricate.errors import SettingError, UnknownNameError

KINDS = ("k1", "k2", "k3")


def sequence_ratio(logp: ArrayLike, logp_old: ArrayLike, off: ArrayLike, mask: ArrayLike | None = None) -> Floats:
    """``exp(mean_t (log pi - log pi_old))`` over the generated tokens of each row: [N] (GSPO; clip at 3e-4 / 4e-4).

    A row without generated tokens is NaN.

    >>> sequence_ratio([0.0, -1.0], [0.0, -1.0], [0, 2]).tolist()
    [1.0]
    """
    new, old = finite(logp, "logp", "M"), finite(logp_old, "logp_old", "M")
    check(logp=(new, "M"), logp_old=(old, "M"))
    return np.exp(pool(log_ratio(new, old), off, "mean", mask=mask))


def ppo_clip(
    ratio: ArrayLike, advantage: ArrayLike, *, low: float = 0.2, high: float = 0.2, dual: float | None = None
) -> Floats:
    """``-min(ratio A, clip(ratio, 1 - low, 1 + high) A)``: [M]; with ``dual`` = c > 1 at most ``-c A`` where A < 0.

    The second bound stops a huge ratio from making a bad token's loss unbounded (c = 3 in common use). DAPO's
    clip-higher is low 0.2, high 0.28.

    >>> ppo_clip([2.0, 9.0], [1.0, -1.0], dual=3.0).tolist()
    [-1.2, 3.0]
    """
    rho, a = _both(ratio, advantage, low, high, dual)
    loss = np.maximum(-rho * a, -np.clip(rho, 1 - low, 1 + high) * a)
    return loss if dual is None else np.where(a < 0, np.minimum(loss, -dual * a), loss)


def ppo_weight(
    ratio: ArrayLike, advantage: ArrayLike, *, low: float = 0.2, high: float = 0.2, dual: float | None = None
) -> Floats:
    """What multiplies grad log pi in the ascent on ``-ppo_clip``: ``ratio A``, 0 where the clip is active: [M].

    >>> ppo_weight([2.0, 1.1], [1.0, 1.0]).tolist()
    [0.0, 1.1]
    """
    rho, a = _both(ratio, advantage, low, high, dual)
    clipped: Bools = np.where(a >= 0, rho > 1 + high, rho < 1 - low)
    if dual is not None:
        clipped |= (a < 0) & (rho > dual)
    return np.where(clipped, 0.0, rho * a)


def cispo_weight(ratio: ArrayLike, *, low: float = 0.2, high: float = 0.2) -> Floats:
    """``clip(ratio, 1 - low, 1 + high)``, held constant, times A grad log pi: every token keeps its gradient: [M]."""
    return np.clip(as_floats(ratio, "ratio"), 1 - low, 1 + high)


def sapo_weight(ratio: ArrayLike, *, tau: float = 1.0) -> Floats:
    """``4 sigmoid(tau (ratio - 1)) / tau``, the soft gate in the place of the clip: [M].

    Its slope at ratio 1 is 1, as that of the ratio itself.

    >>> sapo_weight([1.0]).tolist()
    [2.0]
    """
    if not tau > 0:
        raise SettingError(f"tau={tau}", expected="a number > 0")
    return 4.0 / tau / (1.0 + np.exp(-tau * (as_floats(ratio, "ratio") - 1.0)))


def kl_estimate(logp: ArrayLike, logp_ref: ArrayLike, kind: str = "k3", *, limit: float = 10.0) -> Floats:
    """KL(pi || pi_ref) per sampled token from ``d = log pi - log pi_ref``: [M].

    ``k1`` d, unbiased; ``k2`` d^2 / 2, biased and of low variance; ``k3`` exp(-d) - 1 + d, unbiased and never
    negative, cut at ``limit`` (verl: 10).

    >>> kl_estimate([-1.0], [-1.5], "k2").tolist()
    [0.125]
    """
    d = log_ratio(logp, logp_ref)
    if kind == "k1":
        return d
    if kind == "k2":
        return d * d / 2
    if kind != "k3":
        raise UnknownNameError.among("estimator", kind, KINDS)
    return np.minimum(np.exp(np.minimum(-d, 50.0)) - 1 + d, limit)


def _both(ratio: ArrayLike, advantage: ArrayLike, low: float, high: float, dual: float | None) -> tuple[Floats, Floats]:
    rho, a = as_floats(ratio, "ratio"), as_floats(advantage, "advantage")
    check(ratio=(rho, "M"), advantage=(a, "M"))
    if not (0 <= low <= 1 and high >= 0) or (dual is not None and not dual > 1):
        raise SettingError(
            f"low={low}, high={high}, dual={dual}", expected="low in [0, 1], high >= 0, dual > 1 or None"
        )
    return rho, a
