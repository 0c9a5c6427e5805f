"""A criterion split in two by a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object
from rubricate.llm.prompts import fence_name, fenced, fill, template
from rubricate.types import Message


@dataclass(frozen=True)
class LlmSplitter:
    """Asks for ``children`` finer criteria, shown the task, the answers that satisfy the coarse one, and what is there.

    A reply with another number of texts, an empty one, a repeated one or the parent itself is asked for again; in the
    end it is a CallError. Card 17: two children.
    """

    client: Client
    prompt: str
    answers: tuple[str, ...]
    children: int = 2
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.7

    async def split(self, text: str, answers: Sequence[int], accepted: Sequence[str]) -> Sequence[str]:
        """Finer criteria in place of ``text``; CallError without a usable reply."""

        def read(reply: Reply) -> list[str] | Problem:
            found = last_object(reply.text, "children")
            values = found["children"] if found else None
            if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
                return Problem('it must be a JSON object with "children", a list of texts')
            texts = [v.strip() for v in values]
            if len(set(texts)) != self.children or text in texts or len(texts) != self.children:
                return Problem(f"there must be {self.children} different children, none of them the criterion itself")
            return texts

        asked = await ask(self.client, self.request(text, answers, accepted), read, reasks=self.reasks)
        return asked.unwrap()

    def request(self, text: str, answers: Sequence[int], accepted: Sequence[str]) -> Request:
        """The request for the children of ``text``."""
        blocks = [("task", self.prompt), ("criterion", text)]
        blocks += [(f"answer {k}", self.answers[place]) for k, place in enumerate(answers, 1)]
        blocks += [(f"accepted {k}", known) for k, known in enumerate(accepted, 1)]
        fence = fence_name("\x1f".join(t for _, t in blocks))
        user = "\n".join(fenced(label, t, fence) for label, t in blocks)
        system = fill(template("split"), {"children": str(self.children)})
        return Request((Message("system", system), Message("user", user)), self.model, self.temperature)
