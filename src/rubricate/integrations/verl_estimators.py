"""Advantage estimators for verl from ``rubricate.credit``: ``algorithm.adv_estimator=rubricate_grpo`` and its kin.

They differ from verl's own of the same name where docs/decisions/0002 says so: a missing reward (NaN) costs its own
response its advantage and no other; a group without spread gives exactly 0; one known reward in a group gives 0.

verl finds them when ``VERL_USE_EXTERNAL_MODULES=rubricate.integrations.verl_estimators`` is set in the driver, or when
``RubricRewardManager`` is loaded there. verl hands an estimator rewards per token, the mask, and the prompt of each
row; the flag ``valid`` is not among them, so missing rewards travel as NaN (``on_missing=abstain``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rubricate import credit
from rubricate.arrays import Bools, Floats
from rubricate.errors import MissingExtraError, SettingError

Rule = Callable[[Floats, Any, Floats], Floats]

ROWS: Mapping[str, Rule] = {
    "rubricate_grpo": lambda reward, group, length: credit.grpo(reward, group),
    "rubricate_dr_grpo": lambda reward, group, length: credit.dr_grpo(reward, group),
    "rubricate_rloo": lambda reward, group, length: credit.rloo(reward, group),
    "rubricate_opo": lambda reward, group, length: credit.opo(reward, group, length),
    "rubricate_gpg": lambda reward, group, length: credit.gpg(reward, group),
    "rubricate_pass_at_k": lambda reward, group, length: credit.pass_at_k_grpo(reward, group),
    "rubricate_reinforce_plus_plus_baseline": lambda reward, group, length: credit.reinforce_plus_plus_baseline(
        reward, group
    ),
}


def _array(tensor: Any) -> Floats:
    return np.asarray(tensor.detach().cpu().double().numpy())


def _spread(rows: Floats, response_mask: Any, like: Any) -> tuple[Any, Any]:
    """An advantage per row on the tokens of its response; advantages and returns are the same."""
    advantages = like.new_tensor(rows)[:, None] * response_mask
    return advantages, advantages


def _on_rows(name: str, rule: Rule) -> Callable[..., tuple[Any, Any]]:
    def estimator(
        token_level_rewards: Any, response_mask: Any, index: Any = None, config: Any = None, **_: Any
    ) -> tuple[Any, Any]:
        if index is None:
            raise SettingError(f"{name} without index", expected="the prompt (uid) of each row")
        reward, length = _array(token_level_rewards).sum(1), _array(response_mask).sum(1)
        return _spread(rule(reward, np.asarray(index), length), response_mask, token_level_rewards)

    estimator.__name__ = estimator.__qualname__ = name
    estimator.__doc__ = f"``{name}``: rewards of a row summed over its tokens, NaN where the reward is missing."
    return estimator


def rubricate_reinforce_plus_plus(
    token_level_rewards: Any, response_mask: Any, config: Any = None, **_: Any
) -> tuple[Any, Any]:
    """REINFORCE++: the return from each token on, whitened over the tokens of the batch; dense rewards stay in place.

    A row with a missing reward enters neither mean nor variance and gets 0. Returns are handed back raw.
    """
    rewards, inside = _array(token_level_rewards), _array(response_mask) > 0
    gamma = float(_option(config, "gamma", 1.0))
    known = ~np.isnan(rewards).any(1, keepdims=True)
    off = rewards.shape[1] * np.arange(len(rewards) + 1)
    flat, mask = np.where(known, rewards, 0.0).ravel(), inside.ravel()
    returns = credit.suffix(flat, off, gamma=gamma, keep=mask).reshape(rewards.shape)
    unknown = np.where(known, returns, np.nan).ravel()
    advantage = credit.whiten(unknown, mask, missing="zero_advantage").reshape(rewards.shape)
    like = token_level_rewards
    return like.new_tensor(advantage) * response_mask, like.new_tensor(np.where(known, returns, 0.0)) * response_mask


def rubricate_gdpo(
    token_level_rewards: Any, response_mask: Any, index: Any = None, config: Any = None,
    non_tensor_batch: Mapping[str, Any] | None = None, **_: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """GDPO over ``algorithm.gdpo_reward_keys``, whitened over rows; a row that lacks a component is left out whole.

    A component is missing where ``KEY/known`` or ``valid`` beside it is 0, or it is NaN. verl hands components only to
    the estimator called ``gdpo``: put ours there with ``replace_gdpo()``.
    """
    keys = list(_option(config, "gdpo_reward_keys", None) or ())
    if non_tensor_batch is None or not keys:
        raise SettingError(
            "the components of the reward did not arrive", expected="algorithm.gdpo_reward_keys, and non_tensor_batch",
            hint="verl gives them to the estimator 'gdpo' only: call replace_gdpo() and set adv_estimator=gdpo",
        )  # fmt: skip
    scores = np.column_stack([_component(non_tensor_batch, key) for key in keys])
    weights = _option(config, "gdpo_reward_weights", None)
    rows = credit.gdpo(scores, np.asarray(index), None if weights is None else list(weights))
    return _spread(rows, response_mask, token_level_rewards)


def _component(batch: Mapping[str, Any], key: str) -> Floats:
    if key not in batch:
        raise SettingError(f"the reward has no component {key!r}", expected=f"some of {sorted(map(str, batch))}")
    values = np.asarray(batch[key], dtype=np.float64).copy()
    for flag in (f"{key}/known", "valid"):
        if flag in batch:
            lost: Bools = np.asarray(batch[flag], dtype=np.float64) == 0
            values[lost] = np.nan
            break
    return values


def _option(config: Any, name: str, default: Any) -> Any:
    """A setting of verl's algorithm config, which is a mapping or a record."""
    found = config.get(name, default) if hasattr(config, "get") else getattr(config, name, default)
    return default if found is None else found


ESTIMATORS: Mapping[str, Callable[..., tuple[Any, Any]]] = {
    **{name: _on_rows(name, rule) for name, rule in ROWS.items()},
    "rubricate_reinforce_plus_plus": rubricate_reinforce_plus_plus,
    "rubricate_gdpo": rubricate_gdpo,
}


def _algorithms() -> Any:
    try:
        from verl.trainer.ppo import core_algos
    except ImportError:
        raise MissingExtraError.of("verl", "verl", purpose="Estimators for verl") from None
    return core_algos


def register_estimators() -> tuple[str, ...]:
    """Put the estimators into verl's table and give their names; doing it twice is harmless."""
    core = _algorithms()
    for name, estimator in ESTIMATORS.items():
        core.register_adv_est(name)(estimator)
    return tuple(ESTIMATORS)


def replace_gdpo() -> None:
    """Put ``rubricate_gdpo`` in the place of verl's ``gdpo``, the only estimator that is given reward components."""
    _algorithms().ADV_ESTIMATOR_REGISTRY["gdpo"] = rubricate_gdpo


if "verl" in sys.modules:
    register_estimators()
