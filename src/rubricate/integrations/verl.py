"""verl: rubric rewards (``pkg://rubricate.integrations.verl``), a reward manager with dense scores, our estimators.

Contract read and run with verl 0.9.1: one call per response, as soon as its rollout ends; no call sees a group. Two
ways in, with the same settings::

    reward.custom_reward_function.path=pkg://rubricate.integrations.verl  .name=compute_score
    reward.reward_manager.source=importlib  .module.path=pkg://rubricate.integrations.verl  .name=RubricRewardManager

Settings are those of ``configured.Settings`` (``url``, ``rewarder``, ``rubrics``, ...) and of ``Verl``, given in
``reward.custom_reward_function.reward_kwargs`` or as RUBRICATE_*. The rubric of a row travels in
``extra_info["rubric"]`` (its JSON, or an id), beside ``prompt``, ``reference``, ``documents``.

verl cannot abstain. A response without a reward gets a number (``on_missing``) and ``valid`` 0 beside it. With
``on_missing=abstain`` the number is NaN, which the estimators of ``verl_estimators`` leave out of every group and
batch; verl's own would spread it. Importing this module inside verl registers them.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from rubricate.arrays import Floats
from rubricate.credit import token_segments
from rubricate.errors import MissingExtraError, SettingError, UnknownNameError
from rubricate.integrations.configured import PREFIX, Settings, named, rewarder_of, typed
from rubricate.integrations.dense import SegmentCredit, Segments, token_starts
from rubricate.integrations.rows import Prompt, messages_of
from rubricate.integrations.teller import Ask, Teller, Told
from rubricate.integrations.verl_estimators import register_estimators
from rubricate.types import Sample

ON_MISSING = ("zero", "lowest", "abstain", "raise")
PASSED = ("reward_router_address", "reward_model_tokenizer")  # what verl adds when a reward model is served


@dataclass(frozen=True)
class Verl:
    """How results are told to verl. on_missing: zero (0.0), lowest (``lowest``), abstain (NaN), raise.

    verdicts: 1 adds the verdicts as a JSON string. segments: ``package.module:name`` of a ``SegmentCredit`` whose parts
    get dense rewards in the manager, ``segment_weight`` in all.
    """

    on_missing: str = "zero"
    lowest: float | None = None
    verdicts: bool = False
    segments: str = ""
    segment_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.on_missing not in ON_MISSING:
            raise UnknownNameError.among("on_missing", self.on_missing, ON_MISSING)
        if self.on_missing == "lowest" and self.lowest is None:
            raise SettingError("on_missing='lowest' without lowest", expected="the least reward there can be")


async def compute_score(
    data_source: str, solution_str: str, ground_truth: Any = None, extra_info: Mapping[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    """The reward of one response: ``score``, ``valid`` and the curves, the same finite keys for every response.

    A curve that may not apply (``rubric/tag/T``) has ``.../known`` beside it: 0 with the value 0 where it does not.
    """
    how, source = _split(tuple(sorted((k, _plain(v)) for k, v in settings.items() if k not in PASSED)))
    (told,) = await _teller(how, source).tell([_ask(solution_str, ground_truth, extra_info or {}, None)])
    return _result(told, how)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


@functools.lru_cache(maxsize=64)
def _split(given: tuple[tuple[str, Any], ...]) -> tuple[Verl, Settings]:
    """What verl is told, and where rewards come from."""
    table, own = dict(given), {f.name: f.default for f in fields(Verl)}
    values = {k: os.environ.get(PREFIX + k.upper()) if table.get(k) is None else table[k] for k in own}
    how = Verl(**{k: typed(k, v, 0.0 if own[k] is None else own[k]) for k, v in values.items() if v not in (None, "")})
    return how, Settings.read({k: v for k, v in table.items() if k not in own})


@functools.lru_cache(maxsize=16)
def _teller(how: Verl, source: Settings) -> Teller:
    return Teller(rewarder_of(source), how.on_missing, lowest=how.lowest)


def _ask(response: str, ground_truth: Any, extra: Mapping[str, Any], raw_prompt: Any) -> Ask:
    """The question about one row; a ground truth in words is the reference when there is no other."""
    prompt = extra.get("prompt")
    prompt = prompt if prompt is not None else raw_prompt if raw_prompt is not None else ""
    reference = extra.get("reference")
    if reference is None and isinstance(ground_truth, str) and ground_truth:
        reference = ground_truth
    return Ask(_prompt(prompt), response, extra.get("rubric"), reference, extra.get("documents"))


def _prompt(value: Any) -> Prompt:
    return value if isinstance(value, str) else list(value)  # verl keeps chats in object arrays


def _result(told: Told, how: Verl) -> dict[str, Any]:
    curves = dict(told.numbers)
    for name, value in told.known.items():
        if name not in curves and name != "rubric/score":
            curves[name] = 0.0 if value is None else value
            curves[f"{name}/known"] = float(value is not None)
    score = math.nan if told.reward is None else told.reward
    found: dict[str, Any] = {"score": score, "valid": float(told.valid), **curves}
    return found | ({"verdicts": told.verdicts} if how.verdicts else {})


# The manager --------------------------------------------------------------------------------------------------------


class RubricManager:
    """Scores single responses; a subclass of verl's ``RewardManagerBase`` is made of it (``RubricRewardManager``).

    It knows the prompt of the rollout, which a reward function does not, and it can pay parts of a response. Dense
    scores reach the trainer where verl scores a finished batch (``RewardLoopManager.compute_rm_score``); where it
    scores while it generates, verl takes one number per response, so leave ``segments`` empty there.
    """

    tokenizer: Any

    def __init__(self, config: Any, tokenizer: Any, compute_score: Any = None, *_: Any, **__: Any) -> None:
        super().__init__(config, tokenizer, compute_score)  # type: ignore[call-arg]
        function = config.reward.get("custom_reward_function") or {}
        given = {**(config.reward.get("reward_kwargs") or {}), **(function.get("reward_kwargs") or {})}
        self.how, source = _split(tuple(sorted((str(k), _plain(v)) for k, v in given.items())))
        self.teller = _teller(self.how, source)
        self.credit: SegmentCredit | None = named(self.how.segments) if self.how.segments else None

    async def run_single(self, data: Any) -> dict[str, Any]:
        """``reward_score`` (a number, or one per token) and ``reward_extra_info`` of the last sequence in ``data``."""
        item = data[-1:][0]
        rows = item.non_tensor_batch
        ids = item.batch["responses"]
        size = int(item.batch["attention_mask"][-len(ids) :].sum())
        text, starts = token_starts(ids[:size].tolist(), self.tokenizer)
        truth = (rows.get("reward_model") or {}).get("ground_truth")
        ask = _ask(text, truth, rows.get("extra_info") or {}, rows.get("raw_prompt"))
        (told,) = await self.teller.tell([ask])
        found = _result(told, self.how)
        if self.credit is None:
            return {"reward_score": found["score"], "reward_extra_info": found}
        parts = await self.credit.segments([Sample("0", messages_of(ask.prompt), text)])
        found["rubric/segments/known"] = float((~np.isnan(parts.scores)).sum())
        scores = dense_scores(found["score"], parts, starts, self.how.segment_weight)
        return {"reward_score": scores.tolist(), "reward_extra_info": found}

    @classmethod
    def assemble_rm_scores(cls, data: Any, scores: Sequence[float | Sequence[float]]) -> Any:
        """Scores in a tensor [B, T]: a number on the last token of its response, a vector on its tokens.

        A response without a token has its number in the first place (verl's own writes it into the last one).
        """
        import torch

        responses = data.batch["responses"]
        sizes = data.batch["attention_mask"][:, -responses.shape[1] :].sum(1).tolist()
        table = np.zeros(tuple(responses.shape), dtype=np.float32)
        for i, (score, size) in enumerate(zip(scores, sizes, strict=True)):
            if isinstance(score, (int, float)):
                table[i, max(int(size) - 1, 0)] = score
            else:
                table[i, : len(score)] = score
        return torch.from_numpy(table).to(responses.device)


def dense_scores(score: float, parts: Segments, starts: Any, weight: float) -> Floats:
    """A reward on its tokens: ``score`` on the last, ``weight * s_k / K`` on the last token of part k: [L].

    K counts the parts with a label; parts without one are left out. Their sum is ``score + weight * mean_k s_k``, so an
    estimator that sums over tokens sees the two added, and one that looks ahead sees where a part went wrong.

    >>> parts = Segments(np.array([1.0, 0.0]), np.array([0, 3]), np.array([2, 5]), np.array([0, 2]))
    >>> dense_scores(0.5, parts, [0, 1, 3, 4], 1.0).tolist()
    [0.0, 0.5, 0.0, 0.5]
    """
    first = np.asarray(starts, dtype=np.int64)
    out = np.zeros(max(len(first), 1))
    known = ~np.isnan(parts.scores)
    if known.any():
        index = token_segments(first, [0, len(first)], parts.start, parts.end, parts.off)
        last = np.full(len(parts.scores), len(out) - 1)
        inside = np.flatnonzero(index >= 0)
        last[index[inside]] = inside  # later tokens overwrite earlier ones; a part without a token: the last token
        np.add.at(out, last[known], weight * parts.scores[known] / known.sum())
    out[-1] += score
    return out


@functools.lru_cache(maxsize=1)
def _manager() -> type:
    try:
        from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase
    except ImportError:
        raise MissingExtraError.of("verl", "verl", purpose="RubricRewardManager") from None
    about = {"__doc__": RubricManager.__doc__, "__module__": __name__}
    return type("RubricRewardManager", (RubricManager, RewardManagerBase), about)


def __getattr__(name: str) -> Any:
    """``RubricRewardManager``: the manager as a subclass of verl's, built on first use, since it needs verl."""
    if name == "RubricRewardManager":
        return _manager()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if "verl" in sys.modules:
    register_estimators()
