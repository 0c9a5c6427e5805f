"""A criterion worded anew by a model that is shown the pairs on which it erred."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import request
from rubricate.refine.texts import text_fault
from rubricate.rubrics.wording import normalised


class ShownPair(NamedTuple):
    """A task and two answers to it of which the first is known to be better."""

    task: str
    better: str
    worse: str


@dataclass(frozen=True)
class LlmRewriter:
    """Asks why a criterion erred on each pair that it got wrong, then for a wording that would not have.

    The first ``wrong`` wrong pairs are shown and the first ``right`` others, answers cut at ``chars``. A reply is asked
    for again unless it has one critique per wrong pair and a new sentence that points at no answer, quotes none and
    says nothing that is among the other criteria; in the end it is a CallError. Card 94 (arXiv 2502.19279): critiques,
    then the new description; in the released code the writer never sees the old one, here it does.

    >>> import asyncio
    >>> from rubricate.llm.scripted import ScriptedClient
    >>> reply = '{"rewrite": {"critiques": ["It pays length."], "text": "Every step is needed."}}'
    >>> rewriter = LlmRewriter(ScriptedClient(lambda r: reply))
    >>> asyncio.run(rewriter.rewrite("Is long.", [ShownPair("2 + 2?", "4", "4, as all of us know")]))
    'Every step is needed.'
    """

    client: Client
    wrong: int = 4
    right: int = 2
    chars: int = 2000
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.7

    def __post_init__(self) -> None:
        if self.wrong < 1 or self.right < 0 or self.chars < 1:
            raise SettingError(f"{self!r}", expected="wrong >= 1, right >= 0, chars >= 1")

    async def rewrite(
        self, text: str, wrong: Sequence[ShownPair], right: Sequence[ShownPair] = (), others: Sequence[str] = ()
    ) -> str:
        """A new wording of ``text``; SettingError without a wrong pair, CallError without a usable reply."""
        if not wrong:
            raise SettingError("no pair on which the criterion erred", where="wrong", expected="at least one")
        shown = (*wrong[: self.wrong], *right[: self.right])
        answers = [a for pair in shown for a in (pair.better, pair.worse)]

        def read(value: Any) -> str | Problem:
            critiques, new = (value.get("critiques"), value.get("text")) if isinstance(value, dict) else (None, "")
            count = min(len(wrong), self.wrong)
            if not isinstance(critiques, list) or [_filled(c) for c in critiques] != [True] * count:
                return Problem(f'"critiques" must be {count} texts, one per wrong pair')
            if not isinstance(new, str) or not new.strip():
                return Problem('"text" must be the new wording')
            same = normalised(new) == normalised(text)
            why = "it is the old wording" if same else text_fault(new.strip(), others, answers)
            return Problem(f'"text" cannot be used: {why}') if why else str(new.strip())

        asked = await ask_json(self.client, self.request(text, wrong, right), "rewrite", read, reasks=self.reasks)
        return asked.unwrap()

    def request(self, text: str, wrong: Sequence[ShownPair], right: Sequence[ShownPair] = ()) -> Request:
        """The request for a new wording of ``text``."""
        blocks = [("criterion", text)]
        for label, pairs in (("wrong", wrong[: self.wrong]), ("right", right[: self.right])):
            for k, pair in enumerate(pairs, 1):
                for name, part in zip(("task", "better answer", "worse answer"), pair, strict=True):
                    blocks.append((f"{label} pair {k}: {name}", part[: self.chars]))
        critiques = json.dumps(["..."] * min(len(wrong), self.wrong))
        return request("rewrite", {"critiques": critiques}, blocks, model=self.model, temperature=self.temperature)


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
