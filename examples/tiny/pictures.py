"""Curves as a picture and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

INK, PAID, WORTH, GRAY = "#222222", "#c2410c", "#1d4ed8", "#6b7280"


def panels(path: Path, parts: Sequence[Mapping[str, Any]], *, smooth: int = 3, columns: int = 3) -> None:
    """One panel per part: ``title``, ``curves`` (label: values, color), ``marks`` (label: step), ``first`` step."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = min(columns, len(parts))
    rows = -(-len(parts) // columns)
    size = (4.6 * columns, 3.4 * rows)
    figure, axes = pyplot.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    for axis in axes.flat[len(parts) :]:
        axis.set_axis_off()
    for axis, part in zip(axes.flat, parts, strict=False):
        first = part.get("first", 0)
        for k, (label, (values, color)) in enumerate(part["curves"].items()):
            below = {"lw": 4.5, "alpha": 0.5} if k == 0 else {"lw": 2.0}  # equal curves stay visible
            axis.plot(
                first + np.arange(len(values)), _smooth(np.asarray(values), smooth), color=color, label=label, **below
            )
        for step, label in _by_step(part.get("marks", {})):
            axis.axvline(step, color=GRAY, lw=1, ls="--")
            axis.annotate(
                label, (step, 0.98), xytext=(-5, 0), textcoords="offset points", ha="right", va="top", color=INK
            )
        axis.set_title(part["title"], fontsize=11, color=INK)
        axis.set_xlabel("training step")
        axis.set_ylim(-0.03, 1.05)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=9, loc=part.get("legend", "center right"))
    for row in axes:
        row[0].set_ylabel("mean per step")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _by_step(marks: Mapping[str, int]) -> list[tuple[int, str]]:
    """Marks by step; two at one step share a label."""
    table: dict[int, list[str]] = {}
    for label, step in marks.items():
        table.setdefault(step, []).append(label)
    return [(step, " and\n".join(labels)) for step, labels in sorted(table.items())]


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Curves and figures as JSON, rounded; a missing value is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(data), indent=1) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), 4) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Centred mean over the known values of a window."""
    half = width // 2
    parts = [values[max(0, k - half) : k + half + 1] for k in range(len(values))]
    return np.array([np.nanmean(p) if not np.isnan(p).all() else np.nan for p in parts])
