"""Preference pairs with wrong labels: find them, then flip, drop or soften them before a reward model is trained.

Every treatment is a ``PairLabels``: the chance that "better" is better, a weight and a margin for each of Q pairs,
which any pair model takes: ``model.fit(better, worse, **labels.as_settings)``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, as_group, check
from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.learned.bradley_terry import BradleyTerry, PairModel, complete, sigmoid

TREATMENTS = ("flip", "drop", "smooth")
AGREEMENTS = ("kendall", "spearman", "toporder")
SCOPES = ("average", "each")


class PairLabels(NamedTuple):
    """What to train on: ``labels[Q]`` in [0, 1], ``pair_weights[Q]``, ``margin[Q]``."""

    labels: Floats
    pair_weights: Floats
    margin: Floats

    @property
    def as_settings(self) -> dict[str, Any]:
        """Arguments for ``fit`` of a pair model."""
        return self._asdict()


class VoteStrength(NamedTuple):
    """Mean and standard deviation over K models of the reward gap of each pair, [Q] each."""

    mean: Floats
    std: Floats


def vote_strength(
    better: ArrayLike,
    worse: ArrayLike,
    *,
    rng: np.random.Generator,
    model: PairModel | None = None,
    size: int = 10,
    share: float = 0.5,
) -> VoteStrength:
    """How strongly ``size`` models, each fitted on a random ``share`` of the pairs, prefer the labelled side.

    ``mean_k`` and ``std_k`` of ``r_k(better) - r_k(worse)``. A low mean is a pair that the rest of the data
    contradicts. Card 106 (arXiv 2401.06080, recalled; ten models on resampled orders there).
    """
    b, w = complete(better, "better"), complete(worse, "worse")
    check(better=(b, "Q F"), worse=(w, "Q F"))
    if size < 1 or not 0 < share <= 1:
        raise SettingError(f"size={size}, share={share}", expected="size >= 1 and share in (0, 1]")
    judge: PairModel = model or BradleyTerry()
    gaps = []
    for _ in range(size):
        rows = rng.permutation(len(b))[: max(1, round(share * len(b)))]
        own = judge.fit(b[rows], w[rows])
        gaps.append(own.score(b) - own.score(w))
    return VoteStrength(np.mean(gaps, 0), np.std(gaps, 0))


def treat_weak(
    strength: ArrayLike | VoteStrength,
    *,
    bottom: float = 0.2,
    how: str = "drop",
    smoothing: float = 0.3,
    margin: float = 0.0,
) -> PairLabels:
    """Flip, drop or smooth the ``bottom`` share of pairs by vote strength ``[Q]``; strong ones may get a margin.

    flip: label 0; drop: weight 0; smooth: label ``1 - smoothing``. ``margin`` times the strength (0 where it is
    negative) is the margin of the other pairs (``-log sigmoid(r_c - r_r - margin)``). Card 106; measured there and
    here, dropping beats flipping. A pair without a strength (NaN) is dropped. Of a ``VoteStrength`` the mean counts.

    >>> treat_weak([-1.0, 0.5, 2.0, 3.0], bottom=0.25, how="flip").labels.tolist()
    [0.0, 1.0, 1.0, 1.0]
    """
    mean = as_floats(strength.mean if isinstance(strength, VoteStrength) else strength, "strength")
    check(strength=(mean, "Q"))
    if how not in TREATMENTS:
        raise UnknownNameError.among("treatment", how, TREATMENTS)
    if not 0 <= bottom <= 1 or not 0 <= smoothing <= 0.5:
        raise SettingError(f"bottom={bottom}, smoothing={smoothing}", expected="bottom in [0, 1], smoothing in [0, .5]")
    known = ~np.isnan(mean)
    weak = np.zeros(len(mean), dtype=np.bool_)
    weak[np.argsort(mean, kind="stable")[: round(bottom * known.sum())]] = True  # NaN sorts last
    labels = np.where(weak, {"flip": 0.0, "drop": 1.0, "smooth": 1.0 - smoothing}[how], 1.0)
    weights = np.where(known & ~(weak & (how == "drop")), 1.0, 0.0)
    return PairLabels(labels, weights, np.where(known & ~weak, margin * np.maximum(mean, 0.0), 0.0))


class PeerReview(NamedTuple):
    """Two fitted models, and which pairs each was trained on in the last round: [2, Q]."""

    models: tuple[PairModel, PairModel]
    kept: Bools

    def score(self, features: ArrayLike) -> Floats:
        """Mean reward of the two models: [N]."""
        first, second = (m.score(features) for m in self.models)
        return (first + second) / 2


def small_loss_peer_review(
    better: ArrayLike,
    worse: ArrayLike,
    *,
    rng: np.random.Generator,
    model: PairModel | None = None,
    noise: float = 0.2,
    rounds: int = 10,
    peer: bool = True,
) -> PeerReview:
    """Two models hand each other the pairs that they find easy; card 56 (CRM, co-teaching).

    Both start on half of the pairs each. In round t of R a model ranks all pairs by its Bradley-Terry loss, and the
    ``1 - noise * t / R`` share with the lowest loss goes to the *other* model, which is fitted on it (to itself with
    ``peer=False``). ``noise`` is the assumed share of wrong labels. arXiv 2505.10597.
    """
    b, w = complete(better, "better"), complete(worse, "worse")
    check(better=(b, "Q F"), worse=(w, "Q F"))
    if not 0 <= noise < 1 or rounds < 1 or len(b) < 2:
        raise SettingError(f"noise={noise}, rounds={rounds}, {len(b)} pairs", expected="noise in [0, 1), 2 pairs")
    judge: PairModel = model or BradleyTerry()
    order = rng.permutation(len(b))
    kept = np.zeros((2, len(b)), dtype=np.bool_)
    kept[0, order[::2]] = kept[1, order[1::2]] = True
    models = [judge.fit(b[rows], w[rows]) for rows in kept]
    for t in range(1, rounds + 1):
        count = max(1, round((1 - noise * t / rounds) * len(b)))
        gaps = np.stack([m.score(b) - m.score(w) for m in models])
        chosen = np.zeros_like(kept)
        np.put_along_axis(chosen, np.argsort(-gaps, axis=1, kind="stable")[:, :count], True, axis=1)
        kept = chosen[::-1] if peer else chosen
        models = [judge.fit(b[rows], w[rows]) for rows in kept]
    return PeerReview((models[0], models[1]), kept)


def rank_consistency(now: ArrayLike, before: ArrayLike, group: ArrayLike, *, how: str = "kendall") -> Floats:
    """Agreement in [0, 1] of two rankings of the responses to each prompt: [P], prompts in the order of their ids.

    kendall: ``(tau_b + 1) / 2``; spearman: ``(rho + 1) / 2``; toporder: half for the same best *response*, half for the
    same worst one (the released code compares the ranks of the first and the last list *position* instead). NaN for
    a prompt with a missing score, with one response, or where one ranking ties all. Card 93 (CREAM, arXiv 2410.12735).

    >>> rank_consistency([3, 2, 1, 1, 2], [3, 1, 2, 2, 1], [0, 0, 0, 1, 1]).round(3).tolist()
    [0.667, 0.0]
    """
    a, b = as_floats(now, "now"), as_floats(before, "before")
    check(now=(a, "N"), before=(b, "N"))
    if how not in AGREEMENTS:
        raise UnknownNameError.among("agreement", how, AGREEMENTS)
    codes, n_groups = as_group(group, len(a))
    counts = np.bincount(codes, minlength=n_groups)
    order, starts = np.argsort(codes, kind="stable"), np.cumsum(counts) - counts
    out = np.full(n_groups, np.nan)
    for size in np.unique(counts[counts > 1]):  # groups of one size are one table
        own = np.flatnonzero(counts == size)
        rows = order[starts[own][:, None] + np.arange(size)]
        out[own] = _toporder(a[rows], b[rows]) if how == "toporder" else _correlation(a[rows], b[rows], how)
    return out


def agreement_labels(agreement: ArrayLike, pair_group: ArrayLike, *, scope: str = "average") -> PairLabels:
    """Pair labels from the agreement of rankings: label C, the loss is ``C L(w, l) + (1 - C) L(l, w)``; card 93.

    ``agreement[P]`` per prompt, ``pair_group[Q]`` the index of each pair's prompt. ``average`` uses the mean C for all
    pairs (better in the card's and in our runs), ``each`` the C of the prompt. A pair whose prompt has none is dropped.
    """
    c, of = as_floats(agreement, "agreement"), np.asarray(pair_group)
    check(agreement=(c, "P"), pair_group=(of, "Q"))
    if scope not in SCOPES:
        raise UnknownNameError.among("scope", scope, SCOPES)
    own = c[of]
    known = ~np.isnan(own)
    mean = float(own[known].mean()) if known.any() else 1.0
    labels = np.full(len(own), mean) if scope == "average" else np.where(known, own, 0.5)
    return PairLabels(labels, known.astype(np.float64), np.zeros(len(own)))


def agreement_filter(preference: ArrayLike, *, confidence: float = 0.0) -> PairLabels:
    """Only the pairs about which all judges agree; card 101 (SCIR, arXiv 2502.08922).

    ``preference[K, Q]`` is each judge's chance that the first response is better. A pair is kept when all lie on one
    side of one half, at least ``confidence`` away from it; its label is 1 or 0. A missing vote drops the pair.

    >>> agreement_filter([[0.9, 0.6, 0.2], [0.8, 0.4, 0.1]])[:2]
    (array([1., 1., 0.]), array([1., 0., 1.]))
    """
    p = as_floats(preference, "preference")
    check(preference=(p, "K Q"))
    if not 0 <= confidence < 0.5:
        raise SettingError(f"confidence={confidence}", expected="a number in [0, .5)")
    above = (p - 0.5 >= confidence) & (p > 0.5)
    below = (0.5 - p >= confidence) & (p < 0.5)
    first, second = above.all(0), below.all(0)
    weights = np.where(first | second, 1.0, 0.0)
    return PairLabels(np.where(second, 0.0, 1.0), weights, np.zeros(len(weights)))


def margin_scaled_beta(delta: ArrayLike, *, beta: float = 0.1, weight: float = 0.5, k: float = 0.5) -> Floats:
    """``beta (1 + weight (1 - exp(-k delta)))`` of each reward gap ``delta[Q]``: clear pairs weigh more; card 87.

    Rises from beta at a gap of 0 to ``beta (1 + weight)``; a gap below 0 counts as 0. arXiv 2502.10391, recalled.

    >>> margin_scaled_beta([0.0, 1e9], beta=1.0).tolist()
    [1.0, 1.5]
    """
    gap = as_floats(delta, "delta")
    check(delta=(gap, "Q"))
    if beta <= 0 or weight < 0 or k <= 0:
        raise SettingError(f"beta={beta}, weight={weight}, k={k}", expected="beta > 0, weight >= 0, k > 0")
    return beta * (1 + weight * -np.expm1(-k * np.maximum(gap, 0.0)))


def implicit_preference(logp: ArrayLike, logp_ref: ArrayLike, *, beta: float = 0.1) -> Floats:
    """A policy's own preference, ``sigmoid(beta (d_1 - d_2))`` with ``d = log pi - log pi_ref``: [Q]; card 101.

    ``logp[Q, 2]`` and ``logp_ref[Q, 2]`` are log-likelihoods of both responses, length-normalised or not: the card's
    correction for length was not found, so the caller decides.
    """
    own, ref = as_floats(logp, "logp"), as_floats(logp_ref, "logp_ref")
    check(logp=(own, "Q 2"), logp_ref=(ref, "Q 2"))
    gain = own - ref
    return sigmoid(beta * (gain[:, 0] - gain[:, 1]))


def _correlation(a: Floats, b: Floats, how: str) -> Floats:
    """``(correlation + 1) / 2`` of the rows of two tables [P, G]."""
    sa, sb = (np.sign(x[:, :, None] - x[:, None, :]) for x in (a, b))
    if how == "spearman":  # ranks with ties averaged are sums of signs
        sa, sb = sa.sum(2), sb.sum(2)
    axes = tuple(range(1, sa.ndim))
    top, size = (sa * sb).sum(axes), np.sqrt((sa**2).sum(axes) * (sb**2).sum(axes))
    lost = np.isnan(a).any(1) | np.isnan(b).any(1) | ~(size > 0)
    return np.where(lost, np.nan, (np.divide(top, size, out=np.zeros_like(top), where=~lost) + 1) / 2)


def _toporder(a: Floats, b: Floats) -> Floats:
    """Half for the same best response, half for the same worst; a tied place counts by the share of common members."""
    lost = np.isnan(a).any(1) | np.isnan(b).any(1) | (np.ptp(a, 1) == 0) | (np.ptp(b, 1) == 0)
    shares = []
    for pick in (np.max, np.min):
        at = [x == pick(x, axis=1, keepdims=True) for x in (a, b)]
        shares.append((at[0] & at[1]).sum(1) / np.maximum((at[0] | at[1]).sum(1), 1))
    return np.where(lost, np.nan, (shares[0] + shares[1]) / 2)
