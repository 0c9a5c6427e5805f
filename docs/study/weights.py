"""HANNA and LLM-Rubric: criterion weights learned from overall ratings, on items and on users that were held out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import kendalltau

from rubricate.audit import held_out, paired_gain, spearman
from rubricate.refine import WEIGHINGS, Ridge, anchored_ridge, cross_fitted, whole_folds
from study.data import Rated

FOLDS = 8
SEED = 7


def compared(name: str, data: Rated, by: str, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """All weighings on one data set, folds of whole items or of whole users; intervals over what is held out."""
    known = ~np.isnan(data.y)
    x, y, item = data.x[known], data.y[known], data.item[known]
    unit = item if by == "item" else data.user[known]
    fold = whole_folds(unit, FOLDS, np.random.default_rng(SEED))
    fits = {w: cross_fitted(x, y, fold, weigh, apart=item, missing="train_mean") for w, weigh in WEIGHINGS.items()}
    ranked = dict(fits)
    if data.direct is not None:  # one number, asked for the overall question: only its slope is fitted
        direct = data.direct[known, None] / 5.0
        ranked["direct"] = cross_fitted(
            direct, y, fold, WEIGHINGS["uniform"], apart=item, missing="train_mean"
        )
    predicted, score = (np.stack([f[k] for f in ranked.values()]) for k in (0, 1))
    seen = held_out(predicted, y, rng, score=score, cluster=unit, resamples=resamples)
    ways = {}
    for k, way in enumerate(ranked):
        ways[way] = {
            "rank": float(seen.rank[k]), "rank_interval": seen.rank_interval[k].tolist(),
            "rank_gain": float(seen.rank_gain[k]), "rank_gain_interval": seen.rank_gain_interval[k].tolist(),
            "error": float(seen.error[k]), "error_gain": float(seen.error_gain[k]),
            "error_gain_interval": seen.error_gain_interval[k].tolist(),
            "kendall": float(kendalltau(score[k].round(9), y).statistic),
            "weights": _shares(fits[way].weights.mean(0)) if way in fits else None,
        }  # fmt: skip
    missing = data.missing
    return {
        "data": name, "held_out": by, "rows": seen.n, "units": seen.clusters, "missing_x": missing[0],
        "missing_y": missing[1], "fitted": [int(f) for f in fits["ridge"].fitted], "spread": float(y.std()),
        "predicted_rank": float(spearman(predicted[:1], y)[0]),
        "ways": ways,
    }  # fmt: skip


def _shares(weights: np.ndarray) -> list[float]:
    """Weights over the sum of their sizes."""
    return (weights / max(np.abs(weights).sum(), 1e-12)).tolist()


def personal(name: str, data: Rated, rng: np.random.Generator, resamples: int, least: int = 15) -> dict[str, Any]:
    """Weights of each user on that user's held-out items: everybody else's, the user's own, and own ones anchored.

    Folds are of whole items. All are brought to the user's unit by a line through the user's training rows.
    """
    known = ~np.isnan(data.y)
    x, y, item, user = data.x[known], data.y[known], data.item[known], data.user[known]
    x = np.where(np.isnan(x), np.nanmean(x, axis=0), x)
    fold = whole_folds(item, FOLDS, np.random.default_rng(SEED))
    names, counts = np.unique(user, return_counts=True)
    users = names[counts >= least]
    squares: dict[str, list[float]] = {w: [] for w in ("mean", "uniform", "others", "own", "anchored")}
    for u in users:
        errors: dict[str, list[np.ndarray]] = {w: [] for w in squares}
        for k in range(FOLDS):
            mine, test = (user == u) & (fold != k), (user == u) & (fold == k)
            rest = (user != u) & (fold != k)
            if not test.any() or mine.sum() < 5:
                continue
            for way, weights in _schemes(x, y, mine, rest).items():
                errors[way].append((_line(x[mine] @ weights, y[mine], x[test] @ weights) - y[test]) ** 2)
        for way in squares:
            squares[way].append(float(np.sqrt(np.concatenate(errors[way]).mean())))
    gains = {w: paired_gain(squares["uniform"], squares[w], rng, resamples=resamples)._asdict() for w in squares}
    return {"data": name, "users": len(users), "least": least, "errors": gains}


def _schemes(x: np.ndarray, y: np.ndarray, mine: np.ndarray, rest: np.ndarray) -> dict[str, np.ndarray]:
    others = Ridge()(x[rest], y[rest])
    one, two = np.triu_indices(int(mine.sum()), 1)
    gap, sign = x[mine][one] - x[mine][two], np.sign(y[mine][one] - y[mine][two])
    size = max(float(np.linalg.norm(others)), 1e-12)
    return {
        "mean": np.zeros(x.shape[1]),
        "uniform": np.full(x.shape[1], 1 / x.shape[1]),
        "others": others,
        "own": Ridge()(x[mine], y[mine]),
        "anchored": anchored_ridge(gap, sign, others[None] / size, ridge=1.0, outside=100.0),
    }


def _line(score: np.ndarray, y: np.ndarray, tested: np.ndarray) -> np.ndarray:
    away = score - score.mean()
    size = float(away @ away)
    slope = float(away @ (y - y.mean())) / size if size > 1e-12 else 0.0
    return np.clip(y.mean() + slope * (tested - score.mean()), 1.0, 4.0)
