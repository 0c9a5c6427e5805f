"""The public data beside the project, as arrays and rubrics. Nothing of it is copied into the project."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rubricate.rubrics import Rubric
from rubricate.rubrics.importers import import_file
from rubricate.rubrics.wording import script

NAN = float("nan")
JUDGES = ("GPT-4", "PaLM2", "ChatGPT", "ChatGPT-0301", "LLaMA2", "Falcon")
CRITERIA = ("relevance", "coherence", "empathy", "surprise", "complexity")
QUESTIONS = tuple(f"Q{k}" for k in range(1, 9))


def rows(path: Path) -> list[dict[str, Any]]:
    """The records of a .jsonl or .tsv file."""
    with path.open(encoding="utf-8") as lines:
        if path.suffix == ".tsv":
            return list(csv.DictReader(lines, delimiter="\t"))
        return [json.loads(line) for line in lines]


class Pairs(NamedTuple):
    """The pairs of LLMBar, whether the right response is the ``first``, and for each (judge, protocol) what was
    ``said`` in both orders, [Q, 2]: +1 for the right response, -1 for the wrong one."""

    ids: list[str]
    first: np.ndarray
    subset: np.ndarray
    prompts: list[str]
    said: dict[tuple[str, str], np.ndarray]


def llmbar_pairs(folder: Path) -> Pairs:
    """Verdicts +1 and -1, NaN where the judge said nothing readable."""
    pairs = rows(folder / "llmbar" / "pairs.jsonl")
    place = {p["id"]: k for k, p in enumerate(pairs)}
    said: dict[tuple[str, str], np.ndarray] = {}
    for row in rows(folder / "llmbar" / "judgements.jsonl"):
        table = said.setdefault((row["judge"], row["protocol"]), np.full((len(pairs), 2), NAN))
        k = place[row["id"]]
        for order, winner in enumerate((row["winner_in_order"], row["winner_swapped"])):
            if winner is not None:
                table[k, order] = 1.0 if winner == pairs[k]["label"] else -1.0
    subset = np.array([p["subset"].rpartition("/")[2] for p in pairs])
    first = np.array([p["label"] == 1 for p in pairs])
    return Pairs(list(place), first, subset, [p["prompt"] for p in pairs], said)


class Rated(NamedTuple):
    """Ratings of N rows: ``x[N, C]`` in [0, 1] (NaN missing), ``y[N]`` overall, ids of item and user, a ``direct``
    rating of the overall question by the same source where there is one; how many of x and y were ``missing``."""

    x: np.ndarray
    y: np.ndarray
    item: np.ndarray
    user: np.ndarray | None
    direct: np.ndarray | None

    @property
    def missing(self) -> tuple[int, int]:
        """Missing verdicts, missing targets."""
        return int(np.isnan(self.x).sum()), int(np.isnan(self.y).sum())


def _scale(ratings: np.ndarray, low: float, high: float) -> np.ndarray:
    return (ratings - low) / (high - low)


def hanna(folder: Path) -> dict[str, Rated]:
    """Engagement from the five other criteria: of the same raters, of the other two raters, of LLM judges."""
    stories = rows(folder / "hanna" / "ratings.jsonl")
    item = np.array([s["prompt_index"] for s in stories])
    number = np.vectorize(lambda v: NAN if v is None else float(v), otypes=[float])
    human = {c: number(np.array([s["human"][c] for s in stories], dtype=object)) for c in (*CRITERIA, "engagement")}
    y = human["engagement"].mean(1)
    made = {"HANNA, same raters": Rated(_stack(human, lambda v: v.mean(1)), y, item, None, None)}
    others = [[j for j in range(3) if j != k] for k in range(3)]
    # The three places of a story are not three people, and their means differ: without the differences, that one place
    # is low and the other two are then high would look like disagreement.
    level = {c: v - v.mean(0) + v.mean() for c, v in human.items()}
    x = np.concatenate([_stack(level, lambda v, o=o: v[:, o].mean(1)) for o in others])
    direct = np.concatenate([level["engagement"][:, o].mean(1) for o in others])
    target = np.concatenate([level["engagement"][:, k] for k in range(3)])
    made["HANNA, other raters"] = Rated(x, target, np.tile(item, 3), None, direct)
    judges = sorted(stories[0]["judges"])
    by_judge = {
        j: {c: number(np.array([s["judges"][j][c] for s in stories], dtype=object)) for c in human} for j in judges
    }
    for name in judges:
        own = by_judge[name]
        made[f"HANNA, {name}"] = Rated(_stack(own, lambda v: v.mean(1)), y, item, None, own["engagement"].mean(1))
    return made


def _stack(ratings: dict[str, np.ndarray], take: Any) -> np.ndarray:
    return np.stack([_scale(take(ratings[c]), 1, 5) for c in CRITERIA], axis=1)


def llm_rubric(folder: Path) -> dict[str, Rated]:
    """Q0 from Q1..Q8: of the same person, and of a model's distributions; real and synthetic dialogues."""
    made = {}
    for kind in ("real", "synth"):
        people = rows(folder / "llm_rubric" / f"{kind}_human.tsv")
        value = {r["text_id"]: {} for r in people}
        for r in rows(folder / "llm_rubric" / f"{kind}_llm_distributions.tsv"):
            mass = [float(r[f"answer{k}_prob"]) for k in range(1, 5)]
            value[r["text_id"]][r["criterion"]] = sum(k * m for k, m in enumerate(mass, 1)) / sum(mass)
        answers = np.array([[_answer(r[q]) for q in (*QUESTIONS, "Q0")] for r in people])
        model = np.array([[value[r["text_id"]].get(q, NAN) for q in (*QUESTIONS, "Q0")] for r in people])
        item = np.array([r["text_id"].rpartition("_")[2] for r in people])  # V1_10 .. V5_10: one topic, five systems
        user = np.array([r["annotator_id"] for r in people])
        judged = ~np.isnan(model).all(1)
        name = f"LR {kind}"
        made[f"{name}, person"] = Rated(_scale(answers[:, :8], 1, 4), answers[:, 8], item, user, None)
        made[f"{name}, model"] = Rated(
            _scale(model[judged, :8], 1, 4), answers[judged, 8], item[judged], user[judged], model[judged, 8]
        )
    return made


def _answer(cell: str) -> float:
    """1 to 4; 0 (not applicable) and an empty cell are missing."""
    return float(cell) if cell.strip() and float(cell) else NAN


def rubrics(folder: Path) -> dict[str, list[Rubric]]:
    """All rubrics by corpus: metrics of LLMBar by author, DeepResearch Bench by language, WritingBench."""
    made: dict[str, list[Rubric]] = {"GPT-4 metrics": [], "ChatGPT metrics": []}
    for found in import_file("llmbar_metrics", folder / "llmbar" / "completions.jsonl"):
        if found.rubric.provenance.source == "Metrics":
            made[f"{found.rubric.provenance.generator} metrics"].append(found.rubric)
    for found in import_file("deepresearch_bench", folder / "deepresearch_bench" / "criteria.jsonl"):
        language = "zh" if script(str(found.rubric.prompt)) == "cjk" else "en"
        made.setdefault(f"DeepResearch Bench {language}", []).append(found.rubric)
    made["WritingBench"] = [f.rubric for f in import_file("writingbench", folder / "writingbench" / LENGTHS)]
    return made


LENGTHS = "length_subset_c.jsonl"
