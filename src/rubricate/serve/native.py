"""The routes of our own: score any responses, reward a group with advantages, compare two."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from rubricate import credit
from rubricate.errors import LockError, SettingError
from rubricate.judges.base import PairJudge
from rubricate.rewarder import Rewarder, Scored, number, plain_verdict
from rubricate.serve.models import (
    CompareBody,
    CompareReply,
    Item,
    RewardsBody,
    RewardsReply,
    ScoreBody,
    ScoresReply,
    messages,
)
from rubricate.serve.telemetry import Telemetry
from rubricate.types import Sample, Usage, Verdict

BASELINES = {"grpo": credit.grpo, "dr_grpo": credit.dr_grpo, "rloo": credit.rloo}


def native_routes(rewarder: Rewarder, telemetry: Telemetry, pair_judge: PairJudge | None, max_items: int) -> APIRouter:
    """``/v1/score``, ``/v1/rewards``, ``/v1/compare``, ``/v1/rubrics``."""
    router = APIRouter(prefix="/v1", tags=["rubricate"])

    async def scored(items: Sequence[Item], default: Any) -> list[Scored]:
        if len(items) > max_items:
            raise SettingError(f"{len(items)} items", expected=f"at most {max_items} in one request")
        given = [item.rubric if item.rubric not in (None, "") else default for item in items]
        results = await rewarder.score([item.sample(k) for k, item in enumerate(items)], given)
        results = [_expected(r, item.digest) for r, item in zip(results, items, strict=True)]
        telemetry.scored(results)
        return results

    lines = {"application/x-ndjson": {"schema": {"type": "string", "description": "With stream: a line per event."}}}

    @router.post("/score", response_model=ScoresReply, responses={200: {"content": lines}})
    async def score(body: ScoreBody) -> Any:
        """Score responses, each against its rubric; one that cannot be scored has no reward and says why."""
        if body.stream:
            return StreamingResponse(_stream(body, scored), media_type="application/x-ndjson")
        return {"results": [r.record() for r in await scored(body.items, body.rubric)]}

    @router.post("/rewards", response_model=RewardsReply)
    async def rewards(body: RewardsBody) -> Any:
        """Rewards of all responses to one prompt, with advantages in the group."""
        items = [
            Item(
                prompt=body.prompt, response=r, group="group", rubric=body.rubric, digest=body.digest,
                reference=body.reference, documents=body.documents,
            )
            for r in body.responses
        ]  # fmt: skip
        results = await scored(items, None)
        return {
            "rewards": [r.reward for r in results],
            "advantages": _advantages(results, body.credit),
            "why": [r.why for r in results],
            "metrics": [r.record()["metrics"] for r in results],
            "rubric": results[0].rubric,
            "verdicts": [_plain(r.verdicts) for r in results] if body.verdicts else [],
            "usage": asdict(_usage(results)),
        }

    @router.post("/compare", response_model=CompareReply)
    async def compare(body: CompareBody) -> Any:
        """Which of two responses is better: by the pair judge when the server has one, else by their rewards."""
        if pair_judge is not None:
            return await _by_pair_judge(body, rewarder, pair_judge)
        return _by_rewards(await scored(_pair(body), None))

    @router.get("/rubrics")
    async def rubrics() -> dict[str, str]:
        """The rubrics of this server: id and digest."""
        return {r.id: r.digest for r in rewarder.rubrics}

    return router


def _expected(result: Scored, digest: str) -> Scored:
    """``result``, without its reward when the caller expected another digest of the rubric."""
    if not digest or not result.rubric or digest == result.rubric:
        return result
    why = f"the rubric has the digest {result.rubric}, and {digest} was expected"
    return replace(result, reward=None, advantage=None, why=why, code="changed_rubric")


def _advantages(results: Sequence[Scored], how: str) -> list[float | None]:
    if how == "recipe":
        return [r.advantage for r in results]
    if how == "none":
        return [None] * len(results)
    reward = np.array([np.nan if r.reward is None else r.reward for r in results])
    return [number(a) for a in BASELINES[how](reward, np.zeros(len(reward)), missing="nan")]


async def _stream(body: ScoreBody, scored: Any) -> AsyncIterator[str]:
    """Lines of JSON: each result as its group is done, progress after each group, an end. Errors are a line too."""
    done = 0
    for places in _groups(body.items):
        chosen = [body.items[k] for k in places]
        for k, result in zip(places, await scored(chosen, body.rubric), strict=True):
            yield json.dumps({"event": "result", "place": k, **result.record()}) + "\n"
        done += len(places)
        yield json.dumps({"event": "progress", "done": done, "total": len(body.items)}) + "\n"
    yield json.dumps({"event": "end", "total": done}) + "\n"


def _groups(items: Sequence[Item], least: int = 16) -> Iterator[list[int]]:
    """Places of the items, whole groups together, at least ``least`` at a time."""
    order = sorted(range(len(items)), key=lambda k: items[k].group)
    chunk: list[int] = []
    for name, places in groupby(order, key=lambda k: items[k].group):
        for part in [list(places)] if name else ([p] for p in places):
            chunk += part
            if len(chunk) >= least:
                yield chunk
                chunk = []
    if chunk:
        yield chunk


def _pair(body: CompareBody) -> list[Item]:
    shared: dict[str, Any] = {
        "prompt": body.prompt, "rubric": body.rubric, "digest": body.digest, "reference": body.reference,
        "documents": body.documents, "group": "pair",
    }  # fmt: skip
    return [Item(response=body.first, id="first", **shared), Item(response=body.second, id="second", **shared)]


def _by_rewards(results: Sequence[Scored]) -> dict[str, Any]:
    first, second = results
    margin = None if first.reward is None or second.reward is None else first.reward - second.reward
    return {
        "preference": None if margin is None else int(np.sign(margin)),
        "margin": margin,
        "why": first.why or second.why,
        "rewards": [first.reward, second.reward],
        "verdicts": [_plain(first.verdicts), _plain(second.verdicts)],
        "rubric": first.rubric or second.rubric,
    }


async def _by_pair_judge(body: CompareBody, rewarder: Rewarder, judge: PairJudge) -> dict[str, Any]:
    rubric = rewarder.rubric_of(body.rubric)
    if body.digest and body.digest != rubric.digest:
        raise LockError(f"the rubric has the digest {rubric.digest}, and {body.digest} was expected")
    first, second = (
        Sample(name, messages(body.prompt), text, "pair", rubric.id, body.reference, tuple(body.documents))
        for name, text in (("first", body.first), ("second", body.second))
    )
    verdicts = await judge.compare(first, second, rubric, rewarder.calls_client)
    values = np.array([np.nan if v.value is None else v.value for v in verdicts])
    margin = number(values.mean())
    return {
        "preference": None if margin is None else int(np.sign(margin)),
        "margin": margin,
        "why": "" if margin is not None else "; ".join(f"{v.criterion}: {v.state}" for v in verdicts if not v.scored),
        "rewards": [None, None],
        "verdicts": [_plain(verdicts)],
        "rubric": rubric.digest,
    }


def _plain(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    return [plain_verdict(v) for v in verdicts]


def _usage(results: Sequence[Scored]) -> Usage:
    return sum((r.usage for r in results), Usage())
