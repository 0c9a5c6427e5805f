"""Criteria that several models came up with: each writes on its own, what too few of them said is dropped.

Cards 52 (GAPS) and 218 (QuarkMedBench): items from the consensus of several models over retrieved evidence.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.errors import SettingError
from rubricate.generate.admit import Gate, admit
from rubricate.generate.base import Draft, Dropped, Generator, Material, replaced, settings_digest
from rubricate.llm.client import Client
from rubricate.refine.consensus import alike_groups, model_consensus
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Provenance, RubricStats
from rubricate.rubrics.wording import overlap
from rubricate.types import Usage

Similarity = Callable[[Sequence[str]], ArrayLike]
GATE = Gate()
_OWN = {"id", "prompt", "criteria", "stats", "provenance"}


class _Said(NamedTuple):
    voice: int
    criterion: Criterion


@dataclass(frozen=True, kw_only=True)
class ConsensusGenerator:
    """What at least ``at_least`` of the ``generators`` say, each in its own call; usually one kind with several models.

    Each names its ``model``; with an ``llm.table.ClientTable`` every model has its own endpoint. Two criteria are one
    when they are alike at ``threshold`` and both are about something good, or both about something bad: by the share of
    common words, or by ``similar(texts) -> [P, P]`` (of embeddings, where about .8 is usual). A criterion in words that
    no other model used is lost without ``similar``. The first generator that said it gives wording, weight and class;
    the evidence of all stays. Its provenance names who said it, ``rubric.stats.consensus`` counts them. A generator
    without a rubric is a missing voice, never a vote against: with fewer than ``at_least`` voices there is no rubric.
    """

    generators: tuple[Generator, ...]
    at_least: int = 2
    threshold: float = 0.5
    similar: Similarity | None = None
    gate: Gate = GATE

    def __post_init__(self) -> None:
        if not 1 <= self.at_least <= len(self.generators):
            raise SettingError(
                f"at_least={self.at_least} of {len(self.generators)} generators", expected="1 up to their number"
            )
        if len({g.digest for g in self.generators}) < len(self.generators):
            raise SettingError("two generators are the same", expected="different ones: one voice cannot agree twice")

    @property
    def needs(self) -> tuple[str, ...]:
        """What any of the generators needs."""
        return tuple(dict.fromkeys(n for g in self.generators for n in g.needs))

    @property
    def digest(self) -> str:
        """Settings, the generators by their digests, the similarity by its name."""
        name = getattr(self.similar, "__qualname__", type(self.similar).__qualname__) if self.similar else ""
        plain = (*(g.digest for g in self.generators), f"similar:{name}")
        return settings_digest(_Plain(plain, self.at_least, self.threshold, self.gate))

    async def generate(self, material: Material, client: Client, *, id: str) -> Draft:
        """The rubric of what is shared; who had none, and what too few said, is told."""
        material.need(*self.needs, generator=type(self).__name__)
        drafts = await asyncio.gather(*(g.generate(material, client, id=id) for g in self.generators))
        usage = sum((d.usage for d in drafts), Usage())
        names = [_name(g, k) for k, g in enumerate(self.generators, 1)]
        lost = [f"{n} gave no rubric: {d.why}" for n, d in zip(names, drafts, strict=True) if d.rubric is None]
        notes = (*lost, *(note for d in drafts for note in d.notes))
        heard = len(drafts) - len(lost)
        if heard < self.at_least:
            why = (
                f"{heard} of {len(drafts)} generators gave a rubric, and {self.at_least} must agree ({'; '.join(lost)})"
            )
            return Draft(None, tuple(x for d in drafts for x in d.dropped), usage, why, notes)
        said = [_Said(v, c) for v, d in enumerate(drafts) if d.rubric for c in d.rubric.leaves]
        kept, dropped = self._shared(said, drafts, names, usage.calls)
        first = next(d.rubric for d in drafts if d.rubric)
        fields = {k: getattr(first, k) for k in first.model_fields_set - _OWN}
        origin = Provenance(generator=type(self).__name__, prompt_digest=self.digest, calls=usage.calls)
        draft = admit([*dropped, *(c for c, _ in kept)], material, self.gate, id=id, usage=usage, notes=notes,
                      provenance=origin, **fields)  # fmt: skip
        return dataclasses.replace(draft, rubric=draft.rubric and _counted(draft.rubric, {c.id: n for c, n in kept}))

    def _shared(
        self, said: Sequence[_Said], drafts: Sequence[Draft], names: Sequence[str], calls: int
    ) -> tuple[list[tuple[Criterion, int]], list[Dropped]]:
        """Criteria with the number of those who said them, and what was dropped."""
        leader = alike_groups(self._likeness([s.criterion for s in said]), threshold=self.threshold)
        members: defaultdict[int, list[_Said]] = defaultdict(list)
        for place, item in zip(leader.tolist(), said, strict=True):
            members[place].append(item)
        votes = np.zeros((len(members), len(drafts)))
        votes[:, [d.rubric is None for d in drafts]] = np.nan
        for row, group in enumerate(members.values()):
            votes[row, [s.voice for s in group]] = 1.0
        keep = model_consensus(votes, at_least=self.at_least)
        heard = sum(d.rubric is not None for d in drafts)
        kept: list[tuple[Criterion, int]] = []
        dropped = [x for d in drafts for x in d.dropped]
        for row, group in enumerate(members.values()):
            who = [names[v] for v in dict.fromkeys(s.voice for s in group)]
            if keep[row]:
                kept.append((_joined(group, f"c{len(kept) + 1}", who, heard, calls), len(who)))
            else:
                reason = f"{len(who)} of {heard} generators said it, and {self.at_least} are wanted"
                dropped += [Dropped(s.criterion.text, reason) for s in group]
        return kept, dropped

    def _likeness(self, criteria: Sequence[Criterion]) -> np.ndarray:
        texts = [c.text for c in criteria]
        found = self.similar(texts) if self.similar else [[overlap(a, b) for b in texts] for a in texts]
        alike = np.asarray(found, dtype=np.float64).reshape(len(texts), len(texts))
        bad = np.array([c.bad_if_met for c in criteria])
        return np.where(bad[:, None] == bad, alike, np.nan)


@dataclass(frozen=True)
class _Plain:
    generators: tuple[str, ...]
    at_least: int
    threshold: float
    gate: Gate


def _name(generator: Generator, k: int) -> str:
    return getattr(generator, "model", "") or f"{type(generator).__name__} {k}"


def _joined(group: Sequence[_Said], id: str, who: Sequence[str], heard: int, calls: int) -> Criterion:
    first = group[0].criterion
    evidence = tuple(dict.fromkeys(e for s in group for e in s.criterion.evidence))
    digest = first.provenance.prompt_digest if first.provenance else ""
    origin = Provenance(generator=ConsensusGenerator.__name__, prompt_digest=digest, calls=calls,
                        source=f"said by {len(who)} of {heard}: {', '.join(who)}")  # fmt: skip
    return replaced(first, id=id, evidence=evidence, provenance=origin)


def _counted(rubric: Rubric, counts: dict[str, int]) -> Rubric:
    stats = RubricStats(consensus={c.id: counts[c.id] for c in rubric.criteria})
    return rubric.model_copy(update={"stats": stats})
