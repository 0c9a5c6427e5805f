"""Credit: from rewards to advantages, over any grouping and any level (token, step, turn, row, group).

Pure numpy functions that compose; the order of normalising and accumulating is the order in which they are written.
Normalise before spreading, so that the level and the weights of a statistic are named and padding cannot enter.
"""

from rubricate.credit.baselines import (
    INVARIANCES,
    dapo,
    dr_grpo,
    ema_baseline,
    gdpo,
    gpg,
    grpo,
    opo,
    optimal_token_baseline,
    overlong_penalty,
    pass_at_k_grpo,
    reinforce,
    reinforce_plus_plus,
    reinforce_plus_plus_baseline,
    remax,
    rloo,
)
from rubricate.credit.layout import cutpoints, key, place, pool, position
from rubricate.credit.loss import cispo_weight, kl_estimate, ppo_clip, ppo_weight, sapo_weight, sequence_ratio
from rubricate.credit.mix import fuse, mix, multi_advantage, vote
from rubricate.credit.normalise import center, columnwise_group_norm, scale, whiten, z_score
from rubricate.credit.rating import quantile, rate
from rubricate.credit.returns import difference, following, gae, look_ahead, potential_shaping, prefix, suffix
from rubricate.credit.schedule import Matches, as_matches, play, schedule
from rubricate.credit.select import Selection, drop_groups, kept, select
from rubricate.credit.sources import bounded, ends, rloo_items
from rubricate.credit.spans import first_error, on_tokens, selective, token_segments
from rubricate.credit.std_filter import StdFilter, StdState
from rubricate.credit.tokens import belief_gain, log_ratio, loss_weights, modulate
from rubricate.credit.tree import backup, edge, leaf_counts
from rubricate.reduce import spread

__all__ = [
    "INVARIANCES",
    "Matches",
    "Selection",
    "StdFilter",
    "StdState",
    "as_matches",
    "backup",
    "belief_gain",
    "bounded",
    "center",
    "cispo_weight",
    "columnwise_group_norm",
    "cutpoints",
    "dapo",
    "difference",
    "dr_grpo",
    "drop_groups",
    "edge",
    "ema_baseline",
    "ends",
    "first_error",
    "following",
    "fuse",
    "gae",
    "gdpo",
    "gpg",
    "grpo",
    "kept",
    "key",
    "kl_estimate",
    "leaf_counts",
    "log_ratio",
    "look_ahead",
    "loss_weights",
    "mix",
    "modulate",
    "multi_advantage",
    "on_tokens",
    "opo",
    "optimal_token_baseline",
    "overlong_penalty",
    "pass_at_k_grpo",
    "place",
    "play",
    "pool",
    "position",
    "potential_shaping",
    "ppo_clip",
    "ppo_weight",
    "prefix",
    "quantile",
    "rate",
    "reinforce",
    "reinforce_plus_plus",
    "reinforce_plus_plus_baseline",
    "remax",
    "rloo",
    "rloo_items",
    "sapo_weight",
    "scale",
    "schedule",
    "select",
    "selective",
    "sequence_ratio",
    "spread",
    "suffix",
    "token_segments",
    "vote",
    "whiten",
    "z_score",
]
