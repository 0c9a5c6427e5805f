"""The scale of a criterion: which answers there are, and what number each one is.

Short forms in files: ``binary``, ``ternary``, ``pairwise``, ``1-5`` (ordinal), ``points 0-10``, or a table of labels
``{support: 1, partial: 0.5, not: 0}``.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_RANGE = re.compile(r"^(?:(points|ordinal)\s+)?(-?\d+(?:\.\d+)?)\s*(?:-|to|\.\.)\s*(-?\d+(?:\.\d+)?)$")
_FIXED = {"binary": (0.0, 1.0), "ternary": (0.0, 1.0), "pairwise": (-2.0, 2.0)}


class Scale(BaseModel):
    """Answers of a criterion and their values.

    binary: met 1, not met 0. ternary: met 1, partial .5, not met 0. ordinal: integers ``min..max`` with optional
    ``anchors`` (level -> behaviour). points: any number in [min, max]. pairwise: -2..2, positive when the first
    response is better. labels: the named answers in ``labels``, worst to best or in any order, each with its value.

    >>> Scale.model_validate("1-5").levels
    (1.0, 2.0, 3.0, 4.0, 5.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["binary", "ternary", "ordinal", "points", "pairwise", "labels"] = "binary"
    min: float = 0.0
    max: float = 1.0
    anchors: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = _parse(data)
        if isinstance(data, dict):
            data = dict(data)
            if "labels" in data and "kind" not in data:
                data["kind"] = "labels"
            kind, labels = str(data.get("kind")), data.get("labels")
            if kind in _FIXED:
                low, high = _FIXED[kind]
                data.setdefault("min", low)
                data.setdefault("max", high)
            if kind == "labels" and isinstance(labels, dict) and labels:
                values = [v for v in labels.values() if isinstance(v, (int, float))]
                if len(values) == len(labels):
                    data.setdefault("min", min(values))
                    data.setdefault("max", max(values))
            if isinstance(data.get("anchors"), dict):
                data["anchors"] = {str(k): v for k, v in data["anchors"].items()}
        return data

    @model_validator(mode="after")
    def _check(self) -> Scale:
        if not (math.isfinite(self.min) and math.isfinite(self.max) and self.min < self.max):
            raise ValueError(f"the scale runs from {self.min:g} to {self.max:g}; expected finite min < max")
        if self.kind in _FIXED and (self.min, self.max) != _FIXED[self.kind]:
            raise ValueError(f"a {self.kind} scale runs from {_FIXED[self.kind][0]:g} to {_FIXED[self.kind][1]:g}")
        if self.kind == "ordinal" and not (self.min.is_integer() and self.max.is_integer()):
            raise ValueError("an ordinal scale has whole-number ends; use kind 'points' for other numbers")
        if (self.kind == "labels") != bool(self.labels):
            raise ValueError("labels go with kind 'labels', at least two of them")
        if self.labels and (len(self.labels) < 2 or not all(math.isfinite(v) for v in self.labels.values())):
            raise ValueError("a labels scale needs at least two labels with finite values")
        return self

    def __hash__(self) -> int:
        """By content; what has a hash the validation library does not copy for each criterion that leaves it out."""
        tables = (tuple(sorted(self.anchors.items())), tuple(sorted(self.labels.items())))
        return hash((self.kind, self.min, self.max, *tables))

    @property
    def levels(self) -> tuple[float, ...]:
        """The values that a verdict may take; empty for points, where any number in range may come."""
        if self.kind == "binary":
            return (0.0, 1.0)
        if self.kind == "ternary":
            return (0.0, 0.5, 1.0)
        if self.kind == "labels":
            return tuple(sorted(set(self.labels.values())))
        if self.kind == "points":
            return ()
        return tuple(float(k) for k in range(int(self.min), int(self.max) + 1))

    def admits(self, value: float) -> bool:
        """Whether ``value`` was offered by this scale."""
        if not math.isfinite(value) or not self.min <= value <= self.max:
            return False
        return self.kind == "points" or value in self.levels


def _parse(text: str) -> dict[str, Any]:
    if text in _FIXED:
        return {"kind": text}
    match = _RANGE.match(text.strip().lower())
    if not match:
        raise ValueError(f"unknown scale {text!r}; expected binary, ternary, pairwise, '1-5', 'points 0-10' or labels")
    kind, low, high = match.groups()
    whole = float(low).is_integer() and float(high).is_integer()
    return {"kind": kind or ("ordinal" if whole else "points"), "min": float(low), "max": float(high)}
