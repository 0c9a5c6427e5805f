"""Learning curves of the lab: in the terminal as lines of blocks, as a picture with the extra ``lab``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from rubricate.arrays import Floats
from rubricate.errors import MissingExtraError
from rubricate.lab.learn import Curve

BLOCKS = " ▁▂▃▄▅▆▇█"


def sparkline(values: Floats, width: int = 40, low: float = 0.0, high: float = 1.0) -> str:
    """A line of blocks for a series, averaged to ``width`` places between ``low`` and ``high``.

    >>> sparkline(np.array([0.0, 0.5, 1.0]), width=3)
    ' ▄█'
    """
    parts = np.array_split(values, min(width, len(values)))
    means = np.array([p[~np.isnan(p)].mean() if (~np.isnan(p)).any() else low for p in parts])
    places = np.clip((means - low) / (high - low or 1.0), 0.0, 1.0) * (len(BLOCKS) - 1)
    return "".join(BLOCKS[round(float(p))] for p in places)


def print_curves(curves: Mapping[str, Sequence[Curve]], console: Console | None = None) -> None:
    """Reward and true quality of each recipe over training: start, curve, end with the spread over seeds."""
    out = console or Console()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name, justify in (("recipe", "left"), ("", "left"), ("start", "right"), ("curve", "left"), ("end", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    rewards = np.concatenate([c.reward for runs in curves.values() for c in runs])
    known = rewards[~np.isnan(rewards)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    for name, runs in curves.items():
        for what, series, lo, hi in (
            ("reward", [c.reward for c in runs], low, high),
            ("quality", [c.quality for c in runs], 0.0, 1.0),
        ):
            mean = np.mean(series, axis=0)
            ends = np.array([s[-1] for s in series])
            end = f"{ends.mean():.3f} ± {ends.std():.3f}"
            table.add_row(name if what == "reward" else "", what, f"{mean[0]:.3f}", sparkline(mean, 40, lo, hi), end)
    out.print(table)


def save_plot(curves: Mapping[str, Sequence[Curve]], path: Path, title: str) -> None:
    """A picture with reward and true quality side by side, one line per recipe, its spread over seeds shaded."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt
    except ImportError:
        raise MissingExtraError.of("matplotlib", "lab", purpose="drawing curves") from None
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
    for axis, name in zip(axes, ("reward", "quality"), strict=True):
        for label, runs in curves.items():
            table = np.array([getattr(c, name) for c in runs])
            steps, mean, spread = np.arange(table.shape[1]), table.mean(0), table.std(0)
            line = axis.plot(steps, mean, label=label)[0]
            axis.fill_between(steps, mean - spread, mean + spread, alpha=0.2, color=line.get_color())
        axis.set_xlabel("update")
        axis.set_title("reward paid" if name == "reward" else "true quality")
    axes[1].legend(frameon=False)
    figure.suptitle(title)
    figure.savefig(path, dpi=130)
    plt.close(figure)
