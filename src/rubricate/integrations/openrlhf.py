"""OpenRLHF: a reward file, ``--reward.remote_url /path/reward.py`` with ``reward_func`` in it.

Contract read with OpenRLHF 0.11.2 and driven with its client alone: the function is sync, is called in a thread with
lists of length one, and cannot abstain. What it raises is swallowed and ends training later with an unrelated message,
so a missing reward is told as 0 with ``rubric/valid`` 0 beside it. ``labels`` hold the rubric (see ``label_of``);
``queries`` are prompt and response in one text. The server form is ``/get_reward`` of ``rubricate serve``.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.integrations.teller import Ask, Teller, Told, label_of, required


@dataclass(frozen=True)
class RubricRewardFile:
    """The function of a reward file: ``reward_func = RubricRewardFile(Teller(rewarder))``; pickles."""

    teller: Teller

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """``rewards``, ``scores`` (the same, cut to [0, 1], for dynamic filtering) and ``extra_logs``, as tensors [B].

        Names in ``extra_logs`` are the same in every call, and every value is finite.
        """
        tensor = _torch().tensor
        told = self.teller.tell_sync(asks_of(queries, prompts, labels))
        rewards = [required(t, "OpenRLHF") for t in told]
        logs = {name: tensor([t.numbers[name] for t in told]) for name in _names(told)}
        return {
            "rewards": tensor(rewards), "scores": tensor([min(1.0, max(0.0, r)) for r in rewards]), "extra_logs": logs,
        }  # fmt: skip


def asks_of(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any] | None) -> list[Ask]:
    """Responses cut from their queries; a query that does not begin with its prompt is judged whole."""
    given = [""] * len(queries) if labels is None else labels
    if not len(queries) == len(prompts) == len(given):
        raise SettingError(
            f"{len(queries)} queries, {len(prompts)} prompts, {len(given)} labels", expected="one of each per response"
        )
    pairs = [label_of(label) for label in given]
    return [Ask(p, q.removeprefix(p), *pair) for q, p, pair in zip(queries, prompts, pairs, strict=True)]


def reward_func(
    queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The reward function of the environment: ``from rubricate.integrations.openrlhf import reward_func``."""
    return RubricRewardFile(Teller.configured("zero"))(queries, prompts, labels, **more)


def _names(told: Sequence[Told]) -> list[str]:
    return list(told[0].numbers) if told else []


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise MissingExtraError("the reward file needs torch", hint="Install it with: pip install torch") from None
