"""Replies of a pairwise judge: what is usable is kept, what is not is told to the model, the rest ends as a state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import rubricate.judges.layout as layout
import rubricate.judges.pair_layout as pair_layout
from rubricate.judges.evidence import check_quotes
from rubricate.judges.markers import Marked, read_reply
from rubricate.judges.pair_layout import FIRST, NEITHER, SECOND
from rubricate.judges.tags import read_tag
from rubricate.llm.ask import Asked, Problem
from rubricate.llm.client import Reply
from rubricate.llm.parse import ABSTAIN, Answer, last_object, parse_verdicts
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State, Verdict

if TYPE_CHECKING:
    from rubricate.judges.pairwise import PairwiseJudge


class Reading:
    """The replies to one request about a pair in one order, and the verdicts that they come to."""

    def __init__(
        self, judge: PairwiseJudge, first: Sample, second: Sample, asked: tuple[Criterion, ...], swapped: bool
    ) -> None:
        self.judge, self.asked, self.sign = judge, asked, -1.0 if swapped else 1.0
        self.first, self.second = first, second
        self.kept: dict[str, Verdict] = {}
        self.problems: dict[str, str] = {}
        self.tries = 0

    def read(self, reply: Reply) -> dict[str, Verdict] | Problem:
        """The verdicts by criterion once all are there, else what is wrong with the reply."""
        self.tries += 1
        if self.judge.reply == "tag":
            answers, self.problems = self._tag(reply)
        else:
            parsed = parse_verdicts(reply.text, layout.batch_offered(self.asked))
            answers, self.problems = dict(parsed.answers), dict(parsed.problems)
        for name, answer in answers.items():
            if name not in self.kept:
                verdict = self._verdict(name, answer, reply)
                if isinstance(verdict, Problem):
                    self.problems[name] = verdict.text
                else:
                    self.kept[name] = verdict
        left = {name: what for name, what in self.problems.items() if name not in self.kept}
        if left:
            return Problem("; ".join(f"[{name}] {what}" for name, what in left.items()))
        return self.kept

    def verdicts(self, ended: Asked[dict[str, Verdict]]) -> dict[str, Verdict]:
        """Kept answers, and for the rest the state in which asking ended."""
        error = ended.error
        missing = {
            c.id: Verdict(c.id, State(error.state), reason=self.problems.get(c.id) or str(error),
                          judge=self.judge.digest, attempts=error.attempts, raw=error.raw)
            for c in self.asked if error is not None and c.id not in self.kept
        }  # fmt: skip
        return {c.id: self.kept.get(c.id) or missing[c.id] for c in self.asked}

    def _tag(self, reply: Reply) -> tuple[dict[str, Answer], dict[str, str]]:
        name, labels = self.asked[0].id, self.asked[0].scale.labels
        if reply.finish[:1] == ("length",):
            return {}, {name: "it was cut off before its end"}
        word = read_tag(reply.text, (*labels, ABSTAIN) if self.judge.abstain else tuple(labels))
        if isinstance(word, Problem):
            return {}, {name: word.text}
        return {name: Answer(labels.get(word), word, abstained=word == ABSTAIN)}, {}

    def _verdict(self, name: str, answer: Answer, reply: Reply) -> Verdict | Problem:
        judge = self.judge
        if answer.abstained and not judge.abstain:
            return Problem(f"the verdict {ABSTAIN!r} was never offered")
        found: tuple[str, ...] = ()
        unfound: tuple[str, ...] = ()
        if judge.reply == "principles":
            quotes = self._quotes(reply.text)
            if isinstance(quotes, Problem):
                return quotes
            found, unfound = check_quotes(quotes, self._material())
            if not found:
                return Problem("no quote was given that can be found in the material")
        base = Verdict(name, State.ABSTAINED, label=answer.label, reason=answer.reason, evidence=found,
                       unfound=unfound, judge=judge.digest, attempts=self.tries)  # fmt: skip
        if answer.value is None:
            return base
        size = 0.5 if judge.about == "criteria" else 1.0
        scored = base._replace(state=State.SCORED, value=self.sign * answer.value * size + 0.0)
        return self._with_probability(scored, reply) if judge.logprobs else scored

    def _with_probability(self, verdict: Verdict, reply: Reply) -> Verdict | Problem:
        values = {FIRST: 1.0, SECOND: -1.0} | ({NEITHER: 0.0} if self.judge.ties == "offer" else {})
        marked = read_reply(reply, values, after="[[" if self.judge.reply == "tag" else '"verdict"', fold=False)
        if not isinstance(marked, Marked):
            return marked if self.judge.soft else verdict
        lean = self.sign * marked.value + 0.0
        a, b = marked.p[FIRST], marked.p[SECOND]
        margin = self.sign * (math.log(a) - math.log(b)) if a > 0 and b > 0 else None
        value = lean if self.judge.soft else verdict.value
        return verdict._replace(value=value, probability=(1 + lean) / 2, margin=margin)

    def _quotes(self, text: str) -> list[str] | Problem:
        """The quotes of a reply that derives principles first."""
        whole = last_object(text, "verdicts") or {}
        principles, quotes = whole.get("principles"), whole.get("evidence")
        if not isinstance(principles, list) or not any(isinstance(p, str) and p.strip() for p in principles):
            return Problem("no principles stand before the verdict")
        return [q for q in quotes if isinstance(q, str)] if isinstance(quotes, list) else []

    def _material(self) -> str:
        """Everything that may be quoted."""
        blocks = pair_layout.shared_blocks((self.first, self.second))
        for sample in (self.first, self.second):
            blocks += pair_layout.response_blocks(sample, "")
        return "\n".join(text for _, text in blocks)
