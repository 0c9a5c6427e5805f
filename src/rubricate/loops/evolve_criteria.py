"""Criteria that evolve from a few labelled pairs: voted on, kept, rewritten or replaced, round by round.

Card 94 (CritiQ, arXiv 2502.19279). Who votes, who rewrites and who proposes come in as callables: ``criterion_votes``,
``refine.LlmRewriter`` and ``propose_from`` (any generator) do, and so does a recording.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from rubricate.errors import CallError, DataError, SettingError
from rubricate.generate.base import Generator, Material
from rubricate.llm.client import Client
from rubricate.loops.criterion_votes import Votes
from rubricate.loops.recover import LabelledPair
from rubricate.refine.rewrite import ShownPair
from rubricate.refine.texts import SAME, text_fault
from rubricate.refine.tracker import KEEP, REWRITE, THIN, CriterionTracker, Version
from rubricate.types import Usage

Vote = Callable[[Sequence[str]], Awaitable[Votes]]
Rewrite = Callable[[str, Sequence[ShownPair], Sequence[ShownPair], Sequence[str]], Awaitable[str]]
Propose = Callable[[int, Sequence[str], Sequence[str]], Awaitable[Sequence[str]]]
Row = tuple[float | None, ...]


class Voiced(NamedTuple):
    """A criterion in play: its ``name`` (its first wording, which a ban goes by) and its wording now."""

    name: str
    text: str


@dataclass(frozen=True)
class Evolution:
    """Where the rounds stand: ``criteria`` and their votes of ``round``, the archive and the ban list, what happened.

    ``match[C][Q]`` holds 1, 0 or None (no vote), ``failed[C]`` how many calls of a criterion gave nothing; ``usage`` is
    that of the votes. ``to_json`` is plain data and ``from_json`` its inverse: a process that was killed goes on from
    the last round.
    """

    criteria: tuple[Voiced, ...] = ()
    round: int = 0
    match: tuple[Row, ...] = ()
    failed: tuple[int, ...] = ()
    archive: tuple[Version, ...] = ()
    banned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "criteria": [c._asdict() for c in self.criteria]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evolution:
        """The evolution that ``to_json`` wrote; DataError for anything else."""
        try:
            return cls(
                tuple(Voiced(**c) for c in data["criteria"]), data["round"], tuple(map(tuple, data["match"])),
                tuple(data["failed"]), tuple(Version(**v) for v in data["archive"]), tuple(data["banned"]),
                tuple(data["notes"]), Usage(**data["usage"]),
            )  # fmt: skip
        except (KeyError, TypeError) as error:
            raise DataError(f"this is no evolution ({error})", expected="what Evolution.to_json gave") from None


@dataclass(frozen=True)
class EvolveCriteria:
    """``rounds`` rounds of votes; between two of them criteria are kept, rewritten or replaced by their band.

    The bands are those of ``tracker``. *rewrite*: worded anew from the pairs it got wrong, of which ``wrong`` and
    ``right`` others are handed over; a rewriting that fails leaves the criterion as it is. *replace* and *thin*: its
    place goes to a proposal that says the same as no criterion in play and as none on the ban list. A criterion that is
    thin because calls failed is heard again instead: a broken endpoint is no verdict on it. ``best`` are the archived
    wordings at ``keep`` or above. Their accuracy is that of the pairs they were chosen on and flatters: hold pairs back
    and vote on them.
    """

    rounds: int = 3
    tracker: CriterionTracker = field(default_factory=CriterionTracker)
    wrong: int = 4
    right: int = 2

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.wrong < 1 or self.right < 0:
            raise SettingError(f"{self!r}", expected="rounds >= 1, wrong >= 1, right >= 0")

    async def run(
        self,
        start: Sequence[str] | Evolution,
        pairs: Sequence[LabelledPair],
        vote: Vote,
        rewrite: Rewrite,
        propose: Propose,
        *,
        on_round: Callable[[Evolution], None] | None = None,
    ) -> Evolution:
        """The evolution after the last round, from criteria or from where another run stopped.

        ``vote(texts)`` on ``pairs``; ``rewrite(text, wrong, right, others)`` raises CallError when it cannot;
        ``propose(count, taken, banned)`` gives at most so many new texts. ``on_round`` gets the state after each vote.
        """
        now = start if isinstance(start, Evolution) else Evolution(tuple(Voiced(t, t) for t in dict.fromkeys(start)))
        if not now.criteria or not pairs:
            raise SettingError(f"{len(now.criteria)} criteria and {len(pairs)} pairs", expected="at least one of each")
        while now.round < self.rounds:
            if now.match:
                now = await self._changed(now, pairs, rewrite, propose)
            now = self._counted(now, await vote([c.text for c in now.criteria]))
            if on_round is not None:
                on_round(now)
        return now

    def best(self, found: Evolution) -> tuple[Version, ...]:
        """The final set, best first."""
        return replace(self.tracker, archive=found.archive, banned=found.banned).best

    def _counted(self, now: Evolution, votes: Votes) -> Evolution:
        tracker = replace(self.tracker, archive=now.archive, banned=now.banned)
        after, _ = tracker.update([c.name for c in now.criteria], [c.text for c in now.criteria], votes.match)
        match = tuple(tuple(None if v != v else float(v) for v in row) for row in votes.match.tolist())
        return replace(
            now, round=now.round + 1, match=match, failed=tuple(votes.failed.sum(1).tolist()), archive=after.archive,
            banned=after.banned, usage=now.usage + votes.usage,
        )  # fmt: skip

    async def _changed(
        self, now: Evolution, pairs: Sequence[LabelledPair], rewrite: Rewrite, propose: Propose
    ) -> Evolution:
        """The criteria of the next round, not voted on yet."""
        match = np.array([[np.nan if v is None else v for v in row] for row in now.match], dtype=np.float64)
        if match.shape[1] != len(pairs):
            raise SettingError(f"votes on {match.shape[1]} pairs and {len(pairs)} pairs", expected="the same pairs")
        seen = self.tracker.bands(match)
        unheard = np.array([b == THIN for b in seen.band]) & (seen.n + np.array(now.failed) >= self.tracker.min_votes)
        stays = [b in (KEEP, REWRITE) or bool(u) for b, u in zip(seen.band, unheard, strict=True)]
        texts = [c.text for c in now.criteria]
        rows = [k for k, b in enumerate(seen.band) if b == REWRITE]
        worded = await asyncio.gather(*(self._reworded(k, texts, match[k], pairs, rewrite) for k in rows))
        fresh = dict(zip(rows, worded, strict=True))
        notes = [f"round {now.round}: {w.note}" for w in worded if w.note]
        after = [
            c._replace(text=fresh[k].text) if k in fresh else c for k, c in enumerate(now.criteria) if stays[k]
        ]  # fmt: skip
        wanted = stays.count(False)
        if wanted:
            taken = list(dict.fromkeys(t for c in after for t in c))
            came = dict.fromkeys(await propose(wanted, taken, now.banned))
            found = [t for t in came if t not in taken and t not in now.banned][:wanted]
            after += [Voiced(t, t) for t in found]
            notes += [f"round {now.round}: {wanted} proposals wanted, {len(found)} came"] if len(found) < wanted else []
        if not after:
            raise CallError("every criterion fell and no proposal came", state="failed", hint="Look at the notes")
        return replace(now, criteria=tuple(after), match=(), failed=(), notes=(*now.notes, *notes))

    async def _reworded(
        self, k: int, texts: list[str], votes: Any, pairs: Sequence[LabelledPair], rewrite: Rewrite
    ) -> _Worded:
        wrong = [_shown(pairs[q]) for q in np.flatnonzero(votes == 0)[: self.wrong]]
        right = [_shown(pairs[q]) for q in np.flatnonzero(votes == 1)[: self.right]]
        try:
            return _Worded(await rewrite(texts[k], wrong, right, texts[:k] + texts[k + 1 :]))
        except CallError as error:
            return _Worded(texts[k], f"{texts[k]!r} was not rewritten ({error.state})")


class _Worded(NamedTuple):
    text: str
    note: str = ""


def _shown(pair: LabelledPair) -> ShownPair:
    return ShownPair("\n".join(m.content for m in pair.prompt), pair.better, pair.worse)


def propose_from(generator: Generator, client: Client, pairs: Sequence[LabelledPair]) -> Propose:
    """Proposals out of a generator of contrasts: the pairs in turn, until there are enough or each was shown once.

    The turn goes on from the number of criteria that are taken or banned, so a resumed run asks as the first one would
    have. A draft without a rubric is passed over, and so is a criterion about something bad: a vote for it would be one
    against it.
    """

    async def propose(count: int, taken: Sequence[str], banned: Sequence[str]) -> Sequence[str]:
        found: list[str] = []
        first = len(taken) + len(banned)
        for k in range(first, first + len(pairs)):
            shown = _shown(pairs[k % len(pairs)])
            material = Material(shown.task, responses=(shown.better, shown.worse), labels=(1.0, 0.0))
            draft = await generator.generate(material, client, id=f"proposal-{k}")
            wanted = [c.text for c in draft.rubric.leaves if not c.bad_if_met] if draft.rubric else []
            for text in wanted:
                if not text_fault(text, [*taken, *found]) and not text_fault(text, banned, rules=SAME):
                    found.append(text)
            if len(found) >= count:
                break
        return found[:count]

    return propose
