"""Every public function of rewards and credit that takes arrays refuses arrays of the wrong kind, and says which.

``CALLS`` holds one good call of each function. An argument is written as its axes: ``N`` rows in ``P`` groups, ``C``
criteria, ``M`` items in CSR form, ``V`` nodes of trees, small letters for what else there is. ``?`` before the axes
marks ids of any kind, ``*`` an element-wise argument (any shape, a number stands for every place), ``+`` weights, ``~``
an argument for which a number stands for all rows.
"""

import inspect
import re

import numpy as np
import pytest

import rubricate.credit as credit
import rubricate.rewards as rewards
from rubricate.credit import Matches, drop_groups
from rubricate.errors import RubricateError
from rubricate.rewards import as_scores, named

NAN = float("nan")
RNG = np.random.default_rng(0)
SIZE = {"N": 6, "C": 3, "P": 2, "M": 11, "L": 12, "K": 2, "D": 4, "B": 5, "J": 2, "V": 7, "E": 4, "Q": 3, "F": 4}
OFF = np.array([0, 2, 3, 6, 7, 9, 11])
GROUP = np.array([7, 3, 7, 3, 3, 7])
PARENT = np.array([-1, 0, 0, 1, 1, 2, 2])
LEAVES = np.array([NAN, NAN, NAN, 1.0, 0.0, 1.0, 1.0])


def good(axes, scale=1.0):
    return scale * RNG.uniform(0.1, 0.9, size=tuple(SIZE[a] for a in axes.split()))


def flags(axes):
    return np.resize([1.0, 0.0, 1.0], tuple(SIZE[a] for a in axes.split()))


class Arg:
    """An array argument of a good call, with the axes that its errors are about."""

    def __init__(self, axes, value=None):
        self.kind, self.axes = (axes[0], axes[1:]) if axes[0] in "?*+~" else ("", axes)
        self.value = good(self.axes) if value is None else np.asarray(value)


GROUPS, OFFSETS = Arg("?N", GROUP), Arg("N+1", OFF)
OUTCOME = Arg("N", flags("N"))
STEP_CALL = {"outcome": OUTCOME, "step_scores": Arg("M"), "off": OFFSETS}
SCORES = {"scores": Arg("N C"), "asked": Arg("N C", np.ones((6, 3), bool))}
WEIGHTED = {**SCORES, "weights": Arg("+C")}
LOGP = Arg("M", -good("M"))
SPOT = np.arange(11) - np.repeat(OFF[:-1], np.diff(OFF))
CHOSEN = drop_groups([1.0, 0.0, 1.0, 1.0, 0.0, 0.0], GROUP)

CALLS = {
    "rewards": {
        "affine": {"x": Arg("*N"), "lo": 0.0, "hi": 1.0},
        "after_answer": {"step_scores": Arg("M"), "step_off": OFFSETS},
        "against_all": {"outcome": OUTCOME, "group": GROUPS},
        "agreement_weights": {"local": Arg("N K"), "outcome": OUTCOME, "group": GROUPS},
        "all_pass": SCORES,
        "as_scores": {"values": Arg("N C"), "weights": Arg("+C"), "asked": Arg("N C", np.ones((6, 3), bool)),
                      "category": Arg("~C", [0, 0, 1]), "group": GROUPS},
        "banded": {**STEP_CALL, "gamma": 0.2, "floor": 0.6, "ceiling": 0.4},
        "best_of_k": {"x": Arg("*N")},
        "bilinear": {"outcome": Arg("*N"), "process": Arg("*N"), "a": Arg("*N"), "b": Arg("*N"), "c": Arg("*N")},
        "both_orders": {"forward": Arg("N"), "backward": Arg("N")},
        "by_kind": {"kind": Arg("N", [0, 1, 0, 1, 1, 0]), "values": (good("N"), 0.5)},
        "category_mean": {**WEIGHTED, "category": Arg("?C", [0, 0, 1])},
        "changed_after_failure": {"action": Arg("?M", np.arange(11) % 3), "step_valid": Arg("M", flags("M")),
                                  "step_off": OFFSETS},
        "claim_measures": {"supported": Arg("N"), "cited": Arg("N"), "claims": Arg("N")},
        "clip": {"x": Arg("*N"), "lo": 0.0, "hi": 1.0},
        "closest_to_mean": {"samples": Arg("N K")},
        "cluster_entropy": {"cluster": Arg("?N", GROUP % 2), "group": GROUPS},
        "column_norm": {"x": Arg("N K"), "group": GROUPS},
        "combine": {"terms": (good("N"), good("N")), "coefficients": (1.0, good("N"))},
        "component_share": {"scores": Arg("N K"), "weights": Arg("+K"), "group": GROUPS},
        "connected_share": {**SCORES, "links": Arg("C E", flags("C E"))},
        "consensus_reward": {"samples": Arg("N K")},
        "count_discount": {"x": Arg("M"), "action": Arg("?M", np.arange(11) % 3), "step_off": OFFSETS},
        "criterion_rate": {**SCORES, "group": GROUPS},
        "criterion_stats": {**SCORES, "group": GROUPS},
        "cross_rank_reward": {"samples": Arg("N K"), "relevant": OUTCOME, "group": GROUPS},
        "deliver": {"reward": Arg("N"), "group": GROUPS, "on_missing": "group_mean"},
        "difficulty_weights": {"rate": Arg("P C")},
        "disagreement": {"samples": Arg("N K")},
        "exponential": {"x": Arg("*N")},
        "extreme_pairs": {"score": Arg("N"), "group": GROUPS},
        "f_beta": {"selected": Arg("N D", flags("N D")), "gold_ids": Arg("N D", flags("N D"))},
        "fallback": {"primary": Arg("*N"), "secondary": Arg("*N")},
        "first_time": {"action": Arg("?M", np.arange(11) % 3), "step_valid": Arg("M", flags("M")), "step_off": OFFSETS},
        "field_agreement": {"labels": Arg("N K")},
        "followup_margin": {"logp": Arg("N F", -good("N F")), "positive": Arg("F", [1, 0, 1, 0]),
                            "category": Arg("?F", [0, 0, 1, 1])},
        "fuse_progress": {"hop": Arg("M"), "forward": Arg("M"), "backward": Arg("M"), "off": OFFSETS, "start": Arg("~N")},
        "gate": {"condition": Arg("*N"), "x": Arg("*N"), "otherwise": Arg("*N")},
        "gated_accumulate": {"x": Arg("M"), "off": OFFSETS, "high": Arg("N K"), "gates": Arg("K")},
        "group_norm": {"x": Arg("N"), "group": GROUPS, "where": Arg("N", np.ones(6))},
        "group_softmax": {"x": Arg("N"), "group": GROUPS, "where": Arg("N", np.ones(6))},
        "hinge_negative": {"x": Arg("*N"), "eta": 0.5},
        "implied_threshold": {"table": Arg("J K", [[1.0, -0.5], [0.0, 0.0]])},
        "information_gain": {"logp": LOGP, "baseline": LOGP, "off": OFFSETS},
        "integrate": {"samples": Arg("N K"), "sample_weights": Arg("+N K")},
        "interact": {"scores": Arg("N C"), "x": Arg("N"), "pairs": ((0, 1, 0.2),)},
        "jensen_gain": {"logprob": Arg("N", -good("N")), "group": GROUPS},
        "label_agreement": {"given": Arg("M", SPOT % 3.0), "known": Arg("M", (SPOT + 1) % 3.0), "off": OFFSETS},
        "ladder": {"rungs": (flags("N"), flags("N")), "values": (-1.0, 0.0, 1.0)},
        "lexicographic_pairs": {"scores": Arg("N K"), "group": GROUPS},
        "lowest_first": {"scores": Arg("N D")},
        "log_sigmoid": {"x": Arg("*N"), "reference": Arg("*N")},
        "marginal_likelihood": {"doc_scores": Arg("N D"), "doc_answer_logp": Arg("N D", -good("N D"))},
        "multiply": {"terms": (good("N"), good("N"))},
        "ndcg_at_k": {"doc_scores": Arg("N D"), "relevance": Arg("N D")},
        "new_sets": {"selected": Arg("M D", flags("M D")), "off": OFFSETS},
        "noise_floor": {"var": Arg("*N"), "flip_rate": Arg("*N", good("N", 0.3))},
        "pareto_mask": {"scores": Arg("N K"), "group": GROUPS},
        "pass_covariance": {**SCORES, "second": Arg("N C"), "group": GROUPS},
        "piecewise": {"x": Arg("*N"), "knots": (0.0, 1.0), "values": (0.0, 1.0)},
        "tier_reward": {**WEIGHTED, "backward": Arg("N C"), "gate_mask": Arg("~C", [0, 0, 1])},
        "policy_reward": {**WEIGHTED, "category": Arg("~C", [0, 0, 1]), "gate_mask": Arg("~C", [0, 0, 1]), "group": GROUPS},
        "product": SCORES,
        "proper_score": {"outcome": Arg("*N", flags("N")), "confidence": Arg("*N")},
        "range_score": {"x": Arg("*N"), "low": 0.2, "high": 0.5, "limit": 0.8},
        "rank_penalty": {"rank": Arg("N"), "hit": OUTCOME, "group": GROUPS},
        "ratio": {"x": Arg("*N"), "by": Arg("*N")},
        "recall_at_k": {"doc_scores": Arg("N D"), "relevance": Arg("N D")},
        "redistribute": {"factors": Arg("M D"), "off": OFFSETS, "returns": Arg("N")},
        "reference_likelihood": {"logp": LOGP, "off": OFFSETS},
        "renorm": STEP_CALL,
        "revision_reward": {"first": OUTCOME, "second": OUTCOME},
        "running_scale": {"x": Arg("N"), "earlier": Arg("B")},
        "sample_quantile": {"samples": Arg("*N B"), "q": 0.5},
        "scaled_weights": {"weights": Arg("+C"), "factors": Arg("+P C"), "group": GROUPS},
        "schedule": {"progress": Arg("*N")},
        "self_agreement": {"cluster": Arg("?N", GROUP % 2), "group": GROUPS},
        "saturate": {"scores": Arg("*N")},
        "self_confidence": {"logp": LOGP, "off": OFFSETS},
        "share_at": {"native": Arg("N C"), "level": 0.5, "asked": Arg("N C", np.ones((6, 3), bool))},
        "shared_outcome": {"local": Arg("N K"), "outcome": OUTCOME, "share": Arg("N K")},
        "sign_product": STEP_CALL,
        "sign_weights": {"outcome": Arg("*N", flags("N"))},
        "signal_share": {"reward": Arg("N"), "group": GROUPS, "outcome": OUTCOME},
        "soft_and": WEIGHTED,
        "soften": {"x": Arg("M"), "off": OFFSETS},
        "spread_groups": {"table": Arg("P C"), "group": GROUPS},
        "step_delta": {"x": Arg("M"), "off": OFFSETS},
        "step_penalty": STEP_CALL,
        "task_weight": {"multipliers": Arg("+K")},
        "thought_outcome": {**STEP_CALL, "group": GROUPS},
        "total": {"values": Arg("N"), "group": GROUPS, "mass": Arg("+N")},
        "trust_weight": {"outcome": OUTCOME, "process": Arg("N"), "group": GROUPS},
        "uncertainty_weight": {"u": Arg("*N")},
        "weighted_mean": WEIGHTED,
        "weighted_pair_order": {"doc_scores": Arg("N D"), "relevance": Arg("N D")},
        "weighted_sum": WEIGHTED,
        "without_sentinels": {"totals": Arg("N")},
        "zscore": {"x": Arg("*N"), "mean": 0.0, "std": 1.0},
        "stretch": {"x": Arg("*N")},
        "veto": {"x": Arg("N"), "scores": Arg("N C"), "gate_mask": Arg("C", [1, 0, 1])},
    },
    "credit": {
        "backup": {"leaf_reward": Arg("V", LEAVES), "parent": Arg("V", PARENT)},
        "belief_gain": {"belief": LOGP, "off": OFFSETS, "start": Arg("~N", -good("N"))},
        "bounded": {"x": Arg("M"), "off": OFFSETS, "keep": Arg("M", np.ones(11, bool))},
        "center": {"x": Arg("N"), "group": GROUPS, "row_weights": Arg("+N")},
        "cispo_weight": {"ratio": Arg("*N")},
        "columnwise_group_norm": {"x": Arg("M"), "off": OFFSETS, "group": GROUPS, "past_end": Arg("~N"),
                                  "mask": Arg("M", np.ones(11, bool))},
        "cutpoints": {"probability": Arg("M"), "off": OFFSETS},
        "dapo": {"reward": Arg("N"), "group": GROUPS, "length": Arg("N", np.arange(6.0)), "max_length": 6.0, "cache": 2.0},
        "difference": {"x": Arg("M"), "off": OFFSETS, "start": Arg("~N")},
        "dr_grpo": {"reward": Arg("N"), "group": GROUPS},
        "drop_groups": {"x": Arg("N"), "group": GROUPS},
        "edge": {"value": Arg("V"), "parent": Arg("V", PARENT)},
        "ema_baseline": {"previous": 0.5, "reward": Arg("N")},
        "ends": {"off": OFFSETS},
        "following": {"x": Arg("M"), "off": OFFSETS, "last": Arg("~N")},
        "first_error": {"step_scores": Arg("M"), "off": OFFSETS},
        "fuse": {"advantage": Arg("N"), "step_advantage": Arg("M"), "off": OFFSETS},
        "gae": {"reward": Arg("M"), "value": Arg("M"), "off": OFFSETS, "mask": Arg("M", np.ones(11, bool)),
                "terminal": Arg("~N")},
        "gdpo": {"scores": Arg("N K"), "group": GROUPS, "weights": Arg("+K"), "asked": Arg("N K", np.ones((6, 2), bool))},
        "gpg": {"reward": Arg("N"), "group": GROUPS},
        "grpo": {"reward": Arg("N"), "group": GROUPS},
        "kept": {"x": Arg("N"), "selection": CHOSEN},
        "key": {"columns": (GROUP, GROUP % 2)},
        "kl_estimate": {"logp": Arg("*M", -good("M")), "logp_ref": Arg("*M", -good("M"))},
        "leaf_counts": {"parent": Arg("V", PARENT)},
        "log_ratio": {"logp": LOGP, "logp_ref": LOGP},
        "look_ahead": {"x": Arg("M"), "off": OFFSETS},
        "loss_weights": {"mask": Arg("M", np.ones(11, bool)), "off": OFFSETS},
        "mix": {"advantages": (good("N"), good("N")), "weights": Arg("+K")},
        "modulate": {"advantage": Arg("N"), "by": Arg("N"), "recenter": GROUPS},
        "multi_advantage": {"scores": Arg("N K"), "group": GROUPS, "weights": Arg("+K"),
                            "asked": Arg("N K", np.ones((6, 2), bool))},
        "on_tokens": {"x": Arg("M"), "index": Arg("?L", np.resize(np.arange(-1, 11), 12))},
        "opo": {"reward": Arg("N"), "group": GROUPS, "length": Arg("+N", np.arange(1.0, 7.0))},
        "optimal_token_baseline": {"returns": Arg("M"), "off": OFFSETS, "group": GROUPS, "probability": Arg("M", np.full(11, 0.5)),
                                   "collision": Arg("M", np.full(11, 0.5)), "mask": Arg("M", np.ones(11, bool))},
        "overlong_penalty": {"length": Arg("N", np.arange(6.0)), "max_length": 6.0, "cache": 2.0},
        "pass_at_k_grpo": {"reward": Arg("N"), "group": GROUPS},
        "place": {"x": Arg("N"), "off": OFFSETS, "mask": Arg("M", np.ones(11, bool))},
        "pool": {"x": Arg("M"), "off": OFFSETS, "mask": Arg("M", np.ones(11, bool))},
        "position": {"off": OFFSETS},
        "potential_shaping": {"potential": Arg("M"), "off": OFFSETS, "gamma": 0.9, "terminal": Arg("~N")},
        "ppo_clip": {"ratio": Arg("*N"), "advantage": Arg("*N")},
        "ppo_weight": {"ratio": Arg("*N"), "advantage": Arg("*N")},
        "prefix": {"x": Arg("M"), "off": OFFSETS, "keep": Arg("M", np.ones(11, bool))},
        "quantile": {"x": Arg("N"), "group": GROUPS},
        "rate": {"matches": Matches(np.arange(3), np.arange(1, 4), good("Q"), good("Q"), np.zeros(3, int)), "n": 4},
        "reinforce": {"reward": Arg("N"), "baseline": Arg("~N")},
        "reinforce_plus_plus": {"reward": Arg("N"), "off": OFFSETS, "kl": Arg("M"), "beta": 0.1,
                                "mask": Arg("M", np.ones(11, bool))},
        "reinforce_plus_plus_baseline": {"reward": Arg("N"), "group": GROUPS, "row_weights": Arg("+N")},
        "remax": {"reward": Arg("N"), "greedy": Arg("N")},
        "rloo": {"reward": Arg("N"), "group": GROUPS},
        "rloo_items": {"x": Arg("M"), "off": OFFSETS, "group": GROUPS, "keep": Arg("M", np.ones(11, bool))},
        "sapo_weight": {"ratio": Arg("*N")},
        "scale": {"x": Arg("N"), "group": GROUPS, "row_weights": Arg("+N")},
        "select": {"score": Arg("N"), "group": GROUPS, "outcome": OUTCOME, "rng": np.random.default_rng(0), "keep": 2},
        "selective": {"advantage": Arg("N"), "step_scores": Arg("M"), "off": OFFSETS},
        "sequence_ratio": {"logp": LOGP, "logp_old": LOGP, "off": OFFSETS, "mask": Arg("M", np.ones(11, bool))},
        "spread": {"row": Arg("?N"), "off": OFFSETS},
        "suffix": {"x": Arg("M"), "off": OFFSETS, "keep": Arg("M", np.ones(11, bool))},
        "token_segments": {
            "token_start": Arg("L", np.tile([0, 2], 6)), "token_off": Arg("N+1", 2 * np.arange(7)),
            "start": Arg("M", 2 * SPOT), "end": Arg("M", 2 * SPOT + 2), "off": OFFSETS},
        "vote": {"flags": Arg("N J", flags("N J"))},
        "whiten": {"x": Arg("N"), "mask": Arg("N", np.ones(6, bool)), "row_weights": Arg("+N")},
        "z_score": {"x": Arg("N"), "group": GROUPS, "row_weights": Arg("+N")},
    },
}  # fmt: skip
"""What takes no array: values, lints of whole recipes, plans, tables of policies; each is tested beside its source."""
NO_ARRAYS = {
    "rewards": {"category_scores", "finite_budget", "learn_blend", "named", "pareto_capacity", "primary_dominates",
                "scale_matters", "stage", "tag_scores"},
    "credit": {"as_matches", "play", "schedule"},
}  # fmt: skip
MODULES = {"rewards": rewards, "credit": credit}
EVERY = [(m, name) for m, calls in CALLS.items() for name in calls]


def call(module, name, **changes):
    given = {k: v.value if isinstance(v, Arg) else v for k, v in CALLS[module][name].items()}
    return getattr(MODULES[module], name)(**(given | changes))


def arrays(module, name, *, but="", only=""):
    """(argument, Arg) of the array arguments of a call, by kind."""
    for key, arg in CALLS[module][name].items():
        if isinstance(arg, Arg) and (not arg.kind or arg.kind not in but) and (not only or arg.kind == only):
            yield key, arg


def table(choose):
    """One test case per function and argument, with the faulty value."""
    return [
        pytest.param(module, name, key, bad, id=f"{module}.{name}-{key}-{what}")
        for module, name in EVERY
        for key, what, bad in choose(module, name)
    ]


def refused(module, name, argument, bad):
    """The error of a call with one bad argument; it must name an argument of the function."""
    with pytest.raises(RubricateError) as caught:
        call(module, name, **{argument: bad})
    return str(caught.value)


def names_it(message, module, name, argument):
    return re.search(rf"\b{argument}\b", message) is not None


def names_one(message, module, name):
    """An odd length is the fault of either side: the message names one of the arguments."""
    return any(re.search(rf"\b{k}\b", message) for k in CALLS[module][name])


@pytest.mark.parametrize("module", MODULES)
def test_the_table_holds_every_function(module):
    public = {n for n in MODULES[module].__all__ if inspect.isfunction(getattr(MODULES[module], n))}
    listed = set(CALLS[module]) | NO_ARRAYS[module]
    assert public == listed, f"add a good call to CALLS for {public - listed}, take out {listed - public}"
    for name, arguments in CALLS[module].items():
        takes = {
            k for k, p in inspect.signature(getattr(MODULES[module], name)).parameters.items()
            if "ArrayLike" in str(p.annotation)
        }  # fmt: skip
        assert takes - OPTIONAL.get(name, set()) <= set(arguments), f"{name} leaves out {takes - set(arguments)}"


OPTIONAL = {
    "as_scores": {"lo", "hi", "gate", "states"}, "center": {"baseline"}, "range_score": {"low", "high", "limit"},
    "self_agreement": {"view"}, "self_confidence": {"top_logp"},
}  # fmt: skip


@pytest.mark.parametrize(("module", "name"), EVERY, ids=[f"{m}.{n}" for m, n in EVERY])
def test_the_good_call_is_good(module, name):
    call(module, name)


def wrong_ranks(module, name):
    for key, arg in arrays(module, name, but="*"):
        yield key, "deeper", arg.value[None, None]
        if arg.kind not in ("+", "~"):
            yield key, "a number", arg.value.flat[0]


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(wrong_ranks))
def test_a_wrong_rank_is_refused(module, name, argument, bad):
    message = refused(module, name, argument, bad)
    assert names_it(message, module, name, argument), message
    assert "shape" in message, message
    assert "expected" in message, message


def wrong_lengths(module, name):
    """One entry less and one more along an axis that another argument has as well."""
    for key, arg in arrays(module, name):
        shared = {letter for k, a in arrays(module, name) if k != key for letter in re.findall("[A-Z]", a.axes)}
        for axis, letter in enumerate(arg.axes.replace("+1", "").split()):
            if letter in shared:
                yield key, f"{letter} - 1", np.delete(arg.value, 0, axis)
                yield key, f"{letter} + 1", np.insert(arg.value, 0, arg.value.take(0, axis), axis)


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(wrong_lengths))
def test_mixed_lengths_are_refused(module, name, argument, bad):
    message = refused(module, name, argument, bad)
    assert names_one(message, module, name), message
    assert "expected" in message, message


def bad_offsets(module, name):
    """Offsets that fall, start late, go below 0, are no integers, are none; that end where the items do not."""
    for key, arg in arrays(module, name):
        if arg.axes == "N+1":
            off = arg.value
            yield key, "falling", np.r_[off[:2], off[1] - 1, off[3:]]
            yield key, "late start", np.r_[1, off[1:]]
            yield key, "negative", np.r_[0, -2, off[2:]]
            yield key, "floats", off.astype(float)
            yield key, "empty", off[:0]
            if any(a.axes.split()[0] in "ML" for _, a in arrays(module, name)):
                yield key, "early end", np.r_[off[:-1], off[-1] - 1]
                yield key, "late end", np.r_[off[:-1], off[-1] + 1]


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(bad_offsets))
def test_bad_offsets_are_refused(module, name, argument, bad):
    message = refused(module, name, argument, bad)
    assert names_it(message, module, name, argument) or names_one(message, module, name), message
    assert "expected" in message, message


def bad_groups(module, name):
    for key, _ in arrays(module, name):
        if key == "group":
            if any("N" in a.axes for k, a in arrays(module, name) if k != "group"):
                yield key, "short", GROUP[:-1]
                yield key, "long", np.append(GROUP, 7)
            yield key, "deep", GROUP[:, None]
            yield key, "unknown", np.where(GROUP == 7, NAN, GROUP)


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(bad_groups))
def test_bad_group_ids_are_refused(module, name, argument, bad):
    message = refused(module, name, argument, bad)
    assert names_it(message, module, name, "group") or names_one(message, module, name), message


def not_numbers(module, name):
    for key, arg in arrays(module, name):
        if arg.kind != "?":
            yield key, "words", np.full(arg.value.shape, "yes").tolist()
        yield key, "ragged", [[1.0], *arg.value.tolist()]


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(not_numbers))
def test_what_is_not_a_numeric_array_is_refused(module, name, argument, bad):
    message = refused(module, name, argument, bad)
    assert names_it(message, module, name, argument), message


def bad_weights(module, name):
    for key, arg in arrays(module, name, only="+"):
        for what, value in (("nan", NAN), ("infinite", np.inf)):
            bad = arg.value.astype(float).copy()
            bad.flat[0] = value
            yield key, what, bad


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(bad_weights))
def test_weights_that_are_not_finite_are_refused(module, name, argument, bad):
    message = refused(module, name, argument, bad)
    assert names_it(message, module, name, argument), message
    assert "expected" in message, message


def infinities(module, name):
    for key, arg in arrays(module, name, but="?*+"):
        if arg.value.dtype.kind == "f" and arg.axes not in ("V",):
            bad = arg.value.copy()
            bad.flat[0] = np.inf
            yield key, "infinite", bad


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(infinities))
def test_an_infinite_value_is_refused(module, name, argument, bad):
    """One of them would spoil its whole group or row in silence."""
    message = refused(module, name, argument, bad)
    assert names_it(message, module, name, argument), message


def unknown_groups(module, name):
    takes = dict(arrays(module, name))
    if "group" not in takes:
        return
    for key, arg in takes.items():
        if arg.kind == "" and arg.axes.split()[0] == "N" and arg.value.dtype.kind == "f":
            bad = arg.value.copy()
            bad[GROUP == 7] = NAN
            yield key, "all unknown", bad


@pytest.mark.parametrize(("module", "name", "argument", "bad"), table(unknown_groups))
def test_a_group_of_which_nothing_is_known_stays_unknown_and_harms_no_other(module, name, argument, bad):
    """No warning, no infinity, and the other group gets what it got before. Not an error: a judge may abstain."""
    before, found = call(module, name), call(module, name, **{argument: bad})
    if not isinstance(found, np.ndarray):
        return
    assert not np.isinf(found).any()
    if found.shape[:1] == (6,) and name not in BATCH:
        np.testing.assert_array_equal(found[GROUP == 3], np.asarray(before)[GROUP == 3])


BATCH = {"gdpo", "gpg", "reinforce_plus_plus_baseline"}  # their scale is that of all rows
SEQUENCES = [
    *(("rewards", "combine", k) for k in ("terms", "coefficients")), ("rewards", "multiply", "terms"),
    ("rewards", "by_kind", "values"), ("rewards", "ladder", "rungs"), ("credit", "mix", "advantages"), ("credit", "key", "columns"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "argument"), SEQUENCES)
def test_the_odd_one_of_several_arrays_is_named(module, name, argument):
    arrays_in = list(CALLS[module][name][argument])
    at = next(k for k in (1, 0) if np.ndim(arrays_in[k]))
    for bad in (arrays_in[at][:-1], arrays_in[at][:, None], [[1.0], *arrays_in[at].tolist()]):
        changed = tuple(bad if k == at else x for k, x in enumerate(arrays_in))
        message = refused(module, name, argument, changed)
        assert re.search(rf"{argument}\[{at}\]", message), message
        assert "expected" in message
    with pytest.raises(RubricateError, match="expected"):
        call(module, name, **{argument: ()})


def test_a_coefficient_that_is_no_number_is_refused():
    for bad in (NAN, np.inf):
        with pytest.raises(RubricateError, match=r"coefficients\[1\].*expected"):
            rewards.combine(([1.0], [2.0]), (1.0, bad))


def test_a_denominator_that_can_vanish_is_refused():
    for name in ("weighted_mean", "category_mean"):
        fn = getattr(rewards, name)
        for weights in ([2.0, -1.0, -1.0], [[2.0, -1.0, -1.0]] * 2):
            with pytest.raises(RubricateError, match=r"weights holds negative values.*expected.*'positive'.*'abs'"):
                fn([[1.0, 0.0, 1.0]] * 2, weights, denominator="sum")
        assert np.isfinite(fn([[1.0, 0.0, 1.0]], [2.0, -1.0, -1.0])).all()
        with pytest.raises(RubricateError, match="weights holds no positive value"):
            fn([[1.0, 0.0, 1.0]], [-2.0, -1.0, -1.0])
    with pytest.raises(RubricateError, match="sample_weights holds negative"):
        rewards.integrate([[1.0, 0.0]], sample_weights=[[1.0, -1.0]])
    with pytest.raises(RubricateError, match="mass holds negative"):
        rewards.total([1.0, 0.0], mass=[1.0, -1.0])
    for name in ("center", "scale", "z_score"):
        with pytest.raises(RubricateError, match="row_weights holds negative"):
            getattr(credit, name)([1.0, 0.0], [0, 0], row_weights=[1.0, -1.0])
    with pytest.raises(RubricateError, match="length holds negative"):
        credit.opo([1.0, 0.0], [0, 0], [1.0, -1.0])


def test_a_policy_says_why_a_row_has_no_score_instead():
    scores = as_scores([[1.0, 0.0]], [-1.0, -1.0])
    found = named("points_ratio").score(scores)
    assert np.isnan(found.values).all()
    assert found.why(0) != found.reasons[0]


def test_the_table_can_fail():
    """A function that takes what it is given is found by every choice of faults."""
    silent = {"x": Arg("N"), "group": GROUPS}
    CALLS["rewards"]["silent"] = silent
    rewards.silent = lambda x, group: 0.0
    try:
        for choose in (wrong_ranks, wrong_lengths, bad_groups, infinities):
            cases = list(choose("rewards", "silent"))
            assert cases
            for argument, _, bad in cases:
                with pytest.raises(pytest.fail.Exception):
                    refused("rewards", "silent", argument, bad)
    finally:
        del CALLS["rewards"]["silent"], rewards.silent
