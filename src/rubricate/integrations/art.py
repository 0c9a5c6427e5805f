"""ART: ``await art.gather_trajectory_groups(groups, after_each=AfterEach(Teller(rewarder, "abstain")))``.

Contract run with openpipe-art 0.5.18, without its backend: ``after_each`` gets the trajectories of one prompt and gives
the group back, or None to drop it. ART refuses a reward of None, so a trajectory without a reward is taken out of its
group, and a group of which nothing is left is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.integrations.teller import Ask, Teller


@dataclass(frozen=True)
class AfterEach:
    """Scores the trajectories of a group together; pickles.

    ``metadata["rubric"]`` of a trajectory is an id or JSON (``reference`` beside it). The reward that a trajectory had
    is kept in ``metrics["independent_reward"]``, counts go to ``metrics``, verdicts (JSON) to ``logs``.
    """

    teller: Teller

    async def __call__(self, group: Any) -> Any:
        """The group with its rewards, without the trajectories that have none; None when none is left."""
        trajectories = list(group.trajectories)
        told = await self.teller.tell([ask_of(t.messages(), t.metadata) for t in trajectories])
        kept = []
        for trajectory, own in zip(trajectories, told, strict=True):
            trajectory.logs.append(own.verdicts)
            trajectory.metrics.update(own.numbers)
            if own.reward is not None:
                trajectory.metrics["independent_reward"] = trajectory.reward
                trajectory.reward = own.reward
                kept.append(trajectory)
        group.trajectories = kept
        return group if kept else None


async def after_each(group: Any) -> Any:
    """``AfterEach`` with the rewarder of the environment."""
    return await AfterEach(Teller.configured("abstain"))(group)


def ask_of(messages: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any]) -> Ask:
    """What a conversation asks: the messages before the first of the assistant are the prompt, the rest its steps."""
    first = next((k for k, m in enumerate(messages) if m.get("role") == "assistant"), len(messages))
    reference = metadata.get("reference")
    return Ask(list(messages[:first]), list(messages[first:]), metadata.get("rubric"), reference)
