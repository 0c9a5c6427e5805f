"""How much likelier a response is under one model, or one instruction, than under another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.errors import SettingError
from rubricate.judges.base import settings_digest
from rubricate.judges.likelihood.scoring import first_error, from_error, score_once, scorer_for, whole, with_usage
from rubricate.llm.client import Client
from rubricate.llm.prompts import fill
from rubricate.llm.scorers import Forced, TokenLogs, TokenScorer
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, Verdict


@register("judge", "density_ratio")
@dataclass(frozen=True)
class DensityRatio:
    """Score of a response: ``beta (log p_strong(y | I, x) - log p_weak(y | x))``, without training.

    The strong model is the aligned one of a pair, the weak one its base; without a ``weak`` scorer the strong model
    itself without the instruction I. ``routes``: (pattern, instruction), the first pattern found in the task picks I,
    else ``instruction``; the text of a rubric is such an I. With policy and reference it is the implicit reward of DPO.
    ``per_token`` divides by the response's tokens under the strong model; sums grow with length. Cards 143 (arXiv
    2411.02481; its router and prompts were not at hand), 93 and 101 (implicit reward).
    """

    strong: TokenScorer | None = None
    weak: TokenScorer | None = None
    instruction: str = ""
    routes: tuple[tuple[str, str], ...] = ()
    beta: float = 1.0
    per_token: bool = False
    form: str = "$instruction$task\n\n"

    def __post_init__(self) -> None:
        if self.weak is None and not (self.instruction or self.routes):
            raise SettingError(
                "one model without an instruction is compared with itself", expected="a weak scorer, or an instruction"
            )

    @property
    def needs_client(self) -> bool:
        """False with a strong scorer of its own."""
        return self.strong is None

    @property
    def digest(self) -> str:
        """Settings and scorers."""
        return settings_digest(self)

    def route(self, sample: Sample) -> str:
        """The instruction for a sample."""
        found = (text for pattern, text in self.routes if re.search(pattern, sample.task, re.IGNORECASE))
        return next(found, self.instruction)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict per response; what they cost together is on the first."""
        strong, judge = scorer_for(self.strong, client), self.digest
        weak = self.weak or strong
        with_i = [self._item(s, f"{i}\n\n" if (i := self.route(s)) else "") for s in samples]
        plain = [self._item(s, "") for s in samples]
        first, second = await score_once(strong, with_i), await score_once(weak, plain)
        out = []
        for a, b in zip((first[i] for i in with_i), (second[i] for i in plain), strict=True):
            if not isinstance(a, TokenLogs) or not isinstance(b, TokenLogs):
                error = first_error([a, b])
                assert error is not None
                out.append(from_error(error, judge))
                continue
            size = len(a.logp) if self.per_token else 1
            value = self.beta * (a.total - b.total) / size
            out.append(whole(value, judge, f"log p {a.total:.4g} strong, {b.total:.4g} weak; {len(a.logp)} tokens"))
        return with_usage(out, [*first.values(), *second.values()])

    def _item(self, sample: Sample, instruction: str) -> Forced:
        return Forced(fill(self.form, {"instruction": instruction, "task": sample.task}), sample.response)
