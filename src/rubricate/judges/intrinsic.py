"""Agreement of a group of responses with itself: a reward without a label, for short and watched runs only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rubricate.agreement import AGREEMENTS, self_agreement
from rubricate.arrays import Ints
from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.judges.base import WHOLE, settings_digest
from rubricate.judges.encoders import TRIGRAMS, Encoder
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object
from rubricate.llm.prompts import fence_name, fenced, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.types import Message, Sample, State, Usage, Verdict
from rubricate.verifiers.base import answer_text
from rubricate.verifiers.normalise import normalise

BY = ("answer", "similarity", "entailment")


@register("judge", "self_agreement")
@dataclass(frozen=True)
class SelfAgreement:
    """Score of a response: agreement of its answer with the answers of its group (``how``: majority or frequency).

    Answers are the same ``by``: "answer", the last match of the pattern ``answer`` after normalising; "similarity", a
    cosine of at least ``threshold`` under ``encoder``; "entailment", a model says that each follows from the other.
    For the last two a response joins the first group whose first member it equals. ``view``: a metadata key; then a
    response is measured by those of the other views (card 128). A response without an answer votes for nothing and
    gets no score. Cards 118, 128, 173 (frequency, entailment).

    On a prompt whose most likely answer is wrong this teaches the wrong answer: watch with ``audit.collapse_monitor``.
    """

    how: str = "majority"
    by: str = "answer"
    answer: str = r"\\boxed\{([^{}]*)\}"
    encoder: Encoder = TRIGRAMS
    threshold: float = 0.8
    view: str = ""
    model: str = ""
    reasks: int = 2
    prompt: str = "same_meaning"
    fence_key: str = "rubricate"

    def __post_init__(self) -> None:
        if self.how not in AGREEMENTS:
            raise UnknownNameError.among("agreement", self.how, AGREEMENTS)
        if self.by not in BY:
            raise UnknownNameError.among("way to tell answers apart", self.by, BY)
        if re.compile(self.answer).groups != 1 or not -1.0 <= self.threshold <= 1.0:
            raise SettingError(f"{self!r}", expected="a pattern with one group, a threshold in [-1, 1]")

    @property
    def needs_client(self) -> bool:
        """Only to ask whether answers follow from each other."""
        return self.by == "entailment"

    @property
    def digest(self) -> str:
        """Settings and prompt text."""
        return settings_digest(self, prompt_digest(template(self.prompt)))

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict per response of one prompt; the cost of telling answers apart is on the first."""
        judge, usage, lost = self.digest, Usage(), dict[int, CallError]()
        if self.by == "answer":
            cluster = self._by_answer(samples)
        elif self.by == "similarity":
            cluster = self._by_similarity(samples)
        else:
            cluster, lost, usage = await self._by_entailment(samples, client)
        view = [str(s.metadata.get(self.view, "")) for s in samples] if self.view else None
        value = self_agreement(cluster, np.zeros(len(samples)), self.how, view=view)
        out = [
            self._verdict(float(v), int(c), lost.get(k), judge)
            for k, (v, c) in enumerate(zip(value, cluster, strict=True))
        ]
        return tuple(v._replace(usage=usage) if k == 0 else v for k, v in enumerate(out))

    def _verdict(self, value: float, cluster: int, error: CallError | None, judge: str) -> Verdict:
        if error is not None:
            return Verdict(WHOLE, State(error.state), reason=str(error), judge=judge, raw=error.raw)
        if np.isnan(value):
            reason = "no answer was found in the response" if cluster < 0 else "nobody else gave an answer"
            return Verdict(WHOLE, State.UNREADABLE if cluster < 0 else State.ABSTAINED, reason=reason, judge=judge)
        return Verdict(WHOLE, State.SCORED, value, str(cluster), judge=judge)

    def _by_answer(self, samples: Sequence[Sample]) -> Ints:
        found = [re.findall(self.answer, s.response) for s in samples]
        texts = [normalise(m[-1]) if m else "" for m in found]
        place = {text: k for k, text in enumerate(dict.fromkeys(t for t in texts if t))}
        return np.array([place.get(t, -1) for t in texts], dtype=np.int64)

    def _by_similarity(self, samples: Sequence[Sample]) -> Ints:
        texts = [answer_text(s) for s in samples]
        vectors = self.encoder.encode(texts)
        same = vectors @ vectors.T >= self.threshold
        return greedy_clusters(same, np.array([bool(t) for t in texts], dtype=np.bool_))

    async def _by_entailment(
        self, samples: Sequence[Sample], client: Client | None
    ) -> tuple[Ints, dict[int, CallError], Usage]:
        """Clusters by asking, for each response, against the first member of each cluster so far, both ways."""
        if client is None:
            raise SettingError("entailment is asked of a model and got no client", expected="client=HttpClient(...)")
        texts, heads, usage = [answer_text(s) for s in samples], list[int](), Usage()
        out, lost = np.full(len(samples), -1, dtype=np.int64), dict[int, CallError]()
        for k, text in enumerate(texts):
            if not text:
                continue
            joined = -1
            for place, head in enumerate(heads):
                same, cost = await self._same(samples[k].task, texts[head], text, client)
                usage += cost
                if isinstance(same, CallError):
                    lost[k] = same
                    break
                if same:
                    joined = place
                    break
            if k in lost:
                continue
            if joined < 0:
                heads.append(k)
                joined = len(heads) - 1
            out[k] = joined
        return out, lost, usage

    async def _same(self, task: str, a: str, b: str, client: Client) -> tuple[bool | CallError, Usage]:
        if normalise(a) == normalise(b):
            return True, Usage()
        usage = Usage()
        for first, second in ((a, b), (b, a)):
            asked = await ask(client, self._request(task, first, second), _follows, reasks=self.reasks)
            usage += asked.usage
            if asked.error is not None:
                return asked.error, usage
            if not asked.result:
                return False, usage
        return True, usage

    def _request(self, task: str, first: str, second: str) -> Request:
        fence = fence_name("\x1f".join((task, first, second)), self.fence_key)
        blocks = (("task", task), ("first answer", first), ("second answer", second))
        text = "\n".join(fenced(label, block, fence) for label, block in blocks)
        return Request((Message("system", template(self.prompt)), Message("user", text)), model=self.model)


def greedy_clusters(same: np.ndarray, given: np.ndarray) -> Ints:
    """Each row joins the first cluster whose first member it equals (``same[N, N]``); -1 where not ``given[N]``.

    >>> greedy_clusters(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], bool), np.array([True, True, True])).tolist()
    [0, 0, 1]
    """
    out, heads = np.full(len(same), -1, dtype=np.int64), list[int]()
    for k in np.flatnonzero(given):  # a group has some ten responses, and each choice depends on those before
        joined = next((place for place, head in enumerate(heads) if same[head, k]), len(heads))
        if joined == len(heads):
            heads.append(int(k))
        out[k] = joined
    return out


def _follows(reply: Reply) -> bool | Problem:
    found = last_object(reply.text, "follows")
    answer = found.get("follows") if found else None
    if answer not in ("yes", "no"):
        return Problem('the reply has no {"follows": "yes"} or {"follows": "no"}')
    return answer == "yes"
