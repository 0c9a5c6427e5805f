"""Numbers from the log-probabilities of a text's tokens: the arithmetic that judges and rewards share.

The text was given, not generated (teacher forcing; ``rubricate.llm.scorers`` obtains the log-probabilities). The
numbers are plain: a trainer that also differentiates them adds the gradient of the text's own likelihood, which is a
supervised step on it (card 21).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_bools, as_floats, as_group, as_offsets, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.reduce import segment_reduce

LIKELIHOODS = ("logprob", "mean_logprob", "prob", "mean_prob")
CONFIDENCES = ("self_certainty", "token_entropy", "trajectory_entropy", "probability", "disparity")


def reference_likelihood(
    logp: ArrayLike, off: ArrayLike, kind: str = "mean_logprob", *, floor: float | None = None
) -> Floats:
    """One number for the tokens of each row: [N]; NaN for a row without tokens or with an unknown one.

    With p_t = exp(``logp[M]``) and T tokens in a row of ``off[N+1]``: ``logprob`` sum_t log p_t; ``mean_logprob`` that
    over T; ``prob`` prod_t p_t (VeriFree); ``mean_prob`` (1 / T) sum_t p_t (RLPR). ``floor``: no log p_t counts below
    it, so that one unlikely synonym costs no more than that. ``prob`` goes flat on long rows. Card 21 (arXiv
    2602.03979), card 138 (arXiv 2506.18254).

    >>> [float(reference_likelihood([-1.0, -30.0], [0, 2], floor=floor)[0]) for floor in (None, -3.0)]
    [-15.5, -2.0]
    """
    if kind not in LIKELIHOODS:
        raise UnknownNameError.among("likelihood", kind, LIKELIHOODS)
    values, offsets = _logp(logp, off)
    if floor is not None:
        values = np.maximum(values, _floor(floor))
    if kind == "mean_prob":
        values = np.exp(values)
    unknown = segment_reduce(np.isnan(values), offsets, "sum") > 0
    how = "mean" if kind.startswith("mean") else "sum"
    out = np.where(unknown | (np.diff(offsets) == 0), np.nan, segment_reduce(values, offsets, how))
    return np.exp(out) if kind == "prob" else out


def followup_margin(logp: ArrayLike, positive: ArrayLike, category: ArrayLike | None = None) -> Floats:
    """How much likelier pleased follow-ups are than displeased ones: [N].

    ``mean over categories of (mean_{f+} logp - mean_{f-} logp)``, ``logp[N, F]`` the log-probability of each of F fixed
    utterances as the next turn, ``positive[F]``, ``category[F]``. Without displeased ones only the first mean counts,
    and the base rate of an utterance stays in. Unknown log-probabilities give NaN. Card 59 (arXiv 2409.13948).

    >>> followup_margin([[-1.0, -4.0]], [True, False]).tolist()
    [3.0]
    """
    values, good = as_floats(logp, "logp"), as_bools(positive, "positive")
    check(logp=(values, "N F"), positive=(good, "F"))
    if not good.any():
        raise SettingError("no positive follow-up", where="positive", expected="at least one")
    codes, count = as_group(np.zeros(len(good)) if category is None else category, len(good), "category")
    size = np.stack([np.bincount(codes[good == sign], minlength=count) for sign in (False, True)])
    if (size[1] == 0).any():
        raise SettingError("a category without a positive follow-up", where="category", expected="one in each")
    return np.asarray(values @ (np.where(good, 1.0, -1.0) / size[good.astype(np.int64), codes] / count))


def self_confidence(
    logp: ArrayLike,
    off: ArrayLike,
    kind: str = "trajectory_entropy",
    *,
    top_logp: ArrayLike | None = None,
    vocabulary: int | None = None,
) -> Floats:
    """How sure the policy was of each rollout, larger for surer: [N].

    ``trajectory_entropy`` sum_t log p_t of the tokens generated; ``probability`` prod_t p_t. The others read the
    distribution at each token, ``top_logp[M, K]``, the K largest log-probabilities, and average over tokens:
    ``self_certainty`` KL(uniform || p) = -(1 / V) sum_v log(V p_v); ``token_entropy`` sum_v p_v log p_v (minus the
    entropy); ``disparity`` the largest probability less the second. With K below the ``vocabulary`` V, what the K leave
    over is taken as spread evenly, so the entropy is an upper and the divergence a lower bound. A row without tokens
    gives NaN. Card 118; disparity recalled.

    >>> self_confidence([-0.7, -0.7], [0, 2], "token_entropy", top_logp=np.log([[.5, .5], [.5, .5]])).round(3).tolist()
    [-0.693]
    """
    if kind not in CONFIDENCES:
        raise UnknownNameError.among("confidence", kind, CONFIDENCES)
    if kind in ("trajectory_entropy", "probability"):
        return reference_likelihood(logp, off, "logprob" if kind == "trajectory_entropy" else "prob")
    if top_logp is None:
        raise SettingError(f"{kind} without top_logp", expected="the log-probabilities of the likeliest tokens [M, K]")
    top = as_floats(top_logp, "top_logp", infinite=True)  # -inf: a token that cannot come
    check(logp=(logp, "M"), top_logp=(top, "M K"))
    top = -np.sort(-top, axis=1)
    offsets = as_offsets(off, len(top))
    value = _certainty(top, kind, vocabulary)
    broken = segment_reduce(np.isnan(value), offsets, "sum") > 0
    return np.where(broken, np.nan, segment_reduce(value, offsets, "mean"))


def _certainty(top: Floats, kind: str, vocabulary: int | None) -> Floats:
    """[M] the certainty at each token from its K largest log-probabilities, in falling order."""
    k = top.shape[1]
    size = k if vocabulary is None else vocabulary
    if size < k or k < 2:
        raise ShapeError(f"{k} log-probabilities per token of {size}", where="top_logp", expected="2 <= K <= V")
    p = np.exp(top)
    if kind == "disparity":
        return p[:, 0] - p[:, 1]
    left = np.maximum(1.0 - p.sum(1), 0.0)
    each = np.log(np.maximum(left / max(size - k, 1), 1e-12))
    if kind == "token_entropy":
        seen = np.where(p > 0, p * np.where(p > 0, top, 0.0), 0.0).sum(1)
        return seen + (left * each if size > k else 0.0)
    log_sum = top.sum(1) + ((size - k) * each if size > k else 0.0)
    return -np.log(size) - log_sum / size


def _logp(logp: ArrayLike, off: ArrayLike) -> tuple[Floats, Ints]:
    values = as_floats(logp, "logp", infinite=True)  # -inf: a probability of 0
    check(logp=(values, "M"))
    if (values > 1e-6).any():
        raise ShapeError("log-probabilities above 0", where="logp", expected="numbers <= 0")
    return values, as_offsets(off, len(values))


def _floor(floor: float) -> float:
    if not floor < 0:
        raise SettingError(f"floor={floor}", expected="a log-probability below 0")
    return floor
