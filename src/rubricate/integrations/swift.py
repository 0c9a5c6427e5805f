"""ms-swift: the reward under the name ``rubricate``, by one line in a plugin file of your own.

``my_plugin.py`` holds ``import rubricate.integrations.swift as s; s.register_reward()``; then
``swift rlhf --rlhf_type grpo --external_plugins my_plugin.py --reward_funcs rubricate``. (ms-swift imports a plugin by
its bare file name with its folder first on the path, so this file itself cannot be the plugin.)

The contract (ms-swift 4.6) is TRL's with three differences. Prompts arrive inside the column ``messages``. The class
is built without settings of ours, so the rewarder comes from the environment (``configured.Settings``). And None does
not leave a row out: it is summed as 0 and enters the mean of its group (but for ``scale_rewards="gdpo"``). So a missing
reward is told as the mean of its group, whose advantage is 0; RUBRICATE_ON_MISSING names another policy.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from rubricate.errors import MissingExtraError
from rubricate.integrations.rows import Rewards
from rubricate.integrations.trl import RubricReward, configured

HOMES = ("swift.rewards", "swift.plugin")  # of its table of rewards: ms-swift 4, ms-swift 3


class RubricORM:
    """A reward of ms-swift: one number per completion, the mean of its group where there is none."""

    def __init__(self, args: Any = None, **settings: Any) -> None:
        self.reward = configured(RubricReward, "group_mean")

    def __call__(self, completions: Sequence[str], **columns: Any) -> Rewards:
        """Rewards of the batch; the prompt of a row is its messages without the completion at their end."""
        messages = columns.get("messages") or [()] * len(completions)
        prompts = columns.pop("prompts", None) or [_prompt(m) for m in messages]
        return self.reward(prompts, completions, **columns)


def _prompt(messages: Sequence[Any]) -> list[Any]:
    rows = list(messages)
    return rows[:-1] if rows and rows[-1].get("role") == "assistant" else rows


def register_reward(orms: dict[str, Any] | None = None) -> None:
    """Put ``RubricORM`` into ``orms``: by default ms-swift's own table."""
    if orms is None:
        orms = _table()
    orms["rubricate"] = RubricORM


def _table() -> dict[str, Any]:
    for home in HOMES:
        try:
            found: dict[str, Any] = importlib.import_module(home).orms
        except (ImportError, AttributeError):
            continue
        return found
    raise MissingExtraError("ms-swift is not installed", hint="Install it with: pip install ms-swift")
