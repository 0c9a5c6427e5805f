"""The four plots of the study, drawn from ``docs/study.json`` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

INK, GREY, BLUE, ORANGE, GREEN = "#222222", "#9a9a9a", "#2b6cb0", "#c05621", "#2f855a"
JUDGES = ("GPT-4", "PaLM2", "ChatGPT", "ChatGPT-0301", "LLaMA2", "Falcon")
STYLE = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY, "text.color": INK,
    "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "figure.facecolor": "white",
    "svg.hashsalt": "study", "svg.fonttype": "none", "font.family": "DejaVu Sans",
}  # fmt: skip


def draw(found: dict[str, Any], folder: Path) -> None:
    """All plots, the same bytes for the same numbers."""
    folder.mkdir(exist_ok=True)
    with plt.rc_context(STYLE):
        for name, plot in (("criteria", criteria), ("lints", lints), ("recovery", recovery), ("weights", weights)):
            figure = plot(found)
            figure.savefig(folder / f"study_{name}.svg", metadata={"Date": None}, bbox_inches="tight")
            plt.close(figure)


def criteria(found: dict[str, Any]) -> Any:
    """How many criteria a rubric has."""
    figure, axes = plt.subplots(1, 3, figsize=(8.2, 2.3), width_ratios=(1, 2.2, 1))
    groups = (
        ("LLMBar metrics", (("GPT-4", "GPT-4 metrics", BLUE), ("ChatGPT", "ChatGPT metrics", ORANGE))),
        ("DeepResearch Bench",
         (("zh", "DeepResearch Bench zh", BLUE), ("en", "DeepResearch Bench en", ORANGE))),
        ("WritingBench, lengths", (("all", "WritingBench", BLUE),)),
    )  # fmt: skip
    for ax, (title, corpora) in zip(axes, groups, strict=True):
        for k, (label, name, colour) in enumerate(corpora):
            counts = {int(n): c for n, c in found["corpora"][name]["per_rubric"].items()}
            wide = 0.8 / len(corpora)
            ax.bar([n + (k - (len(corpora) - 1) / 2) * wide for n in counts], list(counts.values()), wide * 0.95,
                   color=colour, label=label)  # fmt: skip
        levels = sorted({int(n) for _, name, _ in corpora for n in found["corpora"][name]["per_rubric"]})
        ax.set_xticks(levels)
        ax.set_title(title, fontsize=9, loc="left")
        if len(corpora) > 1:
            ax.set_ylim(top=1.4 * ax.get_ylim()[1])
            ax.legend(frameon=False, fontsize=8, loc="upper left", ncols=2, columnspacing=1, handlelength=1)
    axes[0].set_ylabel("rubrics")
    axes[1].set_xlabel("criteria of a rubric")
    figure.tight_layout(w_pad=2)
    return figure


def lints(found: dict[str, Any]) -> Any:
    """Share of criteria with a finding, by rule and corpus."""
    names = list(found["corpora"])
    rules = sorted({r for c in found["corpora"].values() for r in c["findings"]})
    figure, ax = plt.subplots(figsize=(8.2, 0.45 * len(rules) + 1.1))
    shares = [
        [found["corpora"][n]["findings"].get(r, 0) / found["corpora"][n]["criteria"] for n in names] for r in rules
    ]
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(shares):
        for j, share in enumerate(row):
            text = "-" if not share else f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
            ax.text(j, i, text, ha="center", va="center", color="white" if share > 0.6 else INK)
    ax.set_xticks(
        range(len(names)), [n.replace("Research ", "Research\n").replace(" metrics", "\nmetrics") for n in names]
    )
    ax.set_yticks(range(len(rules)), rules)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("criteria with a finding", fontsize=9, loc="left")
    figure.tight_layout()
    return figure


def recovery(found: dict[str, Any]) -> Any:
    """What metrics gain on the plain question, by judge and subset."""
    gains = {(g["judge"], g["group"]): g for g in found["gains"]
             if (g["base"], g["protocol"], g["rule"]) == ("Vanilla", "Metrics", "half")}  # fmt: skip
    figure, ax = plt.subplots(figsize=(8.2, 3.4))
    shown = (("Natural", GREY, -0.22), ("Neighbor", BLUE, 0.0), ("GPTInst", ORANGE, 0.22))
    for group, colour, shift in shown:
        for k, judge in enumerate(JUDGES):
            g = gains[judge, group]
            ax.plot([100 * g["low"], 100 * g["high"]], [k + shift] * 2, color=colour, lw=2, solid_capstyle="round")
            ax.plot(100 * g["gain"], k + shift, "o", color=colour, ms=5, label=group if k == 0 else None)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(range(len(JUDGES)), JUDGES)
    ax.invert_yaxis()
    ax.set_xlabel("labels recovered: metrics minus plain question, points (half credit where the orders differ), 95 %")
    ax.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    return figure


def weights(found: dict[str, Any]) -> Any:
    """What each way to weigh gains on uniform weights, in rank correlation."""
    sets = found["weights"]
    labels = [f"{w['data']}, new {w['held_out']}s" for w in sets]
    figure, ax = plt.subplots(figsize=(8.2, 0.44 * len(sets) + 1.2))
    ways = (
        ("ridge", BLUE, -0.24),
        ("L1, light", ORANGE, -0.08),
        ("correlation-aware", GREEN, 0.08),
        ("direct", GREY, 0.24),
    )
    for way, colour, shift in ways:
        first = True
        for k, w in enumerate(sets):
            seen = w["ways"].get(way)
            if seen is None or seen["rank_gain"] is None:
                continue
            ax.plot(seen["rank_gain_interval"], [k + shift] * 2, color=colour, lw=1.8, solid_capstyle="round")
            ax.plot(seen["rank_gain"], k + shift, "o", color=colour, ms=4, label=way if first else None)
            first = False
    ax.axvline(0, color=INK, lw=0.8)
    for k in range(len(sets) - 1):
        ax.axhline(k + 0.5, color="#eeeeee", lw=0.8, zorder=0)
    ax.set_yticks(range(len(sets)), labels)
    ax.set_ylim(len(sets) - 0.4, -0.6)
    ax.set_xlabel("Spearman correlation on held-out rows, less that of uniform weights, 95 %")
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4)
    figure.tight_layout()
    return figure
