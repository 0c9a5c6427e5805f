"""Ask no more than decides: a failed critical criterion, or step of a sequence, makes the rest skipped, not asked.

Card 178 (Mind2Web 2, arXiv 2506.21506): a leaf is skipped without a call when a critical sibling, or an earlier sibling
in a sequence, of itself or of an ancestor has failed or was skipped. A verdict that is missing decides nothing, so what
depends on it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.judges.base import Judge, settings_digest
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict


@register("judge", "short_circuit")
@dataclass(frozen=True)
class ShortCircuit:
    """A judge around another one that asks in waves: first what may decide, then what is still open.

    The reward of a tree or a gated policy is the same as when everything is asked; the calls are fewer.
    """

    judge: Judge

    @property
    def needs_client(self) -> bool:
        """As the judge inside."""
        return self.judge.needs_client

    @property
    def digest(self) -> str:
        """The digest of the judge inside, marked."""
        return settings_digest(self, self.judge.digest)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria of a response together, because they depend on each other."""
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion, in order; ``skipped`` for those that another one decided."""
        needs = dependencies(rubric)
        asked = {c.id: c for c in criteria}
        done: dict[str, Verdict] = {}
        while len(done) < len(asked):
            open_ = [c for c in criteria if c.id not in done]
            for criterion in open_:
                decider = next((d for d in needs[criterion.id] if d in done and _decides(asked[d], done[d])), None)
                if decider is not None:
                    reason = f"{decider!r} had decided"
                    done[criterion.id] = Verdict(criterion.id, State.SKIPPED, reason=reason, judge=self.digest)
            wave = [c for c in open_ if c.id not in done and all(d in done for d in needs[c.id] if d in asked)]
            for batch in self.judge.batches(wave):
                done |= {v.criterion: v for v in await self.judge.verdicts(sample, rubric, batch, client)}
        return tuple(done[c.id] for c in criteria)


def dependencies(rubric: Rubric) -> dict[str, tuple[str, ...]]:
    """For each leaf the leaves that can make it skipped: under critical siblings, and earlier ones in a sequence.

    >>> r = Rubric(id="r", criteria=[{"id": "g", "text": "t", "required": True}, {"id": "a", "text": "u"}])
    >>> dependencies(r)
    {'g': (), 'a': ('g',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    _collect(rubric.criteria, False, (), found)
    return found


def _collect(
    siblings: Sequence[Criterion], sequential: bool, above: tuple[str, ...], found: dict[str, tuple[str, ...]]
) -> None:
    for place, node in enumerate(siblings):
        own = above
        for other_place, other in enumerate(siblings):
            earlier = other_place < place
            # in a sequence the order rules, so that no two siblings wait for each other
            first = earlier if sequential else other.required and (earlier or not node.required)
            if other is not node and first:
                own += tuple(leaf.id for leaf in other.leaves())
        if node.children:
            _collect(node.children, node.strategy == "sequential", own, found)
        else:
            found[node.id] = own


def _decides(criterion: Criterion, verdict: Verdict) -> bool:
    """Whether a verdict is below its best, or was itself skipped."""
    if verdict.state is State.SKIPPED:
        return True
    if not verdict.scored or verdict.value is None:
        return False
    best = criterion.scale.min if criterion.bad_if_met else criterion.scale.max
    return verdict.value != best
