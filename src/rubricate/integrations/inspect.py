"""inspect_ai: a scorer of many criteria, ``Task(scorer=rubric_scorer(rewarder))``.

Contract run with inspect_ai 0.3.285: a scorer gives a ``Score`` whose value is a table with the same keys for every
sample. A sample without a reward is ``Score.unscored`` with its reason, which inspect counts apart and leaves out of
every metric; a curve that does not apply to one sample is NaN, which leaves it out of that curve alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.errors import MissingExtraError
from rubricate.files import parse_json
from rubricate.integrations.remote import AnyRewarder
from rubricate.integrations.teller import Ask, Teller, Told

PREFIX = "rubric/"


@dataclass(frozen=True)
class RubricScore:
    """The scoring function: ``await score(state, target)`` gives a Score; pickles.

    ``state.metadata`` holds ``rubric`` (a table, JSON, or an id; may be missing when the rewarder knows one), and may
    hold ``reference`` and ``documents``; without ``reference`` the text of the target is taken.
    """

    teller: Teller

    async def __call__(self, state: Any, target: Any) -> Any:
        """The score of a sample; ``metadata["verdicts"]`` holds its verdicts as plain data."""
        (told,) = await self.teller.tell([ask_of(state, target)])
        kind, metadata = _score_class(), parse_json(told.verdicts)
        answer, why = state.output.completion, told.scored.why
        if told.reward is None:
            reason = "grader_failed" if told.scored.code == "no_reward" else told.scored.code
            return kind.unscored(reason=reason, answer=answer, explanation=why, metadata=metadata)
        return kind(value=values(told), answer=answer, explanation=why or _reasons(told), metadata=metadata)


def rubric_scorer(
    rewarder: AnyRewarder | None = None, *, name: str = "rubric", on_missing: str = "abstain",
    lowest: float | None = None,
) -> Any:  # fmt: skip
    """A scorer for ``Task(scorer=...)`` that reports mean and standard error of every curve of the rewarder.

    Without ``rewarder`` it comes from the environment. ``on_missing`` other than ``abstain`` counts a sample without
    a reward as that number, with ``valid`` 0.
    """
    try:
        from inspect_ai.scorer import mean, scorer, stderr
    except ImportError:
        raise MissingExtraError(
            "rubric_scorer needs inspect_ai", hint="Install it with: pip install inspect-ai"
        ) from None
    if rewarder is None:
        teller = Teller.configured(on_missing)
    else:
        teller = Teller(rewarder, on_missing, lowest=lowest)
    keys = [key.removeprefix(PREFIX) for key in teller.rewarder.curves.names]

    @scorer(metrics={key: [mean(), stderr()] for key in keys}, name=name)
    def rubric() -> Any:
        score = RubricScore(teller)

        async def run(state: Any, target: Any) -> Any:
            return await score(state, target)

        return run

    return rubric()


def ask_of(state: Any, target: Any) -> Ask:
    """What a sample asks: its input, the completion, and the rubric of its metadata."""
    metadata = state.metadata or {}
    prompt = state.input if isinstance(state.input, str) else [_message(m) for m in state.input]
    text = getattr(target, "text", "") or None
    return Ask(
        prompt, state.output.completion, metadata.get("rubric"), metadata.get("reference", text),
        metadata.get("documents"),
    )  # fmt: skip


def values(told: Told) -> dict[str, float]:
    """The curves of a sample under short names, ``score`` being what is told; NaN where one does not apply."""
    curves = {k.removeprefix(PREFIX): math.nan if v is None else v for k, v in told.known.items()}
    return curves | {"score": math.nan if told.reward is None else told.reward}


def _message(message: Any) -> Mapping[str, Any]:
    return {"role": message.role, "content": message.text}


def _reasons(told: Told) -> str:
    lines: Sequence[str] = [f"{v.criterion}: {v.reason}" for v in told.scored.verdicts if v.reason]
    return "\n".join(lines)


def _score_class() -> Any:
    from inspect_ai.scorer import Score

    return Score
