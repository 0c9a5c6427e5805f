"""The main job: rubrics and responses in; verdicts with reasons, rewards and a run folder out.

The only module that knows the order of the stages. ``run`` is the sync door of ``run_async``; ``rescore`` computes
rewards again under another policy without asking anything.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rubricate import __version__
from rubricate.arrays import Floats, Scores
from rubricate.errors import SettingError
from rubricate.judges.base import Judge
from rubricate.judges.engine import Collector, Progress, Question, find_rubric, judge_stream
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.client import Client
from rubricate.llm.sync import run_sync
from rubricate.rewards.policies import Rewards
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.scoring import Policy, as_rubrics, contributions, pack_samples, policy_of, reward
from rubricate.store import RunFolder, digest
from rubricate.types import Judgement, Message, Sample, State, Usage, Verdict

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Result:
    """What a run gives: judgements, their arrays, rewards per response (NaN where undefined), the cost."""

    samples: tuple[Sample, ...]
    rubrics: Mapping[str, Rubric]
    judgements: tuple[Judgement, ...]
    scores: Scores
    rewards: Rewards
    usage: Usage
    path: Path | None = None

    def verdicts(self, sample: str) -> tuple[Verdict, ...]:
        """The verdicts of one response, in the rubric's order."""
        return next(j.verdicts for j in self.judgements if j.sample == sample)

    def criterion(self, sample: str, name: str) -> Criterion:
        """The criterion that a verdict of a response answers."""
        rubric = find_rubric(next(s for s in self.samples if s.id == sample), self.rubrics)
        return next(c for c in rubric.leaves if c.id == name)

    def contributions(self, policy: Policy = None) -> Floats:
        """[N, C]: how much each criterion moved the reward of each response."""
        return contributions(self.scores, self.rubrics, policy)


def as_samples(prompt: str | Sequence[Message], responses: Sequence[str], rubric: str = "") -> tuple[Sample, ...]:
    """Responses to one prompt as samples ``r1``, ``r2``, ... of one group."""
    messages = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
    return tuple(Sample(f"r{k}", messages, text, "prompt", rubric) for k, text in enumerate(responses, 1))


def run(
    rubrics: Rubric | Iterable[Rubric] | Mapping[str, Rubric],
    samples: Iterable[Sample] | None = None,
    *,
    prompt: str = "",
    responses: Sequence[str] = (),
    judge: Judge | None = None,
    client: Client | None = None,
    policy: Policy = None,
    out: str | Path | None = None,
    resume: bool = False,
    retry_missing: bool = False,
    calls: CallSettings | None = None,
    concurrency: int = 64,
    on_progress: OnProgress | None = None,
    info: Mapping[str, Any] | None = None,
) -> Result:
    """Judge responses and compute rewards; the sync door of ``run_async``, with the same arguments."""
    return run_sync(
        run_async(
            rubrics, samples, prompt=prompt, responses=responses, judge=judge, client=client, policy=policy, out=out,
            resume=resume, retry_missing=retry_missing, calls=calls, concurrency=concurrency,
            on_progress=on_progress, info=info,
        )
    )  # fmt: skip


async def run_async(
    rubrics: Rubric | Iterable[Rubric] | Mapping[str, Rubric],
    samples: Iterable[Sample] | None = None,
    *,
    prompt: str = "",
    responses: Sequence[str] = (),
    judge: Judge | None = None,
    client: Client | None = None,
    policy: Policy = None,
    out: str | Path | None = None,
    resume: bool = False,
    retry_missing: bool = False,
    calls: CallSettings | None = None,
    concurrency: int = 64,
    on_progress: OnProgress | None = None,
    info: Mapping[str, Any] | None = None,
) -> Result:
    """Judge responses and compute rewards.

    Give ``samples``, or ``prompt`` and ``responses``. Without a ``judge``, a ``client`` gets the pointwise judge and no
    client the embedded lexical judge. ``policy`` replaces the policy that the rubrics carry. ``out`` names a run
    folder, ``resume`` goes on with it, ``retry_missing`` asks again what has no value. Plain clients are wrapped in
    ``Calls`` (limits, retries, deadlines) with the settings ``calls``.
    """
    table = as_rubrics(rubrics)
    for rubric in table.values():
        policy_of(rubric, policy)  # an unknown policy fails before anything is asked
    chosen = _samples(samples, prompt, responses, table)
    judge = judge or (PointwiseJudge() if client is not None else _embedded())
    ledger_client = client if client is None or isinstance(client, Calls) else Calls(client, calls)
    progress = Progress(total=sum(len(find_rubric(s, table).leaves) for s in chosen))
    collector = Collector()
    if out is None:
        await _judge(judge, chosen, table, ledger_client, collector, progress, concurrency, on_progress, None, None)
        return _result(chosen, table, collector, policy, progress.usage, None)
    config = _config(table, chosen, judge, ledger_client, policy, info)
    folder = RunFolder.create(out, config=config, resume=resume)
    with folder:
        folder.write_json("rubrics.json", [r.model_dump(mode="json", exclude_defaults=True) for r in table.values()])
        folder.write_samples(chosen)
        keys = Keys(judge, ledger_client)
        _restore(folder, chosen, table, keys, collector, progress, retry_missing)
        await _judge(judge, chosen, table, ledger_client, collector, progress, concurrency, on_progress, folder, keys)
        result = _result(chosen, table, collector, policy, progress.usage, folder.path)
        save(folder, result, finished=True, seconds=time.monotonic() - progress.started)
    return result


def _embedded() -> Judge:
    from rubricate.judges.lexical import LexicalJudge  # here, because most runs have an endpoint

    return LexicalJudge()


class Keys:
    """Digests of questions: material, criterion, guidelines, judge, endpoint and model."""

    def __init__(self, judge: Judge, client: Client | None) -> None:
        inner = client.client if isinstance(client, Calls) else client
        self._judge = [
            judge.digest,
            client.endpoint if client and judge.needs_client else "",
            getattr(inner, "model", ""),
        ]
        self._samples: dict[str, str] = {}
        self._criteria: dict[tuple[str, str], str] = {}

    def of(self, sample: Sample, rubric: Rubric, criterion: Criterion) -> str:
        """The key of one question."""
        if sample.id not in self._samples:
            self._samples[sample.id] = digest(
                [asdict(m) for m in sample.prompt], sample.response, sample.reference, sample.documents,
                [asdict(s) for s in sample.steps],
            )  # fmt: skip
        place = (rubric.id, criterion.id)
        if place not in self._criteria:
            judged = criterion.model_dump(mode="json", exclude_defaults=True, exclude=NOT_JUDGED)
            self._criteria[place] = digest(judged, rubric.guidelines)
        own = [] if criterion.verifier else self._judge
        return digest(self._samples[sample.id], self._criteria[place], own)


NOT_JUDGED = {"weight", "weight_class", "polarity", "required", "stats", "status", "provenance", "tags", "axis",
               "rationale", "reject_reason", "min_score", "max_points", "title", "stage"}  # fmt: skip


def _samples(
    samples: Iterable[Sample] | None, prompt: str, responses: Sequence[str], table: Mapping[str, Rubric]
) -> tuple[Sample, ...]:
    if (samples is None) == (not responses):
        raise SettingError("give samples, or prompt and responses", expected="one of the two")
    chosen = tuple(samples) if samples is not None else as_samples(prompt, responses)
    seen: set[str] = set()
    for sample in chosen:
        if sample.id in seen:
            raise SettingError(f"the sample id {sample.id!r} stands twice", expected="one id per response")
        seen.add(sample.id)
        find_rubric(sample, table)
    return chosen


async def _judge(
    judge: Judge,
    samples: Sequence[Sample],
    table: Mapping[str, Rubric],
    client: Client | None,
    collector: Collector,
    progress: Progress,
    concurrency: int,
    on_progress: OnProgress | None,
    folder: RunFolder | None,
    keys: Keys | None,
) -> None:
    def keep(question: Question, verdicts: tuple[Verdict, ...]) -> None:
        if folder is not None and keys is not None:
            folder.append(
                question.sample.id,
                [keys.of(question.sample, question.rubric, c) for c in question.criteria],
                verdicts,
            )
        collector.add(question, verdicts)
        progress.add(verdicts)
        if on_progress is not None:
            on_progress(progress)

    known = collector.known()
    await judge_stream(judge, samples, table, client, concurrency=concurrency, known=known, on_verdicts=keep)


def _restore(
    folder: RunFolder,
    samples: Sequence[Sample],
    table: Mapping[str, Rubric],
    keys: Keys,
    collector: Collector,
    progress: Progress,
    retry_missing: bool,
) -> None:
    """Take over stored verdicts whose question is still the same."""
    by_id = {s.id: s for s in samples}
    for name, key, verdict in folder.verdicts():
        sample = by_id.get(name)
        if sample is None or (retry_missing and not verdict.scored):
            continue
        rubric = find_rubric(sample, table)
        criterion = next((c for c in rubric.leaves if c.id == verdict.criterion), None)
        if criterion is not None and keys.of(sample, rubric, criterion) == key:
            collector.add(Question(sample, rubric, rubric.digest, (criterion,)), (verdict,))
            progress.add((verdict,))


def _result(
    samples: tuple[Sample, ...],
    table: Mapping[str, Rubric],
    collector: Collector,
    policy: Policy,
    usage: Usage,
    path: Path | None,
) -> Result:
    judgements = tuple(collector.judgement(s.id) for s in samples)
    scores = pack_samples(samples, table, judgements)
    return Result(samples, table, judgements, scores, reward(scores, table, policy), usage, path)


def rescore(path: str | Path, policy: Policy = None) -> Result:
    """The result of a stored run, with rewards computed again under ``policy``. No call is made."""
    folder = RunFolder.open(path)
    table = as_rubrics([Rubric.model_validate(r) for r in folder.read_json("rubrics.json")])
    samples = tuple(folder.samples())
    collector = Collector()
    by_id = {s.id: s for s in samples}
    for name, _, verdict in folder.verdicts():
        rubric = find_rubric(by_id[name], table)
        criterion = next((c for c in rubric.leaves if c.id == verdict.criterion), None)
        if criterion is not None:
            collector.add(Question(by_id[name], rubric, rubric.digest, (criterion,)), (verdict,))
    usage = Usage(**folder.config().get("usage", {}))
    return _result(samples, table, collector, policy, usage, folder.path)


def save(folder: RunFolder, result: Result, *, finished: bool, seconds: float | None = None) -> None:
    """Write arrays, rewards and the state of the run; ``seconds`` is what the judging took on the clock."""
    folder.write_scores(result.scores)
    rewards = result.rewards
    folder.write_lines(
        "rewards.jsonl",
        (
            {
                "sample": s.id,
                "group": s.group,
                "reward": float(v) if ok else None,
                "why": rewards.why(i),
                "coverage": None if np.isnan(rewards.coverage[i]) else round(float(rewards.coverage[i]), 6),
            }
            for i, (s, v, ok) in enumerate(zip(result.samples, rewards.values, rewards.valid, strict=True))
        ),
    )
    states = dict.fromkeys(State, 0)
    for judgement in result.judgements:
        for verdict in judgement.verdicts:
            states[verdict.state] += 1
    summary = {
        "finished": finished,
        "verdicts": {str(k): v for k, v in states.items() if v},
        "rewards": int(rewards.valid.sum()),
        "undefined": int((~rewards.valid).sum()),
        "usage": asdict(result.usage),
        **({} if seconds is None else {"seconds": round(seconds, 3)}),
    }
    folder.write_json("run.json", {**folder.config(), **summary})


def _config(
    table: Mapping[str, Rubric],
    samples: Sequence[Sample],
    judge: Judge,
    client: Client | None,
    policy: Policy,
    info: Mapping[str, Any] | None,
) -> dict[str, Any]:
    inner = client.client if isinstance(client, Calls) else client
    return {
        "rubricate": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "rubrics": {r.id: r.digest for r in table.values()},
        "samples": len(samples),
        "judge": {"name": type(judge).__name__, "digest": judge.digest, "settings": repr(judge)},
        "client": {"endpoint": client.endpoint, "model": getattr(inner, "model", "")} if client is not None else None,
        "policy": policy if isinstance(policy, str) or policy is None else policy.model_dump(),
        "finished": False,
        **(info or {}),
    }
