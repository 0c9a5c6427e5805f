"""Lints, doubles and weights of published criteria: LLMBar metrics, DeepResearch Bench, WritingBench."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from rubricate.rubrics import Rubric
from rubricate.rubrics.checkable import checkable
from rubricate.rubrics.lint import lint
from rubricate.rubrics.lint_asks import asks
from rubricate.rubrics.lint_rules import LintContext
from rubricate.rubrics.wording import content_words, near, normalised
from study.data import LENGTHS, rows

ALIKE = 0.7


def summary(rubrics: list[Rubric]) -> dict[str, Any]:
    """Counts of one corpus: rubrics, criteria, atomic, verifiable, redundant, findings by rule with an example."""
    criteria = [c for r in rubrics for c in r.leaves]
    texts = [c.text for c in criteria]
    atomic = [len(asks(t)) == 1 for t in texts]
    programs = [checkable(t) for t in texts]
    found, example = findings(rubrics)
    pairs = within(rubrics)
    return {
        "rubrics": len(rubrics), "criteria": len(criteria),
        "per_rubric": dict(sorted(Counter(len(r.leaves) for r in rubrics).items())),
        "words": float(np.median([len(content_words(t)) for t in texts])),
        "atomic": sum(atomic), "asks": dict(sorted(Counter(len(asks(t)) for t in texts).items())),
        "verifiable": sum(map(bool, programs)),
        "verifiable_and_more": sum(bool(p) and not a for p, a in zip(programs, atomic, strict=True)),
        "verifiers": dict(sorted(Counter(d.name for p in programs for d in p).items())),
        "findings": {rule: len(where) for rule, where in sorted(found.items())}, "examples": example,
        "rubrics_with_a_finding": len({r for where in found.values() for r, _ in where}),
        "double_pairs": len(pairs), "doubled_rubrics": sorted({rubrics[r].id for r, _, _ in pairs}),
    }  # fmt: skip


def findings(rubrics: list[Rubric]) -> tuple[dict[str, set[tuple[int, str]]], dict[str, dict[str, str]]]:
    """For each rule the criteria (rubric, id) with a finding, and one example: the shortest text."""
    found: dict[str, set[tuple[int, str]]] = {}
    example: dict[str, dict[str, str]] = {}
    for k, rubric in enumerate(rubrics):
        texts = {c.id: c.text for c in rubric.walk()}
        for f in lint(rubric):
            found.setdefault(f.rule, set()).add((k, f.criterion))
            text = texts.get(f.criterion, "")
            if f.rule not in example or len(text) < len(example[f.rule]["text"]):
                example[f.rule] = {"rubric": rubric.id, "text": text, "reason": f.reason}
    return found, example


def within(rubrics: list[Rubric]) -> list[tuple[int, str, str]]:
    """Pairs of criteria of one rubric that share at least ``ALIKE`` of their content words."""
    made = []
    for k, rubric in enumerate(rubrics):
        leaves = rubric.leaves
        sets = [frozenset(content_words(c.text)) for c in leaves]
        for (i, a), (j, b) in itertools.combinations(enumerate(sets), 2):
            if a and b and len(a & b) >= ALIKE * len(a | b) - 1e-12:
                made.append((k, leaves[i].id, leaves[j].id))
    return made


def across(rubrics: list[Rubric]) -> dict[str, Any]:
    """Criteria whose text, or whose title, stands in another rubric too; pairs of rubrics' criteria that are alike."""
    leaves = [(k, c) for k, r in enumerate(rubrics) for c in r.leaves]
    alike = near([frozenset(content_words(c.text)) for _, c in leaves], ALIKE, most=10**6)
    apart = [(leaves[i], leaves[j], ratio) for i, j, ratio in alike if leaves[i][0] != leaves[j][0]]
    example = max(apart, key=lambda p: (p[2], -len(p[0][1].text)), default=None)
    return {
        "same_text": _repeated([(k, normalised(c.text)) for k, c in leaves]),
        "same_title": _repeated([(k, normalised(c.title)) for k, c in leaves if c.title]),
        "alike_pairs": len(apart),
        "alike_criteria": len({(k, c.id) for pair in apart for k, c in pair[:2]}),
        "example": [example[0][1].text, example[1][1].text] if example else [],
    }


def _repeated(texts: list[tuple[int, str]]) -> int:
    """How many entries have a text that also stands in another rubric."""
    places: dict[str, set[int]] = {}
    for k, text in texts:
        places.setdefault(text, set()).add(k)
    return sum(len(places[text]) > 1 for _, text in texts)


def reading(corpora: dict[str, list[Rubric]], path: Path) -> dict[str, dict[str, Any]]:
    """R002 beside what one reader said of 25 texts with a finding and 25 without, drawn at random from each language.

    ``several``: a response could meet one demand and not another. ``shared object``: two verbs with one object
    ("identifies and discusses the tools"). ``share``: criteria that ask several things, by the finding rate and what
    the reader said of either kind, without and with shared objects. ValueError when the rule has changed for a
    read text.
    """
    made: dict[str, dict[str, Any]] = {}
    read = json.loads(path.read_text(encoding="utf-8"))
    for name in dict.fromkeys(r["corpus"] for r in read):
        texts = {(r.id, c.id): c.text for r in corpora[name] for c in r.leaves}
        mine = [r for r in read if r["corpus"] == name]
        if any((len(asks(texts[r["rubric"], r["criterion"]])) > 1) != r["flagged"] for r in mine):
            raise ValueError(f"the rule changed for a text of {path}; draw and read again")
        said = {f: Counter(r["read"] for r in mine if r["flagged"] is f) for f in (True, False)}
        rate = float(np.mean([len(asks(t)) > 1 for t in texts.values()]))
        shares = []
        for counted in (("several",), ("several", "shared object")):
            hit, miss = (sum(said[f][k] for k in counted) / said[f].total() for f in (True, False))
            shares.append(rate * hit + (1 - rate) * miss)
        made[name] = {"flagged": dict(said[True]), "passed": dict(said[False]), "rate": rate, "share": shares}
    return made


def accused(rubrics: list[Rubric], folder: Path) -> dict[str, int]:
    """R402 on metrics that were written without seeing an answer: every finding is a false one."""
    pairs = {p["id"]: p for p in rows(folder / "llmbar" / "pairs.jsonl")}
    hits = 0
    for rubric in rubrics:
        pair = pairs[rubric.prompt_id]
        context = LintContext(candidates={"one": pair["response_1"], "two": pair["response_2"]})
        hits += len({f.criterion for f in lint(rubric, context=context) if f.rule.startswith("R402")})
    return {"criteria": sum(len(r.leaves) for r in rubrics), "accused": hits}


def race_weights(folder: Path) -> dict[str, Any]:
    """Sums of the published weights of DeepResearch Bench, read from the file itself."""
    off_dimension, off_criteria, worst, groups = [], [], 0.0, 0
    for task in rows(folder / "deepresearch_bench" / "criteria.jsonl"):
        sums = {"": sum(task["dimension_weight"].values())}
        sums |= {name: sum(c["weight"] for c in items) for name, items in task["criterions"].items()}
        groups += len(sums) - 1
        for name, total in sums.items():
            worst = max(worst, abs(total - 1))
            if abs(total - 1) > 1e-6:
                (off_criteria if name else off_dimension).append([task["id"], name, total])
    return {"groups": groups, "off_dimension": off_dimension, "off_criteria": off_criteria, "worst": worst}


_LENGTH = re.compile(r"(\d[\d,]*)(?:\s*(?:-|–|to)\s*(\d[\d,]*))?\s*\+?[- ]?(?:words?\b|characters?\b|字)")


def writing_bands(folder: Path) -> dict[str, Any]:
    """Bands of WritingBench with gaps, overlaps or one text for two levels; lengths that the query does not name."""
    gaps, overlaps, same, strange, lengths, queries = [], [], [], [], 0, 0
    for row in rows(folder / "writingbench" / LENGTHS):
        queries += 1
        query = re.sub(r"(\d+)万", lambda m: m[1] + "0000", row["query"].replace(",", ""))
        numbers = set(re.findall(r"\d+", query))
        for item in row["checklist"]:
            ends = [tuple(map(int, key.split("-"))) for key in item if re.fullmatch(r"\d+-\d+", key)]
            levels = Counter(k for low, high in ends for k in range(low, high + 1))
            gaps += [row["index"]] if set(range(1, 11)) - set(levels) else []
            overlaps += [row["index"]] if max(levels.values()) > 1 else []
            texts = [normalised(item[key]) for key in item if re.fullmatch(r"\d+-\d+", key)]
            same += [row["index"]] if len(set(texts)) < len(texts) else []
            cited = [n.replace(",", "") for m in _LENGTH.findall(item["criteria_description"]) for n in m if n]
            lengths += bool(cited)
            strange += [[row["index"], n] for n in cited if n not in numbers]
    return {
        "queries": queries, "gaps": gaps, "overlaps": overlaps, "same_text": same, "with_a_length": lengths,
        "length_not_in_query": strange,
    }  # fmt: skip
