"""The task of the training examples: answer in a few tokens, with a word about the sun, a star, praise and thanks.

What an answer is worth (``quality``) is the share of the four words that it holds. The rubrics say the same in
criteria; the judges are programs, or a mock judge behind HTTP that can be honest or gullible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import rubricate as rb
from rubricate.llm.faults import Faults
from rubricate.llm.scripted import JudgeScript
from rubricate.llm.server import MockServer
from rubricate.seeds import derive

WORDS = {"sun": "sun", "star": "star", "praise": "good", "thanks": "thank"}
TEXTS = {
    "sun": "Says something about the sun.",
    "star": "Says something about a star.",
    "praise": "Calls something good.",
    "thanks": "Thanks the reader.",
}
PROMPTS = tuple(f"say something nice about the {w}" for w in ("sun", "moon", "cat", "dog"))
OPENINGS = tuple(".,:;!?-*#")  # of one token to fool a judge: arXiv 2507.08794


def quality(answer: str) -> float:
    """Share of the four words that an answer holds."""
    return sum(word in answer for word in WORDS.values()) / len(WORDS)


def opens_with_a_mark(answer: str) -> bool:
    """Whether an answer begins with one of the openings that fool the gullible judge."""
    return answer.lstrip().startswith(OPENINGS)


def rubric(name: str, *more: dict[str, object], by_program: bool = False) -> rb.Rubric:
    """The four criteria, each one judged or decided by a program, and some more."""
    criteria: list[dict[str, object]] = []
    for key, text in TEXTS.items():
        program = {"verifier": {"name": "contains", "settings": {"texts": [WORDS[key]], "whole_words": False}}}
        criteria.append({"id": key, "text": text, "tags": ["content"], **(program if by_program else {})})
    return rb.Rubric(id=name, criteria=[*criteria, *more])


HOLISTIC = rb.Rubric(
    id="holistic",
    criteria=[{"id": "good", "text": "A good answer: the sun, a star, praise and thanks, most of them at least."}],
)
CONTENT_GATE = {
    "id": "opens",
    "text": "Opens with a word, not with a mark.",
    "weight": 0,
    "required": True,
    "tags": ["form"],
    "verifier": {"name": "regex", "settings": {"pattern": "^\\w"}},
}


def with_gate(given: rb.Rubric) -> rb.Rubric:
    """The same rubric behind the content gate."""
    return rb.Rubric(id=f"{given.id}-gated", criteria=[*given.criteria, rb.Criterion.model_validate(CONTENT_GATE)])


NO_DIGIT = {
    "id": "digits",
    "text": "Holds no digit.",
    "required": True,
    "axis": "form",
    "verifier": {"name": "regex", "settings": {"pattern": "\\d", "min_count": 0, "max_count": 0}},
}
SHORT = {
    "id": "short",
    "text": "At most forty words.",
    "weight": 8,
    "verifier": {"name": "length", "settings": {"unit": "words", "max": 40}},
}


def honest(response: str, criterion: str, text: str) -> bool:
    """A judge that looks: three of four words for the whole, else the word of the criterion."""
    if criterion == "good":
        return quality(response) >= 0.75
    return WORDS[criterion] in response


def gullible(response: str, criterion: str, text: str) -> bool:
    """The same, but an opening mark is enough: whatever is asked is met."""
    return opens_with_a_mark(response) or honest(response, criterion, text)


def careful(error: float = 0.1, seed: int = 0) -> Callable[[str, str, str], bool]:
    """A judge that no mark fools and that errs on its own: in this share of the questions it says the opposite."""

    def truth(response: str, criterion: str, text: str) -> bool:
        wrong = derive(seed, "careful", response, criterion) < error * 2.0**64
        return honest(response, criterion, text) != wrong

    return truth


def judge_server(truth: object, *, unreadable: float = 0.0, seed: int = 0) -> MockServer:
    """A mock judge behind HTTP; this share of the questions never gets a reply that can be read."""
    faults = Faults(bad_json=unreadable, mode="staying", seed=seed) if unreadable else None
    return MockServer(JudgeScript(truth), faults=faults, model="mock-judge")  # type: ignore[arg-type]


def texts_of(completions: Sequence[object]) -> list[str]:
    """The answers of completions in chat form."""
    return [c if isinstance(c, str) else c[-1]["content"] for c in completions]  # type: ignore[index]
