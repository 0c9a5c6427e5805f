"""LLMBar: labels recovered by each judge under each protocol, what metrics gain, and whether lints foretell it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rubricate.audit import paired_gain, position_bias, predictive_validity, wilson_interval
from rubricate.refine import matches
from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import lint
from study.data import JUDGES, Pairs

RULES = {"half": "half", "strict": "miss", "decided": "missing"}
GROUPS = ("all", "Natural", "Neighbor", "GPTInst")
GAINS = (("Vanilla", "Metrics"), ("Vanilla", "Reference"), ("Reference", "Metrics_Reference"))
RATED = (("Rating", "Rating_Metrics"), ("Rating_Reference", "Rating_Metrics_Reference"))


def found(said: np.ndarray, rule: str) -> np.ndarray:
    """Credit of each pair from both orders: 1, .5 or 0 (half), 1 only if both are right (strict), NaN if they differ
    (decided). A pair that misses a verdict is NaN."""
    return matches(said.mean(1), ties=RULES[rule])


def group_mask(pairs: Pairs, group: str) -> np.ndarray:
    """The pairs of a subset."""
    return np.ones(len(pairs.ids), bool) if group == "all" else pairs.subset == group


def table(pairs: Pairs) -> list[dict[str, Any]]:
    """One row per judge and protocol."""
    made = []
    for judge in JUDGES:
        for _, protocol in sorted(key for key in pairs.said if key[0] == judge):
            made.append({"judge": judge, "protocol": protocol} | _row(pairs, pairs.said[judge, protocol]))
    return made


def _row(pairs: Pairs, said: np.ndarray) -> dict[str, Any]:
    row: dict[str, Any] = {"judged": int((~np.isnan(said).any(1)).sum())}
    for rule in RULES:
        credit = found(said, rule)
        row[rule] = {g: _mean(credit[group_mask(pairs, g)]) for g in GROUPS}
    strict = found(said, "strict")
    known = strict[~np.isnan(strict)]
    row["strict_interval"] = list(wilson_interval(int(known.sum()), len(known)))
    signed = said * np.where(pairs.first, 1, -1)[:, None]
    lean = position_bias(signed[:, 0], signed[:, 1])
    row |= {"agreement": lean.consistency, "lean": lean.lean}
    return row


def gains(pairs: Pairs, rng: np.random.Generator, resamples: int) -> list[dict[str, Any]]:
    """What the second protocol of a couple gains on the first: paired over the pairs that both judged."""
    made = []
    for judge in JUDGES:
        for before, after in (*GAINS, *RATED):
            if (judge, before) not in pairs.said or (judge, after) not in pairs.said:
                continue
            for rule in ("half", "strict"):
                one, two = (found(pairs.said[judge, p], rule) for p in (before, after))
                for group in GROUPS:
                    use = group_mask(pairs, group)
                    gain = paired_gain(one[use], two[use], rng, resamples=resamples)
                    place = {"judge": judge, "base": before, "protocol": after, "rule": rule, "group": group}
                    made.append(place | gain._asdict() | {"sure": bool(gain.sure)})
    return made


def moves(pairs: Pairs) -> dict[str, list[list[int]]]:
    """Adversarial pairs of each judge by how many orders are right: rows under Vanilla (0, 1, 2), columns Metrics."""
    hard = pairs.subset != "Natural"
    made = {}
    for judge in JUDGES:
        one, two = (found(pairs.said[judge, p], "half")[hard] for p in ("Vanilla", "Metrics"))
        known = ~np.isnan(one + two)
        cell = (6 * one[known] + 2 * two[known]).astype(int)
        made[judge] = np.bincount(cell, minlength=9).reshape(3, 3).tolist()
    return made


def foretold(
    pairs: Pairs, by_author: dict[str, list[Rubric]], rng: np.random.Generator, resamples: int
) -> list[dict[str, Any]]:
    """Spearman correlation of facts of a rubric with what its author, as judge, then recovered."""
    made = []
    for author in ("GPT-4", "ChatGPT"):
        facts = _facts(by_author[f"{author} metrics"], pairs.ids)
        metrics, vanilla = (found(pairs.said[author, p], "half") for p in ("Metrics", "Vanilla"))
        for group in ("all", "Natural", "adversarial"):
            use = pairs.subset != "Natural" if group == "adversarial" else group_mask(pairs, group)
            for fact, values in facts.items():
                for target, outcome in (("recovered", metrics), ("gain on Vanilla", metrics - vanilla)):
                    seen = predictive_validity(values[use], outcome[use], rng, resamples=resamples)
                    made.append({"judge": author, "group": group, "fact": fact, "target": target} | seen._asdict())
    return made


def _facts(rubrics: list[Rubric], ids: list[str]) -> dict[str, np.ndarray]:
    by_id = {r.prompt_id: r for r in rubrics}
    out = {name: np.full(len(ids), np.nan) for name in ("findings", "words")}
    for k, name in enumerate(ids):
        if name in by_id:
            out["findings"][k] = len(lint(by_id[name]))
            out["words"][k] = sum(len(c.text.split()) for c in by_id[name].criteria)
    return out


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
