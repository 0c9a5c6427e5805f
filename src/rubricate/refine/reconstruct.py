"""Does a rubric give its answer away? Have the answer rebuilt from the rubric alone and see how near it comes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import fence_name, fenced, template
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.wording import content_words
from rubricate.types import Message, Usage


class Rebuilt(NamedTuple):
    """What was rebuilt, how alike it is to the reference (None without a usable reply, and ``why``), and the cost."""

    text: str
    similarity: float | None
    why: str
    usage: Usage


def word_f1(text: str, reference: str) -> float:
    """F1 of content words with their counts, in [0, 1]; 0 when either has none.

    >>> word_f1("Steep the leaves", "Steep green leaves")
    0.8
    """
    a, b = Counter(content_words(text)), Counter(content_words(reference))
    both = sum((a & b).values())
    return 2 * both / (sum(a.values()) + sum(b.values())) if both else 0.0


@dataclass(frozen=True)
class Reconstruction:
    """Shows a model the criteria alone, without the prompt, and compares what it writes with the reference.

    Near 1: the rubric holds its answer, so a policy that sees it is told the answer. Card 207 (Spacer, abstract only):
    sets of keywords are validated by rebuilding the statement from them; the use on rubrics is ours.
    """

    reasks: int = 1
    model: str = ""
    temperature: float | None = 0.0

    async def of(self, rubric: Rubric, reference: str, client: Client) -> Rebuilt:
        """The rebuilt answer and its likeness. SettingError for an empty reference."""
        if not content_words(reference):
            raise SettingError("the reference is empty", expected="the answer that the rubric was made for")
        listed = "\n".join(f"- {c.text}" for c in rubric.leaves)
        user = fenced("criteria", listed, fence_name(listed))
        request = Request(
            (Message("system", template("reconstruct")), Message("user", user)), self.model, self.temperature
        )
        asked = await ask(
            client, request, lambda r: r.text.strip() or Problem("the reply is empty"), reasks=self.reasks
        )  # fmt: skip
        if asked.error is not None:
            return Rebuilt("", None, str(asked.error), asked.usage)
        text = asked.unwrap()
        return Rebuilt(text, word_f1(text, reference), "", asked.usage)
