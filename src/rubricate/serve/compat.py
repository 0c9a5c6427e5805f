"""Routes in the words of trainers: OpenRLHF, slime, NeMo-Gym, and servers of reward models.

Most of these take numbers only. What they are told about a response without a reward is ``on_missing``: ``zero`` (with
``rubric/valid`` 0 beside it wherever there is room for it) or ``refuse`` (503 with Retry-After, so that the caller's
own retries decide). NeMo-Gym and vLLM clients are told in their own words. A wrong rubric is always an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter

from rubricate.errors import DataError
from rubricate.files import parse_json
from rubricate.metrics import COUNTED, counted, plain
from rubricate.rewarder import AnyRubric, Rewarder, Scored
from rubricate.serve.errors import STATUS, ServeError
from rubricate.serve.models import ClassifyBody, OpenRlhfBody, SlimeBody
from rubricate.serve.telemetry import Telemetry
from rubricate.types import Message, Sample

OnMissing = Literal["zero", "refuse"]
TASK = "_ng_task_index"  # of a row in NeMo-Gym


class Scoring:
    """Scores for routes whose callers want numbers."""

    def __init__(self, rewarder: Rewarder, telemetry: Telemetry, on_missing: OnMissing) -> None:
        self.rewarder, self.telemetry, self.on_missing = rewarder, telemetry, on_missing

    async def score(self, samples: Sequence[Sample], rubrics: Sequence[AnyRubric]) -> list[Scored]:
        """The scored samples; ServeError when a rubric is wrong (the caller's mistake, not the judge's)."""
        results = await self.rewarder.score(samples, rubrics)
        self.telemetry.scored(results)
        for result in results:
            if result.code not in ("ok", "no_reward"):
                raise ServeError(STATUS[result.code], result.code, result.why)
        return results

    def number(self, result: Scored) -> float:
        """The reward as a number: by ``on_missing`` when there is none."""
        if result.reward is not None:
            return result.reward
        if self.on_missing == "refuse":
            hint = "The judge gave no verdict; ask again later, or start the server with --on-missing zero"
            raise ServeError(503, "no_reward", result.why, hint=hint, retry_after=5.0)
        return 0.0


def compat_routes(scoring: Scoring) -> APIRouter:
    """``/get_reward``, ``/rm``, ``/verify`` with its neighbours, ``/classify``."""
    router = APIRouter(tags=["trainers"])
    _openrlhf(router, scoring)
    _slime(router, scoring)
    _nemo_gym(router, scoring)
    _reward_model(router, scoring)
    return router


def _openrlhf(router: APIRouter, scoring: Scoring) -> None:
    @router.post("/get_reward")
    async def get_reward(body: OpenRlhfBody) -> dict[str, Any]:
        """OpenRLHF: ``query`` holds prompt and response; a label is a rubric (id or JSON), or a table with one."""
        query, prompts = body.query, body.prompts
        given = body.labels or [""] * len(query)
        if not len(query) == len(prompts) == len(given):
            what = f"{len(query)} queries, {len(prompts)} prompts, {len(given)} labels"
            raise ServeError(422, "unequal_lengths", what, hint="Send one of each per response")
        pairs = [_label(label) for label in given]
        samples = [
            _sample(str(k), p, q[len(p) :] if q.startswith(p) else q, reference)
            for k, (q, p, (_, reference)) in enumerate(zip(query, prompts, pairs, strict=True))
        ]
        results = await scoring.score(samples, [rubric for rubric, _ in pairs])
        rewards = [scoring.number(r) for r in results]
        rows = [counted(r.metrics) for r in results]  # numbers only, the same for every response
        logs = {name: [row[name] for row in rows] for name in COUNTED if rows}
        return {"rewards": rewards, "scores": [min(1.0, max(0.0, r)) for r in rewards], "extra_logs": logs}


def _slime(router: APIRouter, scoring: Scoring) -> None:
    @router.post("/rm", response_model=None)
    async def rm(body: SlimeBody, table: bool = False) -> float | dict[str, float | None]:
        """slime: the reply is the reward; with ``?table=true`` a table of all curves for ``--reward-key score``."""
        rubric, reference = _label(body.label)
        (result,) = await scoring.score([_sample("0", body.prompt, body.response, reference)], [rubric])
        reward = scoring.number(result)
        if not table:
            return reward
        return {**plain(result.metrics), "score": reward}


def _nemo_gym(router: APIRouter, scoring: Scoring) -> None:
    """The resources server of NeMo-Gym 0.7, without sessions."""

    @router.post("/seed_session")
    async def seed_session(body: dict[str, Any]) -> dict[str, Any]:
        """NeMo-Gym: nothing is kept between calls."""
        return _session(body)

    @router.post("/close_session")
    async def close_session(body: dict[str, Any]) -> dict[str, Any]:
        """NeMo-Gym: nothing was kept between calls."""
        return _session(body)

    @router.post("/verify")
    async def verify(body: dict[str, Any]) -> dict[str, Any]:
        """NeMo-Gym: the request comes back with ``reward``; a judge without a verdict is ``judge_failed``, masked."""
        given = body.get("rubric")
        reference = body.get("reference") or body.get("expected_answer")
        sample = _sample("0", _input(body), _output(body), reference if isinstance(reference, str) else None)
        (result,) = await scoring.score([sample], [given])
        curves = {k.replace("/", "_"): v for k, v in plain(result.metrics).items()}
        more = curves | {"verdicts": result.record()["verdicts"]}
        if result.reward is None:
            return {**body, **more, **_judge_failed(body, result.why), "reward": 0.0}
        return {**body, **more, "reward": result.reward}

    @router.post("/aggregate_metrics")
    async def aggregate_metrics(body: dict[str, Any]) -> dict[str, Any]:
        """NeMo-Gym: means of the numbers of verified rows; those that failed are counted, not averaged."""
        rows = [r for r in body.get("verify_responses") or [] if isinstance(r, dict)]
        good = [r for r in rows if not (r.get("_ng_failure_class") or r.get("mask_sample"))]
        tasks = sorted({r.get(TASK, 0) for r in good})
        means = _means(good)
        return {
            "agent_metrics": {"num_rows": len(rows), "num_failed": len(rows) - len(good), **means},
            "key_metrics": {k: v for k, v in means.items() if k == "mean/reward"},
            "group_level_metrics": [{TASK: t, **_means([r for r in good if r.get(TASK, 0) == t])} for t in tasks],
            "repeat_level_metrics": [],
        }

    @router.get("/reverify_mode")
    async def reverify_mode() -> str:
        """NeMo-Gym: a stored row can be verified again by sending it again."""
        return "stateless"


def _session(body: Mapping[str, Any]) -> dict[str, Any]:
    """The reply of both session routes: the caller's id, when it gave one."""
    return {k: body[k] for k in ("resources_session_id",) if k in body}


def _judge_failed(body: Mapping[str, Any], why: str) -> dict[str, Any]:
    """What NeMo-Gym says of a row whose judge failed: kept out of metrics, masked in training."""
    config = body.get("instance_config")
    return {
        "mask_sample": True,
        "failure_kind": "judge_failed",
        "failure_reason": why,
        "instance_config": {**(config if isinstance(config, dict) else {}), "mask_sample": True},
        "_ng_failure_class": "judge_failed",
        "_ng_failure_judge_error": why,
    }


def _reward_model(router: APIRouter, scoring: Scoring) -> None:
    @router.post("/classify")
    async def classify(body: ClassifyBody) -> dict[str, Any]:
        """A reward model in vLLM's shape: each input is a whole conversation as text, judged as it is.

        ``probs`` holds the reward; ``use_activation`` true cuts it to [0, 1].
        """
        texts = [body.input] if isinstance(body.input, str) else body.input
        samples = [_sample(str(k), "", text, None) for k, text in enumerate(texts)]
        results = await scoring.score(samples, [body.rubric] * len(texts))
        rewards = [scoring.number(r) for r in results]
        if body.use_activation:
            rewards = [min(1.0, max(0.0, r)) for r in rewards]
        data = [{"index": k, "label": "rubric", "probs": [r], "num_classes": 1} for k, r in enumerate(rewards)]
        return {"object": "list", "model": body.model, "data": data, "valid": [r.reward is not None for r in results]}


def _label(label: Any) -> tuple[AnyRubric, str | None]:
    """Rubric and reference of a trainer's label: an id, a rubric's JSON, or ``{"rubric": ..., "reference": ...}``."""
    if isinstance(label, str) and label.lstrip().startswith("{"):
        try:
            label = parse_json(label)
        except DataError as error:
            raise ServeError(422, "bad_rubric", f"the label is not JSON: {error.what}") from None
    if isinstance(label, Mapping) and "rubric" in label and "criteria" not in label:
        reference = label.get("reference")
        return label["rubric"], reference if isinstance(reference, str) else None
    if label is None or isinstance(label, (str, Mapping)):
        return label, None
    raise ServeError(422, "bad_rubric", f"the label is a {type(label).__name__}", hint="Send a rubric id, or its JSON")


def _sample(name: str, prompt: str | list[dict[str, Any]], response: str, reference: str | None) -> Sample:
    if isinstance(prompt, str):
        messages: tuple[Message, ...] = (Message("user", prompt),)
    else:
        messages = tuple(Message(str(m.get("role", "user")), _text(m.get("content", ""))) for m in prompt)
    return Sample(name, messages, response, reference=reference)


def _text(content: Any) -> str:
    """Text of a chat or Responses-API content: text, or parts with text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str))


def _input(body: Mapping[str, Any]) -> str | list[dict[str, Any]]:
    params = body.get("responses_create_params")
    given = params.get("input") if isinstance(params, dict) else None
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        return [m for m in given if isinstance(m, dict) and m.get("type", "message") == "message"]
    raise ServeError(422, "bad_request", "responses_create_params.input is missing", hint="Send text or messages there")


def _output(body: Mapping[str, Any]) -> str:
    """The last assistant message of a Responses-API output; reasoning items and tool calls are not the answer."""
    response = body.get("response")
    items = response.get("output") if isinstance(response, dict) else None
    if not isinstance(items, list):
        raise ServeError(422, "bad_request", "response.output is missing", hint="Send the items of the Responses API")
    texts = [_text(i.get("content")) for i in items if isinstance(i, dict) and i.get("type", "message") == "message"]
    return texts[-1] if texts else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means of the numbers of some rows, each over those that have it; keys of NeMo-Gym's own are left out."""
    names = sorted({k for r in rows for k, v in r.items() if _is_number(v) and not k.startswith("_ng_")})
    columns = {n: [r[n] for r in rows if _is_number(r.get(n))] for n in names}
    return {f"mean/{n}": sum(values) / len(values) for n, values in columns.items()}
