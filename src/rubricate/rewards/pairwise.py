"""Criterion-wise comparison of two answers, added up by tiers outside the judge (OpenRS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_bools, as_floats, as_group, check
from rubricate.errors import SettingError
from rubricate.reduce import group_table
from rubricate.rewards.outcome import Outcome, Rewards, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table, as_scores
from rubricate.rewards.totals import Total, total
from rubricate.steps import FrozenMapping
from rubricate.structure import Structure

OPENRS_TIERS = FrozenMapping({"core": 5.0, "important": 2.0, "highlight": 1.0})


@dataclass(frozen=True, kw_only=True)
class Tiers(Scorer):
    """``x = sum w_k s_k / (sum w_k + eps)`` over signed criterion scores s (such as -2..2), w by tier.

    Any non-zero ``fatal`` criterion decides alone: x = sum of the fatal scores. ``|x| < margin`` -> 0. zeros ``skip``
    (published) drops criteria scored 0 from the denominator too, so (0, 0 core, +1 highlight) scores as much as
    (1, 1, 1); ``keep`` gives 1/11. Tiers come from the weight classes of the structure; without a structure the weights
    are taken as they are and gates are fatal. A fatal criterion without a verdict leaves no reward under drop_item.

    Context ``backward[N, C]``: verdicts in [0, 1] with the answers in the other order, above 1/2 when the one shown
    first is better. The reward is then 1 (first preferred: forward > margin and backward <= -margin), -1 (the mirror
    image) or 0. ties, for the total: ``exclude`` W / (W + L), ``half`` counts a tie as half a win.
    Source: card 8, arXiv 2602.14069 (code read, ran).
    """

    tiers: Mapping[str, float] = OPENRS_TIERS
    fatal: str = "fatal"
    zeros: str = "skip"
    margin: float = 0.0
    ties: str = "exclude"
    eps: float = 1e-6
    takes: ClassVar[tuple[str, ...]] = ("backward",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.choice("zeros", ("skip", "keep"))
        self.choice("ties", ("exclude", "half"))
        if not self.margin >= 0:
            raise SettingError(f"margin={self.margin!r}", where=self.name, expected="0 or more")

    @property
    def needs_structure(self) -> bool:
        """True: tiers are the weight classes of the structure."""
        return True

    def extremes(self, table: Table) -> tuple[Floats, Floats]:
        """The ends of the scale: signs are in the verdicts, not in the weights."""
        return np.zeros(table.values.shape), np.ones(table.values.shape)

    def formula(self, table: Table) -> Outcome:
        """x, or the agreed preference when both orders are there."""
        size, fatal = self._sizes(table)
        out = self._net(table, table.values, size, fatal)
        code = np.where((table.asked & ~table.use & fatal).any(1), Why.GATE, Why.OK)
        backward = table.context.get("backward")
        if backward is not None:
            check(values=(table.values, "N C"), backward=(backward, "N C"))
            unknown = (table.use & np.isnan(backward)).any(1)
            code = np.where(unknown, Why.REFERENCE, code)
            other = self._net(table, np.where(np.isnan(backward), 0.0, backward), size, fatal)
            out = both_orders(out, other, self.margin)
        return Outcome(out, code, np.ones(len(table)))

    def total(
        self,
        rewards: Rewards | ArrayLike,
        group: ArrayLike | None = None,
        *,
        rng: np.random.Generator | None = None,
        resamples: int = 1000,
        of: str = "mean",
    ) -> Total:
        """Win rate over comparisons: W / (W + L), or with ties as half a win."""
        x = rewards.values if isinstance(rewards, Rewards) else as_floats(rewards, "rewards")
        win = np.where(np.isnan(x), np.nan, 0.5 + 0.5 * np.sign(x))
        keep = np.ones(len(x), dtype=np.bool_) if self.ties == "half" else win != 0.5
        group = None if group is None else np.asarray(group)[keep]
        return total(win[keep], group, rng=rng, resamples=resamples, of=of)

    def _sizes(self, table: Table) -> tuple[Floats, Bools]:
        if not table.structures:
            return np.abs(table.weights), table.gate
        names = [*self.tiers, self.fatal]
        code = table.leaf([s.class_codes(names, where=self.name) for s in table.structures], -1)
        tier = np.array([*(float(w) for w in self.tiers.values()), 0.0, np.nan])[code]
        return np.where(code < 0, np.abs(table.weights), tier), code == len(names) - 1

    def _net(self, table: Table, values: Floats, size: Floats, fatal: Bools) -> Floats:
        s = np.where(table.use, table.lo + values * (table.hi - table.lo), 0.0)
        counted = table.use & ~fatal & ((s != 0) | (self.zeros == "keep"))
        weight = np.where(counted, size, 0.0)
        x = (weight * s).sum(1) / (weight.sum(1) + self.eps)
        x = np.where(np.abs(x) < self.margin, 0.0, x)
        hit = (fatal & (s != 0)).any(1)
        return np.where(hit, np.where(fatal, s, 0.0).sum(1), x)


def tier_reward(
    scores: ArrayLike,
    backward: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    gate_mask: ArrayLike | None = None,
    tiers: Structure | Sequence[Structure] | None = None,
    *,
    zeros: str = "keep",
    margin: float = 0.0,
) -> Floats:
    """The reward of ``Tiers`` from comparisons with another answer as plain arrays: float[N], NaN where there is none.

    ``scores[N, C]`` holds the verdicts -2..2 as shares, ``(v + 2) / 4``: above 1/2 the response does better. With
    ``backward[N, C]``, the same with the answers in the other order (above 1/2 the one shown first, which is the other
    answer, does better), the reward is 1, -1 or 0, else x. Nothing is added up by the judge. The tiers are the weight
    classes of ``tiers`` (a rubric's ``structure()``); without it ``weights`` are taken and gates are fatal. Card 8.

    >>> tier_reward([[1.0, 0.5], [0.5, 0.5]], [[0.0, 0.5], [0.5, 0.5]]).tolist()
    [1.0, 0.0]
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "N C"))
    gates = as_bools(False if gate_mask is None else gate_mask, "gate_mask")
    if gates.ndim:
        check(scores=(values, "N C"), gate_mask=(gates, "C | N C"))
    packed = as_scores(values, 1.0 if weights is None else weights, asked=asked, lo=-2.0, hi=2.0, gate=gates)
    if backward is not None:
        check(scores=(values, "N C"), backward=(as_floats(backward, "backward"), "N C"))
    return Tiers(zeros=zeros, margin=margin).score(packed, tiers, backward=backward).values


def both_orders(forward: ArrayLike, backward: ArrayLike, margin: float = 0.0) -> Floats:
    """1, -1 or 0: the first answer is preferred iff forward > margin and backward <= -margin, and in mirror image.

    ``backward`` is the score with the answers swapped, positive when the one shown first (the second answer) is better.
    A tie in the second order confirms the first at margin 0, as published. NaN in either gives NaN.
    """
    f, b = as_floats(forward, "forward"), as_floats(backward, "backward")
    check(forward=(f, "N"), backward=(b, "N"))
    first, second = (f > margin) & (b <= -margin), (b > margin) & (f <= -margin)
    return np.where(np.isnan(f) | np.isnan(b), np.nan, first.astype(np.float64) - second)


def against_all(outcome: ArrayLike, group: ArrayLike) -> Floats:
    """One answer against many: 1 if every comparison of the group is won, -1 if any is lost, else 0: float[P].

    A comparison without an outcome leaves the group NaN, unless another one is lost.

    >>> against_all([1.0, 1.0, 1.0, 0.0, 1.0, -1.0], [0, 0, 1, 1, 2, 2]).tolist()
    [1.0, 0.0, -1.0]
    """
    x = as_floats(outcome, "outcome")
    check(outcome=(x, "N"))
    codes, count = as_group(group, len(x))
    worst = np.sign(group_table(x, codes, count, "min"))
    unknown = np.bincount(codes, weights=np.isnan(x), minlength=count) > 0
    return np.where(unknown & ~(worst < 0), np.nan, worst)
