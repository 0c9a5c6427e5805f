"""The pairwise judge: two responses to one task, as wholes or criterion by criterion, in one order or in both."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import rubricate.judges.layout as layout
import rubricate.judges.pair_layout as pair_layout
from rubricate.errors import SettingError
from rubricate.judges.asking import Asking
from rubricate.judges.base import chunks, settings_digest
from rubricate.judges.orders import Order, check_order, resolve_even, settle, swapped_by_chance
from rubricate.judges.pair_reply import Reading
from rubricate.judges.programs import by_program
from rubricate.llm.ask import ask
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, Usage, Verdict

PARSER = "pairs-1"
_TEMPLATES = {"json": "pair", "tag": "pair_tag", "principles": "pair_principles"}


@register("judge", "pairwise")
@dataclass(frozen=True)
class PairwiseJudge(Asking):
    """Compares two responses through a model: values > 0 when the first is better, in [-1, 1].

    ``about``: "whole" gives one verdict (1, 0, -1), "criteria" one per leaf of the rubric (integers -2..2, halved;
    ``batch`` of them per call), where criteria with a verifier are decided by the program: share of the first minus
    share of the second. ``order``: see ``rubricate.judges.orders``. ``ties``: "offer" or "forbid" the answer that
    neither is better. ``even``: a value of 0 stays a "tie", or is "missing" (abstained). ``reply``: strict "json", a
    "tag" ([[A]] at the end of free text), or "principles" (derived, then grounded in quotes, then compared; card 177).
    ``logprobs``: ask for so many top tokens and keep P(first better) and the log margin; ``soft``: the value is
    ``P(first) - P(second)``. Cards 8, 48, 53, 80, 89, 167, 177.
    """

    about: Literal["whole", "criteria"] = "whole"
    order: Order = "both_strict"
    ties: Literal["offer", "forbid"] = "offer"
    even: Literal["tie", "missing"] = "tie"
    reply: Literal["json", "tag", "principles"] = "json"
    batch: int | Literal["all"] = "all"
    reasons: bool = True
    abstain: bool = False
    logprobs: int = 0
    soft: bool = False
    structured: bool = False
    order_seed: int = 0

    def __post_init__(self) -> None:
        check_order(self.order)
        chunks((), self.batch)
        known = self.about in ("whole", "criteria") and self.ties in ("offer", "forbid")
        known &= self.even in ("tie", "missing") and self.reply in _TEMPLATES and self.reasks >= 0
        if not known:
            expected = f"whole or criteria, offer or forbid, tie or missing, {sorted(_TEMPLATES)}, reasks >= 0"
            raise SettingError(f"{self!r}", expected=expected)
        if self.about == "criteria" and (self.reply != "json" or self.logprobs):
            raise SettingError("criteria are compared in JSON, without log-probabilities", expected="reply='json'")
        if self.structured and self.reply != "json":
            raise SettingError(f"structured=True with reply={self.reply!r}", expected="reply='json'")
        if self.soft and not self.logprobs:
            raise SettingError(
                "soft=True without log-probabilities", expected="logprobs=20, or as many as the server gives"
            )

    @property
    def prompt(self) -> str:
        """The name of the prompt template."""
        return "pair_criteria" if self.about == "criteria" else _TEMPLATES[self.reply]

    @property
    def digest(self) -> str:
        """Settings, prompt text and parser version."""
        return _digest(self)

    async def compare(
        self, first: Sample, second: Sample, rubric: Rubric, client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict about the whole, or one per criterion; the usage of all calls is on the first."""
        if self.order in ("as_is", "random"):
            swapped = self.order == "random" and swapped_by_chance(first, second, self.order_seed)
            seen, usage = await self.one_order(first, second, rubric, client, swapped=swapped)
            shown = f":{'swapped' if swapped else 'in_order'}" if self.order == "random" else ""
            found = [v if v.order else v._replace(order=self.order + shown) for v in seen]
        else:
            forward, usage = await self.one_order(first, second, rubric, client)
            backward = forward
            if any(v.scored for v in forward):  # else nothing can come of the second order
                backward, more = await self.one_order(first, second, rubric, client, swapped=True)
                usage += more
            pairs = zip(forward, backward, strict=True)
            found = [f if f.order else settle(self.order, f, b) for f, b in pairs]
        ended = [resolve_even(v, self.even) for v in found]
        return (ended[0]._replace(usage=usage), *ended[1:])

    async def one_order(
        self, first: Sample, second: Sample, rubric: Rubric, client: Client | None, *, swapped: bool = False
    ) -> tuple[tuple[Verdict, ...], Usage]:
        """What the model says in one order (``swapped``: the second shown as A), in favour of the first all the same.

        For audits of position bias; ties are kept. Also the usage of the calls, which is not on the verdicts.
        """
        whole = self.about == "whole"
        asked = pair_layout.whole_question(self.ties == "offer") if whole else pair_layout.questions(rubric)
        if client is None:
            raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
        done: dict[str, Verdict] = {}
        usage = Usage()
        for batch in chunks(asked, self.batch):
            reading = Reading(self, first, second, batch, swapped)
            request = self.request(first, second, rubric, batch, swapped=swapped)
            ended = await ask(client, request, reading.read, reasks=self.reasks)
            usage += ended.usage
            done |= reading.verdicts(ended)
        if self.about == "criteria":
            programs = [c for c in rubric.leaves if c.verifier is not None]
            done |= {c.id: by_program(first, second, c) for c in programs}
            return tuple(done[c.id] for c in rubric.leaves), usage
        return tuple(done.values()), usage

    def request(
        self, first: Sample, second: Sample, rubric: Rubric, asked: Sequence[Criterion], *, swapped: bool = False
    ) -> Request:
        """The request for some questions about a pair in one order."""
        weigh = rubric.guidelines if self.about == "criteria" else pair_layout.weighed(rubric)
        system = pair_layout.system_message(self.prompt, self.reasons, self.ties == "offer", self.abstain, weigh)
        block = pair_layout.pair_material(first, second, swapped, self.fence_key)
        schema = layout.schema(asked, self.reasons, False, self.abstain) if self.structured else None
        return self.to_request(
            layout.messages(system, block, tuple(asked)),
            top_logprobs=self.logprobs,
            schema=schema,
        )


@functools.lru_cache(maxsize=256)
def _digest(judge: PairwiseJudge) -> str:
    return settings_digest(judge, prompt_digest(template(judge.prompt)), PARSER)
