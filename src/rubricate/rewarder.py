"""Responses in, rewards out, at the pace of a trainer: what the server and every trainer adapter share.

``Rewarder`` is a value that pickles: what judges, what it may cost, what counts. Each process builds its own calls and
cache from it on first use. A response that cannot be scored (an unknown rubric, a missing verdict, a deadline) comes
back without a reward and with the reason; it takes no other response with it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from rubricate.arrays import Floats, Scores
from rubricate.carried import CarriedFactors
from rubricate.errors import LockError, RubricateError, RubricError, SettingError, UnknownNameError
from rubricate.files import parse_json
from rubricate.judges.base import Judge
from rubricate.judges.engine import Collector, Question, judge_stream
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.cache import Cached
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.client import Client
from rubricate.llm.sync import run_sync
from rubricate.metrics import Curves, curves_of, tagged
from rubricate.pipeline import Keys
from rubricate.recipe import Recipe
from rubricate.rewards.makers import ContrastWeights
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.problems import rubric_from
from rubricate.run_log import RunLog
from rubricate.scoring import Policy, as_rubrics, pack_samples, policy_of, reward
from rubricate.steps import Step
from rubricate.types import Judgement, Sample, State, Usage, Verdict
from rubricate.verifiers.base import answer_text

AnyRubric = Rubric | Mapping[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of one response. ``reward`` is None when there is none; ``why`` says so in words, ``code`` in one.

    Codes: ``ok``, ``no_reward`` (verdicts are missing, or the policy is undefined), ``unknown_rubric``, ``bad_rubric``,
    ``changed_rubric``.
    ``metrics`` holds the same names for every response of a rewarder, NaN where one does not apply. ``advantage`` is
    filled when the recipe assigns credit, ``by_tag`` with the rewards of the tags that the rewarder was asked for.
    """

    sample: str
    reward: float | None
    why: str
    metrics: Mapping[str, float]
    rubric: str = ""
    verdicts: tuple[Verdict, ...] = ()
    advantage: float | None = None
    usage: Usage = field(default_factory=Usage)
    code: str = "ok"
    by_tag: Mapping[str, float | None] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON: verdicts without empty fields, NaN as None."""
        return {
            "sample": self.sample,
            "reward": self.reward,
            "advantage": self.advantage,
            "why": self.why,
            "code": self.code,
            "metrics": {k: None if math.isnan(v) else v for k, v in self.metrics.items()},
            "rubric": self.rubric,
            "verdicts": [plain_verdict(v) for v in self.verdicts],
            "usage": asdict(self.usage),
            **({"by_tag": dict(self.by_tag)} if self.by_tag else {}),
        }


def plain_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain data, fields at their default left out."""
    row = {k: v for k, v in verdict._asdict().items() if v != Verdict._field_defaults.get(k, ...)}
    if verdict.usage is not None:
        row["usage"] = asdict(verdict.usage)
    return row


@dataclass(frozen=True)
class Rewarder:
    """Scores responses against rubrics, batch after batch.

    ``rubrics``: those that samples may name by id; a changed rubric under a known id is refused. ``judge``, ``client``,
    ``policy``, ``calls``, ``concurrency`` as in ``rubricate.run``. ``recipe``: its reward replaces the policy, its
    credit gives advantages, and weights that follow the verdicts are carried from batch to batch (``CarriedFactors``).
    ``deadline``: seconds for a whole batch; what is not judged by then is timed out. ``cache``: equal questions are
    asked once per process. ``tags`` name the curves of the metrics (left out: all tags and axes of ``rubrics``, and the
    criteria of a single one). ``tag_rewards`` name tags that get a reward of their own: the policy over the criteria
    that carry the tag, missing where one of their verdicts is. ``log``: a run folder that receives every verdict.
    ``strict``: raise for a response whose rubric is wrong instead of leaving it without a reward.

    >>> rewarder = Rewarder([Rubric(id="tea", criteria=[{"id": "warm", "text": "Says to warm the pot."}])])
    >>> good, bad = rewarder.score_sync([Sample("a", (), "Warm the pot."), Sample("b", (), "Boil it.", rubric="cake")])
    >>> good.reward, bad.reward
    (1.0, None)
    """

    rubrics: tuple[Rubric, ...] = ()
    judge: Judge | None = None
    client: Client | None = None
    policy: Policy = None
    recipe: Recipe | None = None
    calls: CallSettings | None = None
    concurrency: int = 64
    deadline: float | None = None
    cache: bool = True
    tags: tuple[str, ...] | None = None
    log: str = ""
    strict: bool = False
    tag_rewards: tuple[str, ...] = ()
    _live: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = () if not self.rubrics else tuple(as_rubrics(self.rubrics).values())
        object.__setattr__(self, "rubrics", given)
        for rubric in given:
            policy_of(rubric, self.policy)
        if self.concurrency < 1 or (self.deadline is not None and self.deadline <= 0):
            raise SettingError(f"concurrency={self.concurrency}, deadline={self.deadline}", expected="positive numbers")

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"_live": {}}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    # What is built once per process ------------------------------------------------------------------------------

    def _built(self, name: str, build: Any) -> Any:
        if name not in self._live:
            self._live[name] = build()
        return self._live[name]

    @property
    def chosen_judge(self) -> Judge:
        """The judge that decides: the one given, else pointwise with a client and lexical without."""
        return self._built("judge", self._judge)

    def _judge(self) -> Judge:
        if self.judge is not None:
            return self.judge
        if self.client is not None:
            return PointwiseJudge()
        from rubricate.judges.lexical import LexicalJudge  # here, because most trainers have an endpoint

        return LexicalJudge()

    @property
    def calls_client(self) -> Client | None:
        """The client with limits, retries and cache around it, one per process; None without a client."""
        found: Client | None = self._built("calls", self._calls)
        return found

    def _calls(self) -> Client | None:
        if self.client is None:
            return None
        client = self.client if isinstance(self.client, Calls) else Calls(self.client, self.calls)
        return Cached(client) if self.cache else client

    @property
    def curves(self) -> Curves:
        """The names of the metrics, the same for every response."""
        return self._built("curves", lambda: curves_of(self.rubrics, self.tags))

    @property
    def run(self) -> RunLog | None:
        """The run folder that receives the verdicts, when there is one."""
        return self._built("run", lambda: RunLog(self.log, self)) if self.log else None

    @property
    def factors(self) -> CarriedFactors | None:
        """The factors on the weights that the recipe lets follow the verdicts, when it has such a stage."""
        weights = None if self.recipe is None else self.recipe.weights
        if not isinstance(weights, Step) or weights.fn is not ContrastWeights:
            return None
        found: CarriedFactors = self._built("factors", lambda: CarriedFactors(weights.build()))
        return found

    # Scoring -----------------------------------------------------------------------------------------------------

    def rubric_of(self, given: AnyRubric, *, where: str = "") -> Rubric:
        """The rubric that a value names: a Rubric, plain data, JSON text, an id, or (nothing) the only one there is.

        UnknownNameError for an id that is not known; RubricError or DataError for data that is no rubric; LockError
        when a rubric that this rewarder knows by the same id has another digest.
        """
        known = {r.id: r for r in self.rubrics}
        if given is None or given == "":
            if len(known) == 1:
                return next(iter(known.values()))
            raise UnknownNameError.among("rubric", "", known, where=where)
        if isinstance(given, str) and not given.lstrip().startswith("{"):
            if given not in known:
                raise UnknownNameError.among("rubric", given, known, where=where)
            return known[given]
        return self._pinned(self._parsed(given, where), known, where)

    def _parsed(self, given: Rubric | Mapping[str, Any] | str, where: str) -> Rubric:
        if isinstance(given, Rubric):
            return given
        if not isinstance(given, str):
            return rubric_from(dict(given) if isinstance(given, Mapping) else given, where)
        texts: dict[str, Rubric] = self._built("texts", dict)
        if given not in texts:
            if len(texts) >= 4096:
                texts.clear()
            texts[given] = rubric_from(parse_json(given), where)
        return texts[given]

    def _pinned(self, rubric: Rubric, known: Mapping[str, Rubric], where: str) -> Rubric:
        pinned = known.get(rubric.id)
        if pinned is not None and pinned.digest != rubric.digest:
            raise LockError(
                f"the rubric {rubric.id!r} has the digest {rubric.digest}, and this run began with {pinned.digest}",
                where=where, hint="Undo the change, or start a new run with the new rubric",
            )  # fmt: skip
        as_rubrics(rubric)  # refuses a locked rubric that was changed
        return rubric

    async def score(
        self, samples: Sequence[Sample], rubrics: Sequence[AnyRubric] | None = None, *, step: int | None = None
    ) -> list[Scored]:
        """One ``Scored`` per sample, in order. ``rubrics[k]`` is for ``samples[k]``; left out, the one it names.

        Samples of one ``group`` are compared where the policy or recipe compares. ``step`` is noted in the log.
        """
        if rubrics is not None and len(rubrics) != len(samples):
            raise SettingError(f"{len(samples)} samples and {len(rubrics)} rubrics", expected="one rubric per sample")
        given = [s.rubric for s in samples] if rubrics is None else rubrics
        table, ready, refused = self._prepare(samples, given)
        if not ready:
            return [refused[k] for k in range(len(samples))]
        names = list(ready.values())
        judgements = await self._judgements(names, table)
        scored = self._scored(names, table, judgements)
        out = {k: replace(found, sample=samples[k].id) for k, found in zip(ready, scored, strict=True)}
        if self.run is not None:
            self.run.add(names, table, judgements, scored, step, Keys(self.chosen_judge, self.client))
        return [out[k] if k in out else refused[k] for k in range(len(samples))]

    def score_sync(
        self, samples: Sequence[Sample], rubrics: Sequence[AnyRubric] | None = None, *, step: int | None = None
    ) -> list[Scored]:
        """``score`` from code that is not async."""
        return run_sync(self.score(samples, rubrics, step=step))

    def _prepare(
        self, samples: Sequence[Sample], given: Sequence[AnyRubric]
    ) -> tuple[dict[str, Rubric], dict[int, Sample], dict[int, Scored]]:
        """Rubrics by id, samples ready to be judged, and those whose rubric is wrong."""
        table: dict[str, Rubric] = {}
        ready: dict[int, Sample] = {}
        refused: dict[int, Scored] = {}
        for k, sample in enumerate(samples):
            try:
                rubric = self.rubric_of(given[k], where=f"sample {sample.id!r}")
                policy_of(rubric, self.policy)
            except RubricateError as error:
                if self.strict:
                    raise
                refused[k] = Scored(sample.id, None, str(error), self.curves.empty(), code=_code(error))
                continue
            name = _place(table, rubric)
            ready[k] = replace(sample, id=str(k), rubric=name, response=answer_text(sample))
        return table, ready, refused

    async def _judgements(self, samples: list[Sample], table: Mapping[str, Rubric]) -> list[Judgement]:
        collector = Collector()
        client = self.calls_client
        try:
            async with asyncio.timeout(self.deadline):
                await judge_stream(
                    self.chosen_judge, samples, table, client, concurrency=self.concurrency, on_verdicts=collector.add
                )
        except TimeoutError:
            self._time_out(samples, table, collector)
        return [collector.judgement(s.id) for s in samples]

    def _time_out(self, samples: list[Sample], table: Mapping[str, Rubric], collector: Collector) -> None:
        known, reason = collector.known(), f"not judged within the {self.deadline:g} s of the batch"
        for sample in samples:
            rubric = table[sample.rubric]
            left = tuple(c for c in rubric.leaves if c.id not in known.get(sample.id, ()))
            if left:
                late = [Verdict(c.id, State.TIMED_OUT, reason=reason, judge=self.chosen_judge.digest) for c in left]
                collector.add(Question(sample, rubric, rubric.digest, left), tuple(late))

    def _scored(
        self, samples: list[Sample], table: Mapping[str, Rubric], judgements: Sequence[Judgement]
    ) -> list[Scored]:
        scores = pack_samples(samples, table, judgements)
        rewards = reward(scores, table, self.policy)
        values, why = rewards.values, [rewards.why(i) for i in range(len(samples))]
        recipe, advantage = self.recipe, np.full(len(samples), np.nan)
        env = scores.env()
        if self.factors is not None:
            env["factors"] = self.factors.learn(scores, [s.task for s in samples])
        if recipe is not None and recipe.reward is not None:
            values = np.asarray(recipe.reward(env), dtype=np.float64)
            why = ["" if np.isfinite(v) else rewards.why(i) or "verdicts are missing" for i, v in enumerate(values)]
        if recipe is not None and recipe.credit is not None:
            advantage = np.asarray(recipe.credit(env | {"reward": values, "outcome": values}), dtype=np.float64)
        metrics = self.curves.of(scores, table, values)
        codes = ["no_reward" if reason else "ok" for reason in why]
        by_tag = self._by_tag(scores, table)
        return [
            Scored(
                s.id, number(values[i]), why[i], metrics[i], j.rubric, j.verdicts, number(advantage[i]), j.usage,
                code=codes[i], by_tag={tag: number(own[i]) for tag, own in by_tag.items()},
            )
            for i, (s, j) in enumerate(zip(samples, judgements, strict=True))
        ]  # fmt: skip

    def _by_tag(self, scores: Scores, table: Mapping[str, Rubric]) -> dict[str, Floats]:
        """[N] by tag: the policy over the criteria that carry the tag; NaN where there is none, or a verdict lacks."""
        return {
            tag: reward(replace(scores, asked=scores.asked & tagged(scores, table, tag)), table, self.policy).values
            for tag in self.tag_rewards
        }


def number(value: float) -> float | None:
    """A finite number as it is, anything else as None.

    >>> number(0.5), number(float("nan"))
    (0.5, None)
    """
    return float(value) if math.isfinite(value) else None


def _code(error: RubricateError) -> str:
    if isinstance(error, LockError):
        return "changed_rubric"
    return "unknown_rubric" if isinstance(error, UnknownNameError) and "rubric" in error.what else "bad_rubric"


def _place(table: dict[str, Rubric], rubric: Rubric) -> str:
    """Put a rubric into the table of a batch; two different ones with one id are told apart by their digest."""
    name = rubric.id
    if name in table and table[name].digest != rubric.digest:
        name = f"{rubric.id}@{rubric.digest[:8]}"
        rubric = rubric.model_copy(update={"id": name, "locked": None})
    if name in table and table[name].digest != rubric.digest:
        raise RubricError(f"two different rubrics have the id {name!r}", hint="Give each its own id")
    table.setdefault(name, rubric)
    return name
