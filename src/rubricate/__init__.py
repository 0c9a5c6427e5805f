"""rubricate: rubrics into rewards.

Write down once what a good answer is; get verdicts with reasons, a reward you can train on, and the evidence that the
reward deserves trust. Public names are loaded on first use, so ``import rubricate`` costs almost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rubricate.judges.lexical import LexicalJudge
    from rubricate.judges.listwise import ListwiseJudge
    from rubricate.judges.pairwise import PairwiseJudge
    from rubricate.judges.pointwise import PointwiseJudge
    from rubricate.llm.calls import Calls, CallSettings
    from rubricate.llm.http import HttpClient
    from rubricate.llm.scripted import ScriptedClient
    from rubricate.pipeline import Result, rescore, run, run_async
    from rubricate.recipe import Recipe
    from rubricate.rewarder import Rewarder, Scored
    from rubricate.rubrics.io import read_rubrics, write_rubrics
    from rubricate.rubrics.model import Criterion, Rubric
    from rubricate.samples import read_samples
    from rubricate.steps import chain, ref, step
    from rubricate.types import Message, Sample, State, Verdict
    from rubricate.verifiers.base import verifier

__version__ = "0.1.0"

_HOME = {
    "CallSettings": "llm.calls",
    "Calls": "llm.calls",
    "chain": "steps",
    "Criterion": "rubrics.model",
    "HttpClient": "llm.http",
    "LexicalJudge": "judges.lexical",
    "ListwiseJudge": "judges.listwise",
    "Message": "types",
    "PairwiseJudge": "judges.pairwise",
    "PointwiseJudge": "judges.pointwise",
    "read_rubrics": "rubrics.io",
    "read_samples": "samples",
    "Recipe": "recipe",
    "ref": "steps",
    "rescore": "pipeline",
    "Rewarder": "rewarder",
    "Scored": "rewarder",
    "Result": "pipeline",
    "Rubric": "rubrics.model",
    "run": "pipeline",
    "run_async": "pipeline",
    "Sample": "types",
    "ScriptedClient": "llm.scripted",
    "State": "types",
    "step": "steps",
    "Verdict": "types",
    "verifier": "verifiers.base",
    "write_rubrics": "rubrics.io",
}

__all__ = [
    "CallSettings",
    "Calls",
    "Criterion",
    "HttpClient",
    "LexicalJudge",
    "ListwiseJudge",
    "Message",
    "PairwiseJudge",
    "PointwiseJudge",
    "Recipe",
    "Result",
    "Rewarder",
    "Rubric",
    "Sample",
    "Scored",
    "ScriptedClient",
    "State",
    "Verdict",
    "chain",
    "read_rubrics",
    "read_samples",
    "ref",
    "rescore",
    "run",
    "run_async",
    "step",
    "verifier",
    "write_rubrics",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"rubricate.{_HOME[name]}"), name)
    raise AttributeError(f"module 'rubricate' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
