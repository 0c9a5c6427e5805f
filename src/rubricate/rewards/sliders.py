"""Sliders: named axes that a stakeholder sets, turned into criterion weights without a new verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from rubricate.arrays import Floats, Scores
from rubricate.errors import SettingError, UnknownNameError


@dataclass(frozen=True)
class Sliders:
    """``w_j = base_j * prod_a value_a ^ m_aj`` over the axes that name criterion j; the others keep ``base_j``.

    ``axes``: (name, ((criterion id, m), ...)), as ``Sliders.of`` makes them. A setting is a number >= 0, 1 (no
    change) where it is left out, so no weight changes its sign. Every judge call is kept: only
    ``Scores.with_weights`` is used. Cards 12, 98, 116 (weights edited at test time; the form is ours).

    >>> sliders = Sliders.of(warmth=["kind"], rigour={"cites": 1.0, "right": 0.5})
    >>> sliders.factors(("kind", "cites", "right", "short"), rigour=4.0).tolist()
    [1.0, 4.0, 2.0, 1.0]
    """

    axes: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.axes]
        if not names or len(set(names)) != len(names):
            raise SettingError(f"axes {names}", expected="one axis or more, each with a name of its own")
        for name, criteria in self.axes:
            if not criteria or not all(np.isfinite(m) and m >= 0 for _, m in criteria):
                raise SettingError(f"the axis {name!r} has {criteria}", expected="criterion ids with numbers >= 0")

    @classmethod
    def of(cls, **axes: Mapping[str, float] | Iterable[str]) -> Sliders:
        """Each axis as criterion ids (m = 1) or as a table of ids and m."""
        tables = {a: c if isinstance(c, Mapping) else dict.fromkeys(c, 1.0) for a, c in axes.items()}
        return cls(tuple((a, tuple((k, float(m)) for k, m in table.items())) for a, table in tables.items()))

    @property
    def criteria(self) -> frozenset[str]:
        """Every criterion that an axis names."""
        return frozenset(c for _, table in self.axes for c, _ in table)

    def factors(self, criteria: Iterable[str], **settings: float) -> Floats:
        """[C] what multiplies the weight of each criterion; UnknownNameError for an axis that is not there."""
        names = [name for name, _ in self.axes]
        for axis, value in settings.items():
            if axis not in names:
                raise UnknownNameError.among("axis", axis, names)
            if not (np.isfinite(value) and value >= 0):
                raise SettingError(f"{axis}={value}", expected="a number >= 0")
        pull: dict[str, float] = {}
        for axis, table in self.axes:
            for criterion, m in table:
                pull[criterion] = pull.get(criterion, 1.0) * settings.get(axis, 1.0) ** m
        return np.array([pull.get(c, 1.0) for c in criteria], dtype=np.float64)

    def apply(self, scores: Scores, **settings: float) -> Scores:
        """The same verdicts under the weights that the settings give; no call is made.

        A criterion of an axis that no rubric of ``scores`` holds raises UnknownNameError: a slider without an effect
        would look like one.
        """
        known = {c for ids in scores.criteria for c in ids}
        for criterion in sorted(self.criteria - known):
            raise UnknownNameError.among("criterion", criterion, known, where="sliders")
        factor = np.ones((len(scores.criteria), scores.values.shape[1]))
        for k, ids in enumerate(scores.criteria):
            factor[k, : len(ids)] = self.factors(ids, **settings)
        return scores.with_weights(scores.weights * factor[scores.rubric])
