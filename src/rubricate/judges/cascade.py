"""A cascade: rules first, then a cheap judge, then a strong one, each for what the one before leaves open (P12).

A stage says right, wrong or unsure. A rule that certifies right only lets the false positives of the judge behind it
through untouched (catalogue's simulation: accuracy .64 with the rule in front, .62 without, at a judge's false positive
rate of .67); one that certifies wrong too stops them (.84, with 45 % of the calls). Cards 16, 65, 138.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import Judge, ask_all, chunks, settings_digest, spent
from rubricate.judges.reference import EquivalenceJudge
from rubricate.llm.client import Client
from rubricate.registry import names, register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import VerifierSpec
from rubricate.seeds import derive
from rubricate.types import Sample, Usage, Verdict
from rubricate.verifiers.base import adecide

RIGHT, WRONG = "right", "wrong"
AGREED, CONTESTED, UNAUDITED = "agreed", "contested", "unaudited"


@register("judge", "rule")
@dataclass(frozen=True)
class RuleJudge:
    """A registered verifier as a judge of every criterion; where it cannot tell, it abstains.

    ``settings`` are pairs for the verifier; its value is put on the scale of the criterion.
    """

    verifier: str = "same_answer"
    settings: tuple[tuple[str, Any], ...] = ()

    needs_client = False

    def __post_init__(self) -> None:
        if self.verifier not in names("verifier"):
            raise UnknownNameError.among("verifier", self.verifier, names("verifier"))

    @property
    def digest(self) -> str:
        """The name and the settings of the verifier."""
        return settings_digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria together."""
        return chunks(criteria, "all")

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion."""
        spec, digest = VerifierSpec(name=self.verifier, settings=dict(self.settings)), self.digest
        asked = [c.model_copy(update={"verifier": spec}) for c in criteria]
        return tuple([(await adecide(sample, c))._replace(judge=digest) for c in asked])


@dataclass(frozen=True)
class Stage:
    """A judge and what it may certify, as shares of the criterion's scale; None certifies nothing on that side.

    At ``right`` or above the answer is right, at ``wrong`` or below wrong, between them the next stage is asked.
    ``audit.handover_thresholds`` fits both on labelled data.
    """

    name: str
    judge: Judge
    wrong: float | None = 0.0
    right: float | None = 1.0

    def __post_init__(self) -> None:
        low, high = -1.0 if self.wrong is None else self.wrong, 2.0 if self.right is None else self.right
        if not self.name.isidentifier() or not low < high:
            raise SettingError(f"{self!r}", expected="a name of letters, digits and _, and wrong < right")

    def decision(self, criterion: Criterion, verdict: Verdict) -> str:
        """right, wrong, or empty when the verdict is between the two, or has no value."""
        if verdict.value is None:
            return ""
        share = (verdict.value - criterion.scale.min) / (criterion.scale.max - criterion.scale.min)
        if self.right is not None and share >= self.right:
            return RIGHT
        return WRONG if self.wrong is not None and share <= self.wrong else ""


class Said(NamedTuple):
    """What the label of a cascade's verdict says: the stage that decided, its word, and how the audit went."""

    stage: str
    word: str
    audit: str = ""


@register("judge", "cascade")
@dataclass(frozen=True)
class Cascade:
    """Asks the stages in order until one certifies; the last one decides whatever is left.

    The label names the stage (``rules:right``, ``judge:YES``), the reason and the value are that stage's; the usage is
    that of all stages asked. ``audit_share`` of the decisions of earlier stages are shown to the last stage too, drawn
    by ``audit_seed``, sample and criterion: the label then ends in ``agreed``, ``contested`` or ``unaudited`` (no
    verdict), and the decision stays as it was, so that the share stays an honest sample. ``audit.cascade_report``
    counts both. A verdict that is missing leaves a question open; at the last stage its state stays.
    """

    stages: tuple[Stage, ...] = (Stage("rules", RuleJudge()), Stage("judge", EquivalenceJudge()))
    audit_share: float = 0.0
    audit_seed: int = 0

    def __post_init__(self) -> None:
        own = [s.name for s in self.stages]
        if not own or len(set(own)) < len(own) or not 0 <= self.audit_share <= 1:
            raise SettingError(
                f"stages {own} with audit_share={self.audit_share}",
                expected="one stage or more, each with its own name, and a share in [0, 1]",
            )

    @property
    def needs_client(self) -> bool:
        """Whether any stage calls a model."""
        return any(s.judge.needs_client for s in self.stages)

    @property
    def digest(self) -> str:
        """Settings and the digests of the stages."""
        return settings_digest(self, *(s.judge.digest for s in self.stages))

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria together: each stage splits what is left in its own way."""
        return chunks(criteria, "all")

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion, labelled with the stage that gave it."""
        open_, done, audited = list(criteria), dict[str, Verdict](), list[Criterion]()
        usage = Usage()
        for stage in self.stages[:-1]:
            found = await ask_all(stage.judge, sample, rubric, open_, client) if open_ else ()
            usage = sum((v.usage for v in found if v.usage), usage)
            words = {v.criterion: stage.decision(c, v) for c, v in zip(open_, found, strict=True)}
            done |= {v.criterion: _labelled(v, stage.name, words[v.criterion]) for v in found if words[v.criterion]}
            open_ = [c for c in open_ if not words[c.id]]
        audited = [c for c in criteria if c.id in done and self._audits(sample, c)]
        last = self.stages[-1]
        asked = [*open_, *audited]
        found = await ask_all(last.judge, sample, rubric, asked, client) if asked else ()
        usage = sum((v.usage for v in found if v.usage), usage)
        for criterion, verdict in zip(asked, found, strict=True):
            if criterion.id in done:
                done[criterion.id] = _audited(done[criterion.id], verdict, criterion)
            else:
                done[criterion.id] = _labelled(verdict, last.name, verdict.label or verdict.state.value)
        return spent([done[c.id]._replace(usage=None) for c in criteria], usage)

    def _audits(self, sample: Sample, criterion: Criterion) -> bool:
        if self.audit_share == 0.0:
            return False
        return derive(self.audit_seed, "cascade", sample.id, criterion.id) < self.audit_share * 2.0**64


def said(verdict: Verdict) -> Said:
    """The stage of a cascade that gave a verdict, its word, and what the audit found.

    >>> from rubricate.types import State
    >>> said(Verdict("c", State.SCORED, 1.0, "rules:right:agreed"))
    Said(stage='rules', word='right', audit='agreed')
    """
    stage, _, rest = (verdict.label or "").partition(":")
    word, _, audit = rest.rpartition(":")
    if audit in (AGREED, CONTESTED, UNAUDITED) and word:
        return Said(stage, word, audit)
    return Said(stage, rest)


def _labelled(verdict: Verdict, stage: str, word: str) -> Verdict:
    return verdict._replace(label=f"{stage}:{word}")


def _audited(decided: Verdict, top: Verdict, criterion: Criterion) -> Verdict:
    """The decision with what the last stage says of it: the same half of the scale, the other, or nothing."""
    outcome = UNAUDITED
    if top.value is not None and decided.value is not None:
        middle = (criterion.scale.min + criterion.scale.max) / 2
        outcome = AGREED if (top.value >= middle) == (decided.value >= middle) else CONTESTED
    return decided._replace(label=f"{decided.label}:{outcome}")
