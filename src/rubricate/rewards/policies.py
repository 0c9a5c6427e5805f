"""One scorer with orthogonal switches: denominator, clip order, missing verdicts, gates, saturation, pooling.

Most published rubric scores are one choice per switch (``rubricate.rewards.named`` lists them); trees, stages, points
with deductions, pairwise tiers and ratios to a reference have classes of their own under the same protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Bools, Floats, Scores
from rubricate.errors import PolicyError, SettingError
from rubricate.rewards.outcome import Outcome, Rewards, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table, as_scores
from rubricate.steps import FrozenMapping
from rubricate.structure import Structure

__all__ = ["Policy", "Rewards", "Scorer", "as_scores", "category_scores", "tag_scores"]

DENOMINATORS = ("positive", "abs", "sum", "minmax", "fixed", "none")


class _Parts(NamedTuple):
    """The score before clip and veto, what each criterion gained and the factor that makes it a share, code, mass."""

    value: Floats
    gained: Floats
    factor: Floats
    code: NDArray[Any]
    mass: Floats


@dataclass(frozen=True, kw_only=True)
class Policy(Scorer):
    """``score = sum_i w_i x_i / D``, with a switch for every way in which published scores differ.

    denominator: ``positive`` D = sum of positive weights; ``abs`` sum |w|; ``sum`` sum w (a negative weight leaves the
      row without a reward); ``minmax`` (raw - lowest) / (highest - lowest), in [0, 1] under any signs; ``fixed``
      D = max_total; ``none`` D = 1.
    negatives_only (denominator positive, no positive item): ``undefined``; ``signed_fallback`` D = sum |w|;
      ``one_plus`` 1 + raw / sum |w|.
    units: ``normalised`` x = v in [0, 1]; ``native`` x = lo + v (hi - lo); ``of_max`` x = native / hi.
    partial: the value that a half verdict (.5, for three-step scales) counts as; None keeps it.
    weighted: False lets every item count the same (its sign stays). class_weights: |w| by weight class.
    pool: ``items``, or ``categories``: the score of each category, averaged by the category weights.
    saturate: positive points of a category count up to this share of its available ones (D stays: padding cannot win).
    gate: ``veto`` a failed gate leaves at most gate_floor (a score below it stays: failing a gate never pays);
      ``truncate`` then the positive items that are no gates count as unmet.
      Gates are the required criteria (gate_on='required') or all; one fails when it comes out below its own min_score,
      else below gate_threshold. Without a verdict on a gate there is no reward, not even under drop_item.

    >>> Policy(clip="mean").score(as_scores([[1.0, 1.0, 1.0]], [5.0, 5.0, -8.0])).values.tolist()
    [0.2]
    """

    denominator: str = "positive"
    negatives_only: str = "undefined"
    max_total: float | None = None
    units: str = "normalised"
    partial: float | None = None
    weighted: bool = True
    class_weights: Mapping[str, float] = FrozenMapping({})
    pool: str = "items"
    saturate: float | None = None
    gate: str = "none"
    gate_on: str = "required"
    gate_threshold: float = 0.5
    gate_floor: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.choice("denominator", DENOMINATORS)
        self.choice("negatives_only", ("undefined", "signed_fallback", "one_plus"))
        self.choice("units", ("normalised", "native", "of_max"))
        self.choice("pool", ("items", "categories"))
        self.choice("gate", ("none", "veto", "truncate"))
        self.choice("gate_on", ("required", "all"))
        for setting, low, high in (("partial", 0, 1), ("saturate", 0, 1), ("gate_threshold", 0, 1)):
            value = getattr(self, setting)
            if value is not None and not low <= value <= high:
                raise SettingError(f"{setting}={value!r}", where=self.name, expected=f"a number in [{low}, {high}]")
        if self.max_total is not None and not self.max_total > 0:
            raise SettingError(f"max_total={self.max_total!r}", where=self.name, expected="a positive number")

    @property
    def needs_structure(self) -> bool:
        """When weights come from classes, categories are pooled, gates have thresholds, or the rubric has max_total."""
        from_rubric = self.denominator == "fixed" and self.max_total is None
        return bool(self.class_weights) or self.pool == "categories" or self.gate != "none" or from_rubric

    def prepare(self, table: Table) -> Floats:
        """Half verdicts as ``partial``."""
        return table.values if self.partial is None else np.where(table.values == 0.5, self.partial, table.values)

    def formula(self, table: Table) -> Outcome:
        """Shares summed, then clipped, then vetoed."""
        parts = self._parts(table)
        outcome = self.clipped(Outcome(parts.value, parts.code, parts.mass))
        if self.gate == "none":
            return outcome
        unknown = (self._gates(table) & ~table.use).any(1) & (outcome.code == Why.OK)
        outcome = outcome._replace(code=np.where(unknown, Why.GATE, outcome.code))
        if self.gate == "truncate":
            return outcome
        vetoed = np.minimum(outcome.values, self.gate_floor)
        return outcome._replace(values=np.where(self._failed(table).any(1), vetoed, outcome.values))

    def contributions(
        self, scores: Scores, structure: Structure | Sequence[Structure] | None = None, **context: ArrayLike | None
    ) -> Floats:
        """The exact shares ``w_i x_i / D``: they sum to the score before clip and veto (minus 1 under one_plus).

        Under minmax an item adds ``(w_i x_i - its lowest) / range``. Rows without a reward are NaN.
        """
        rewards, table = self._settle(self._table(scores, structure, context), scores)
        parts = self._parts(table)
        return np.where(rewards.valid[:, None], parts.gained * parts.factor, np.nan)

    def _parts(self, table: Table) -> _Parts:
        weights = self._weights(table)
        x, x0, x1 = self._units(table)
        points, low, high = weights * x, weights * x0, weights * x1
        low, high = np.minimum(low, high), np.maximum(low, high)
        if self.gate == "truncate":
            hit = self._failed(table).any(1, keepdims=True)
            points = np.where(hit & ~self._gates(table) & (weights > 0), low, points)
        if self.saturate is not None:
            points = self._saturated(points, high, table)
        gained = points - low if self.denominator == "minmax" else points
        if self.pool == "items":
            return self._ratio(gained, low, high, weights, table)
        return self._by_category(gained, low, high, weights, table)

    def _ratio(self, gained: Floats, low: Floats, high: Floats, weights: Floats, table: Table) -> _Parts:
        den, offset, code = self._denominator(low, high, weights, table)
        safe = np.where(code == Why.OK, den, 1.0)
        mass = np.ones(len(table)) if self.denominator in ("fixed", "none") else den
        return _Parts(gained.sum(1) / safe + offset, gained, 1.0 / safe[:, None], code, mass)

    def _by_category(self, gained: Floats, low: Floats, high: Floats, weights: Floats, table: Table) -> _Parts:
        size = self._category_weights(table)
        whole, value, factor = np.zeros(len(table)), np.zeros(len(table)), np.zeros(gained.shape)
        code = np.full(len(table), Why.OK, dtype=np.int64)
        for k in range(size.shape[1]):
            mask = table.category == k
            on = (mask & table.use).any(1) & (size[:, k] > 0)
            part = self._ratio(
                np.where(mask, gained, 0.0), np.where(mask, low, 0.0), np.where(mask, high, 0.0),
                np.where(mask, weights, 0.0), table,
            )  # fmt: skip
            share = np.where(on, size[:, k], 0.0)
            whole, value = whole + share, value + share * part.value
            factor = np.where(mask, share[:, None] * part.factor, factor)
            code = np.where(on & (code == Why.OK), part.code, code)
        code = np.where(whole > 0, code, Why.ZERO)
        safe = np.where(whole > 0, whole, 1.0)
        return _Parts(value / safe, gained, factor / safe[:, None], code, np.ones(len(table)))

    def _denominator(
        self, low: Floats, high: Floats, weights: Floats, table: Table
    ) -> tuple[Floats, Floats, NDArray[Any]]:
        n, kind = len(weights), self.denominator
        offset, code = np.zeros(n), np.full(n, Why.OK, dtype=np.int64)
        if kind == "positive":
            den = np.maximum(weights, 0.0).sum(1)
            bare = ~(den > 0)
            if bare.any() and self.negatives_only == "undefined":
                code[bare] = Why.NO_POSITIVE
            elif bare.any():
                den = np.where(bare, np.abs(weights).sum(1), den)
                offset = bare.astype(np.float64) if self.negatives_only == "one_plus" else offset
        elif kind == "sum":
            den = weights.sum(1)
            code[(weights < 0).any(1)] = Why.NEGATIVE
        elif kind == "fixed":
            den = self._max_total(table)
        else:
            den = {"abs": np.abs(weights).sum(1), "minmax": (high - low).sum(1), "none": np.ones(n)}[kind]
        code[~(den > 0) & (code == Why.OK)] = Why.ZERO
        return den, offset, code

    def _max_total(self, table: Table) -> Floats:
        if self.max_total is not None:
            return np.full(len(table), self.max_total)
        stated = np.array([s.max_total for s in table.structures])
        if not len(stated) or not (stated > 0).all():
            raise PolicyError(
                "denominator='fixed' without a max_total", where=self.name, expected="max_total in the policy or rubric"
            )
        return stated[table.rubric] if len(stated) > 1 else np.full(len(table), stated[0])

    def _weights(self, table: Table) -> Floats:
        weights = table.weights if self.weighted else np.where(table.weights < 0, -1.0, 1.0)
        if self.class_weights and table.structures:
            names = list(self.class_weights)
            sizes = np.array([*(float(self.class_weights[k]) for k in names), np.nan])
            size = sizes[table.leaf([s.class_codes(names, where=self.name) for s in table.structures], -1)]
            weights = np.where(np.isnan(size), weights, np.where(table.weights < 0, -size, size))
        return np.where(table.use, weights, 0.0)

    def _units(self, table: Table) -> tuple[Floats, Floats, Floats]:
        """Values in the chosen units, and what the ends of the scale come to."""
        lo, hi = table.lo, table.hi
        if self.units == "normalised":
            return table.values, np.zeros(()), np.ones(())
        native = lo + table.values * (hi - lo)
        if self.units == "native":
            return native, lo, hi
        if (table.use & ~(hi > 0)).any():
            raise PolicyError(
                "units='of_max' with a scale that does not end above 0", where=self.name, expected="hi > 0"
            )
        top = np.where(table.use, hi, 1.0)
        return native / top, lo / top, np.ones(())

    def _gates(self, table: Table) -> Bools:
        return table.asked if self.gate_on == "all" else table.asked & table.gate

    def _failed(self, table: Table) -> Bools:
        """[N, C] gates with a verdict that come out below their threshold."""
        good = np.where(table.weights < 0, 1.0 - table.values, table.values)
        threshold: Floats | float = self.gate_threshold
        if table.structures:
            own = table.leaf([s.min_score[s.leaves] for s in table.structures], np.nan)
            threshold = np.where(
                np.isnan(own), threshold, (own - table.lo) / np.where(table.use, table.hi - table.lo, 1.0)
            )
        return self._gates(table) & table.use & (good < threshold)

    def _saturated(self, points: Floats, high: Floats, table: Table) -> Floats:
        out = points.copy()
        for k in range(int(table.category.max(initial=0)) + 1):
            mask = (table.category == k) & (points > 0)
            got = np.where(mask, points, 0.0).sum(1)
            limit = (self.saturate or 0.0) * np.where(table.category == k, np.maximum(high, 0.0), 0.0).sum(1)
            factor = np.divide(np.minimum(got, limit), got, out=np.ones(len(got)), where=got > 0)
            out = np.where(mask, points * factor[:, None], out)
        return out

    def _category_weights(self, table: Table) -> Floats:
        """[N, K] the weight of each category, 1 without a structure."""
        count = int(table.category.max(initial=0)) + 1
        if not table.structures:
            return np.ones((len(table), count))
        sizes = np.zeros((len(table.structures), count))
        for k, s in enumerate(table.structures):
            sizes[k, : len(s.category_weights)] = s.category_weights[:count]
        return sizes[np.zeros(len(table), dtype=np.int64) if len(sizes) == 1 else table.rubric]


def category_scores(
    policy: Scorer,
    scores: Scores,
    structure: Structure | Sequence[Structure] | None = None,
    **context: ArrayLike | None,
) -> dict[int, Rewards]:
    """The policy applied to the items of each category alone, by category code (PRBench: with denominator minmax)."""
    codes = np.unique(scores.category[scores.asked]).tolist()
    return {
        k: policy.score(replace(scores, asked=scores.asked & (scores.category == k)), structure, **context)
        for k in codes
    }


def tag_scores(
    policy: Scorer,
    scores: Scores,
    structure: Structure | Sequence[Structure],
    *,
    example_tags: Sequence[Sequence[str]] = (),
    **context: ArrayLike | None,
) -> dict[str, Rewards]:
    """Rewards per tag as HealthBench reports them: an example tag takes the row's score, an item tag recomputes it.

    Item tags come from the structure: the score over the items that carry the tag; ``example_tags[N]`` hold the tags
    of each row. Rows that a tag does not concern say "nothing was asked". A name used for both raises SettingError.
    """
    whole = policy.score(scores, structure, **context)
    found: dict[str, Rewards] = {}
    for tag in sorted({t for row in example_tags for t in row}):
        on = np.array([tag in row for row in example_tags], dtype=np.bool_)
        code = np.where(on, whole.code, np.int8(Why.NOTHING_ASKED))
        found[tag] = replace(
            whole, values=np.where(on, whole.values, np.nan), valid=whole.valid & on, code=code.astype(np.int8),
            mass=np.where(on, whole.mass, 0.0),
        )  # fmt: skip
    listed = (structure,) if isinstance(structure, Structure) else tuple(structure)
    for tag in sorted({t for s in listed for tags in s.tags for t in tags}):
        if tag in found:
            raise SettingError(
                f"the tag {tag!r} is on examples and on items", where="example_tags", expected="one kind"
            )
        on_item = np.zeros((len(listed), scores.values.shape[1]), dtype=np.bool_)
        for k, s in enumerate(listed):
            on_item[k, : s.width] = [tag in s.tags[node] for node in s.leaves]
        mask = on_item[scores.rubric] if len(listed) > 1 else on_item
        found[tag] = policy.score(replace(scores, asked=scores.asked & mask), structure, **context)
    return found
