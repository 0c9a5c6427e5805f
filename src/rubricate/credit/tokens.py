"""Token level: how tokens weigh in the loss, log-ratio rewards, gains in belief, modulated advantages."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.credit.layout import as_mask, finite, group_codes
from rubricate.credit.normalise import center
from rubricate.credit.returns import difference
from rubricate.errors import SettingError, UnknownNameError
from rubricate.reduce import segment_reduce, spread

LOSS_MODES = ("token_mean", "seq_mean_token_sum", "seq_mean_token_mean", "seq_mean_token_sum_norm")


def loss_weights(mask: ArrayLike, off: ArrayLike, mode: str = "token_mean", *, constant: float | None = None) -> Floats:
    """Weight of each token's loss, so that the batch loss is ``sum_t w_t loss_t``: [M], 0 outside ``mask[M]``.

    With m generated tokens in all, N rows that have any, L_i tokens in row i: ``token_mean`` 1 / m (DAPO);
    ``seq_mean_token_sum`` 1 / N; ``seq_mean_token_mean`` 1 / (N L_i), in which a token of a long wrong response is
    punished less (classic GRPO); ``seq_mean_token_sum_norm`` 1 / constant (Dr. GRPO; verl's constant is the maximal
    length, times N for a mean over rows). Raises SettingError when that mode has no constant.

    >>> loss_weights([1, 1, 0, 1], [0, 3, 4], "seq_mean_token_mean").tolist()
    [0.25, 0.25, 0.0, 0.5]
    """
    if mode not in LOSS_MODES:
        raise UnknownNameError.among("mode", mode, LOSS_MODES)
    check(mask=(mask, "M"))
    inside = as_mask(mask, np.size(mask)).astype(np.float64)
    offsets = as_offsets(off, len(inside))
    size = segment_reduce(inside, offsets, "sum")
    if mode == "seq_mean_token_sum_norm":
        if constant is None or not constant > 0:
            raise SettingError(f"mode={mode!r} with constant={constant}", expected="a number > 0, such as max length")
        return inside / constant
    if mode == "token_mean":
        return inside / max(size.sum(), 1.0)
    rows = max(int(np.count_nonzero(size)), 1)
    return inside / rows if mode == "seq_mean_token_sum" else inside / (rows * spread(np.maximum(size, 1.0), offsets))


def log_ratio(logp: ArrayLike, logp_ref: ArrayLike, *, beta: float = 1.0) -> Floats:
    """``beta (log pi - log pi_ref)`` per token: [M], an implicit process reward.

    Its prefix sum is the implicit value of the prefix, beta log E_ref[exp(r / beta) | prefix] up to a constant; sum it
    per turn for step rewards. Cards 35, 49, 149, 153 (arXiv 2502.01456, 2412.01981; beta 0.05).

    >>> log_ratio([-1.0, -2.0], [-2.0, -2.0], beta=0.5).tolist()
    [0.5, 0.0]
    """
    new, ref = finite(logp, "logp", "M"), finite(logp_ref, "logp_ref", "M")
    check(logp=(new, "M"), logp_ref=(ref, "M"))
    return beta * (new - ref)


def belief_gain(
    belief: ArrayLike, off: ArrayLike, start: ArrayLike, *, form: str = "log", missing: str = "propagate"
) -> Floats:
    """How much each turn raises the belief in the reference answer: ``s_t - s_{t-1}``, or of ``exp(s)``: [M].

    ``belief[M]`` is the mean log-probability of the answer's tokens, teacher-forced after turn t; ``start[N]`` the same
    after the bare question. ``form="log"`` rewards mostly the first mile, ``"probability"`` only the last. The sum over
    a row is last - start. Card 66 (arXiv 2510.14967: log in the published version, probability in v1 and the code).

    >>> belief_gain([-4.0, -1.0], [0, 2], [-8.0]).tolist()
    [4.0, 3.0]
    """
    if form not in ("log", "probability"):
        raise UnknownNameError.among("form", form, ("log", "probability"))
    s, s0 = finite(belief, "belief", "M"), as_floats(start, "start")
    if form == "probability":
        s, s0 = np.exp(s), np.exp(s0)
    return difference(s, off, s0, missing=missing)


def modulate(advantage: ArrayLike, by: ArrayLike, mode: str = "mul", *, recenter: ArrayLike | None = None) -> Floats:
    """Shape an advantage by another signal of the same length: [M]; NaN in either gives NaN.

    ``mul`` A * by (entropy, perplexity, a probability mask); ``add`` A + by; ``add_signed`` A + sign(A) * by, which
    keeps the sign for by >= 0. ``recenter`` (a grouping key, or ``"batch"``) subtracts the group mean afterwards; with
    an always-positive addition this can turn a step of a failed row positive. Cards 114, 123, 130, 166.

    >>> modulate([1.0, -1.0], [0.5, 0.5], "add_signed").tolist()
    [1.5, -1.5]
    """
    a, g = finite(advantage, "advantage", "M"), finite(by, "by", "M")
    check(advantage=(a, "M"), by=(g, "M"))
    if mode == "mul":
        out = a * g
    elif mode == "add":
        out = a + g
    elif mode == "add_signed":
        out = a + np.sign(a) * g
    else:
        raise UnknownNameError.among("mode", mode, ("mul", "add", "add_signed"))
    if recenter is None:
        return out
    return center(out, group_codes(recenter, len(out), "recenter")[0], min_count=1)
