"""eval-protocol: the body of an ``@evaluation_test``, with validity said where its results can say it.

Contract run with eval-protocol 0.3.33: an ``EvaluateResult`` has ``is_score_valid`` and ``error``, so a response
without a reward is a score of 0.0 that says it is not valid; criteria are its metrics, each with its own validity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.errors import MissingExtraError
from rubricate.integrations.art import ask_of
from rubricate.integrations.teller import Teller, Told


@dataclass(frozen=True)
class RubricEvaluation:
    """``await RubricEvaluation(Teller(rewarder, "abstain"))(row)`` inside a test function of yours; pickles.

    The rubric lies in ``row.input_metadata.dataset_info["rubric"]``; may be missing when the rewarder knows one. The
    reference is ``row.ground_truth`` when that is text.
    """

    teller: Teller

    async def __call__(self, row: Any) -> Any:
        """The row with its ``evaluation_result``."""
        info = dict(row.input_metadata.dataset_info or {})
        if isinstance(row.ground_truth, str):
            info.setdefault("reference", row.ground_truth)
        messages = [{"role": m.role, "content": _plain(m.content)} for m in row.messages]
        (told,) = await self.teller.tell([ask_of(messages, info)])
        row.evaluation_result = result_of(told)
        return row


def result_of(told: Told) -> Any:
    """An ``EvaluateResult``: score, reason, one metric per verdict, ``is_score_valid`` and ``error``."""
    result, metric = _models()
    metrics = {
        v.criterion: metric(
            score=0.0 if v.value is None else v.value, reason=v.reason or v.state.value, is_score_valid=v.scored
        )
        for v in told.scored.verdicts
    }
    score, valid = told.reward, told.valid
    why = told.scored.why
    return result(
        score=0.0 if score is None else score, is_score_valid=valid, reason=why or "judged", metrics=metrics,
        error=None if valid else why,
    )  # fmt: skip


async def evaluate(row: Any) -> Any:
    """``RubricEvaluation`` with the rewarder of the environment."""
    return await RubricEvaluation(Teller.configured("abstain"))(row)


def _plain(content: Any) -> Any:
    """Text, or parts as plain data."""
    if isinstance(content, list):
        return [p if isinstance(p, dict) else {"text": getattr(p, "text", None)} for p in content]
    return content


def _models() -> tuple[Any, Any]:
    try:
        from eval_protocol.models import EvaluateResult, MetricResult
    except ImportError:
        raise MissingExtraError(
            "the evaluation needs eval_protocol", hint="Install it with: pip install eval-protocol"
        ) from None
    return EvaluateResult, MetricResult
