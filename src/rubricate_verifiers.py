"""Judge plugin of verifiers 0.4: ``--env.taskset.task.judges '[{"id": "rubricate_verifiers", "weight": 1.0}]'``.

verifiers finds a judge by the name of a top-level module that exports exactly one ``Judge``, which is why this one
stands outside the package. Contract run with verifiers 0.4.0: what ``score`` raises makes the trace an error, which
prime-rl leaves out of training. So a response without a reward raises, with the reason, and never scores 0.
"""

from __future__ import annotations

import verifiers.v1 as vf
from verifiers.v1.configs.judge import JudgeConfig

from rubricate.integrations.configured import Settings, rewarder_of
from rubricate.integrations.teller import Ask, Teller, required

__all__ = ["RubricateJudge"]


class RubricateJudgeConfig(JudgeConfig):
    """Where rubrics and verdicts come from.

    ``settings``: those of ``rubricate.integrations.configured.Settings``, over the variables ``RUBRICATE_*``; the
    endpoint fields that every judge of verifiers has are not used. ``rubric_field``, ``reference_field``,
    ``documents_field``: fields of the task; the rubric may be missing when the rewarder knows one.
    """

    settings: dict[str, str | float] = {}
    rubric_field: str = "rubric"
    reference_field: str = "answer"
    documents_field: str = "documents"
    on_missing: str = "abstain"


class RubricateJudge(vf.Judge[float, RubricateJudgeConfig]):
    """The rubric's reward of the last reply, with counts as metrics and verdicts in ``trace.info``."""

    async def score(self, task: vf.TaskData, trace: vf.Trace) -> float:
        """The reward; PolicyError with the reason when there is none under ``on_missing="abstain"``."""
        config = self.config
        ask = Ask(
            task.prompt_text, trace.last_reply, getattr(task, config.rubric_field, None),
            getattr(task, config.reference_field, None), getattr(task, config.documents_field, None),
        )  # fmt: skip
        (told,) = await Teller(rewarder_of(Settings.read(config.settings)), config.on_missing).tell([ask])
        trace.record_metrics({f"{self.reward_name}/{k.removeprefix('rubric/')}": v for k, v in told.numbers.items()})
        trace.info.setdefault("rubric_verdicts", {})[self.reward_name] = told.verdicts
        return required(told, "verifiers")
