"""What the native routes take and give; unknown fields are refused, so that a typo is seen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rubricate.types import Message, Sample, Step

AnyRubric = str | dict[str, Any] | None
Credit = Literal["none", "grpo", "dr_grpo", "rloo", "recipe"]


class Model(BaseModel):
    """Base of the bodies."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ChatMessage(Model):
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class StepBody(Model):
    """One step of a trajectory."""

    text: str
    kind: str = "text"
    metadata: dict[str, Any] = Field(default_factory=dict)


Prompt = Annotated[str | list[ChatMessage], Field(description="Text, or chat messages.")]
Rubric = Annotated[
    AnyRubric,
    Field(description="Id of a rubric of this server, a whole rubric, or its JSON text; left out, the only one."),
]
Digest = Annotated[str, Field(description="Expected digest of the rubric; another one is refused.")]


class Item(Model):
    """One response to be scored."""

    prompt: Prompt
    response: str
    id: str = ""
    group: str = ""
    rubric: Rubric = None
    digest: Digest = ""
    reference: str | None = None
    documents: list[str] = Field(default_factory=list)
    steps: list[StepBody] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)

    def sample(self, place: int) -> Sample:
        """The item as a sample; without an id it is called by its place."""
        steps = tuple(Step(s.text, s.kind, s.metadata) for s in self.steps)
        return Sample(
            self.id or str(place), messages(self.prompt), self.response, self.group, reference=self.reference,
            documents=tuple(self.documents), steps=steps, metadata=self.metadata,
        )  # fmt: skip


class ScoreBody(Model):
    """``POST /v1/score``: any responses, each with its rubric."""

    items: list[Item] = Field(min_length=1)
    rubric: Rubric = None
    stream: bool = Field(default=False, description="Answer in lines of JSON, group by group, with progress.")


class RewardsBody(Model):
    """``POST /v1/rewards``: the whole group of one prompt, with advantages."""

    prompt: Prompt
    responses: list[str] = Field(min_length=1)
    rubric: Rubric = None
    digest: Digest = ""
    reference: str | None = None
    documents: list[str] = Field(default_factory=list)
    credit: Credit = "grpo"
    verdicts: bool = False


class CompareBody(Model):
    """``POST /v1/compare``: which of two responses is better."""

    prompt: Prompt
    first: str
    second: str
    rubric: Rubric = None
    digest: Digest = ""
    reference: str | None = None
    documents: list[str] = Field(default_factory=list)


class OpenRlhfBody(BaseModel):
    """What OpenRLHF posts to ``--reward.remote_url``."""

    model_config = ConfigDict(strict=True)
    query: list[str]
    prompts: list[str]
    labels: list[str] | None = None


class SlimeBody(BaseModel):
    """What slime posts to ``--rm-url``."""

    model_config = ConfigDict(strict=True)
    prompt: str | list[dict[str, Any]]
    response: str
    label: Any = None


class ClassifyBody(BaseModel):
    """What clients of a served reward model post; ``rubric`` is ours."""

    model_config = ConfigDict(strict=True)
    input: str | list[str]
    model: str = "rubricate"
    use_activation: bool | None = None
    rubric: str | dict[str, Any] | None = None


class ErrorBody(BaseModel):
    """What went wrong, in one word and in a sentence, and what to do next."""

    model_config = ConfigDict(extra="allow")
    code: str
    message: str
    hint: str


class ErrorReply(BaseModel):
    """Every reply other than 200."""

    error: ErrorBody


class UsageReply(BaseModel):
    """What it cost."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    seconds: float


class VerdictReply(BaseModel):
    """One verdict; fields at their default are left out."""

    model_config = ConfigDict(extra="allow")
    criterion: str
    state: str


class ScoreReply(BaseModel):
    """One scored response; ``reward`` is null when there is none, and ``why`` says why."""

    sample: str
    reward: float | None
    advantage: float | None
    why: str
    code: str
    metrics: dict[str, float | None]
    rubric: str
    verdicts: list[VerdictReply]
    usage: UsageReply
    by_tag: dict[str, float | None] = Field(default_factory=dict)


class ScoresReply(BaseModel):
    """All scored responses, in the order of the items."""

    results: list[ScoreReply]


class RewardsReply(BaseModel):
    """Rewards and advantages of a group, in the order of the responses; null where there is none."""

    rewards: list[float | None]
    advantages: list[float | None]
    why: list[str]
    metrics: list[dict[str, float | None]]
    rubric: str
    verdicts: list[list[VerdictReply]]
    usage: UsageReply


class CompareReply(BaseModel):
    """``preference`` 1: the first is better, -1: the second, 0: neither, null: no verdict, and ``why``."""

    preference: int | None
    margin: float | None
    why: str
    rewards: list[float | None]
    verdicts: list[list[VerdictReply]]
    rubric: str


def messages(prompt: str | list[ChatMessage]) -> tuple[Message, ...]:
    """A prompt as messages."""
    if isinstance(prompt, str):
        return (Message("user", prompt),)
    return tuple(Message(m.role, m.content) for m in prompt)
