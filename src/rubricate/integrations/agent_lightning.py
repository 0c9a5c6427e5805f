"""agent-lightning: the reward of a rollout as a span, ``await RubricSpan(rewarder)(Ask(prompt, answer, rubric))``.

Contract run with agent-lightning 0.3.0: the last reward span of a rollout is its reward, and the first dimension of a
span is the one that trains. A response without a reward emits no reward span, only an annotation that says why; what
the trainer does then is its own ``reward_fillna_value`` (0.0, with a printed warning, in its verl trainer). Under
``on_missing="raise"`` the rollout fails instead, and is tried again where its ``RolloutConfig`` says so.

Call it inside a rollout that returns None: a number that a rollout returns would become a second, later reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.errors import MissingExtraError
from rubricate.integrations.remote import AnyRewarder
from rubricate.integrations.teller import Ask, Teller, Told

PRIMARY = "rubric"


@dataclass(frozen=True)
class RubricSpan:
    """Judges a response and emits its reward; pickles. Without ``rewarder`` it comes from the environment.

    Dimensions of the span: ``rubric`` (the reward, primary), then the counts (``rubric/valid``, ...), the same finite
    names every time. Its attribute ``rubricate.verdicts`` holds the verdicts as JSON. ``propagate=False``: the span is
    made and reaches no tracer, which a call outside of a rollout needs.
    """

    rewarder: AnyRewarder | None = None
    on_missing: str = "abstain"
    lowest: float | None = None
    propagate: bool = True

    def __post_init__(self) -> None:
        if self.rewarder is not None:
            _ = self.teller  # a wrong policy is told here, not in the first rollout

    @property
    def teller(self) -> Teller:
        """What judges, and what it says in place of a missing reward."""
        if self.rewarder is None:
            return Teller.configured(self.on_missing)
        return Teller(self.rewarder, self.on_missing, lowest=self.lowest)

    async def __call__(self, ask: Ask) -> Told:
        """Judge, emit; ``told.reward`` is None when nothing was emitted."""
        (told,) = await self.teller.tell([ask])
        return self._emitted(told)

    def sync(self, ask: Ask) -> Told:
        """The same, for a rollout that is not async."""
        (told,) = self.teller.tell_sync([ask])
        return self._emitted(told)

    def _emitted(self, told: Told) -> Told:
        emit_reward, emit_annotation = _emitters()
        about = {"rubricate.verdicts": told.verdicts}
        if told.reward is None:
            emit_annotation({**about, "rubricate.why": told.scored.why}, propagate=self.propagate)
        else:
            dimensions = {PRIMARY: told.reward, **told.numbers}
            emit_reward(dimensions, primary_key=PRIMARY, attributes=about, propagate=self.propagate)
        return told


def _emitters() -> tuple[Any, Any]:
    try:
        from agentlightning.emitter import emit_annotation, emit_reward
    except ImportError:
        raise MissingExtraError(
            "RubricSpan needs agentlightning", hint="Install it with: pip install 'agentlightning==0.3.*'"
        ) from None
    return emit_reward, emit_annotation
