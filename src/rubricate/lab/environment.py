"""The names that recipes may count on: one vocabulary for the arrays of the environment in which steps run.

``draw`` makes a random environment that holds all of them, for contract tests and for trying a composition at the
prompt. Axes: N rollouts in P prompts, C criteria, K rewards or judges, T turns, S steps, L tokens (ragged, CSR).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rubricate.arrays import Floats, Ints
from rubricate.structure import Structure

VOCABULARY: dict[str, tuple[str, str]] = {
    "group": ("N", "prompt of each rollout"),
    "outcome": ("N", "1 when the final answer is right, 0 when wrong"),
    "process": ("N", "rubric, evidence or thinking score in [0, 1]"),
    "format": ("N", "whether the rollout is well formed"),
    "called": ("N", "whether the response called the tool it needs"),
    "executed": ("N", "whether its call ran without an error"),
    "length": ("N", "generated tokens"),
    "length_low": ("N", "least length that the prompt asks for"),
    "length_high": ("N", "greatest length that the prompt asks for"),
    "repetition": ("N", "share of the response that repeats other parts of it"),
    "quality": ("N", "score of a preference reward model, on its own scale, NaN when missing"),
    "guard": ("N", "minus the chance of a known failure, by a detector trained on earlier failures of the policy"),
    "checkable": ("N", "whether a rule decides the outcome, so that no model score is needed"),
    "decision": ("N", "1 when the response acts (accepts, answers yes), 0 when it does not"),
    "speedup": ("N", "run time of the reference over run time of the answer"),
    "scores": ("N C", "verdicts in [0, 1], NaN when missing"),
    "asked": ("N C", "whether the criterion applies to the row"),
    "weights": ("C", "weight of each criterion"),
    "category": ("C", "section of each criterion"),
    "gate_mask": ("C", "whether the criterion is a bottom line: required, or fatal when it fails"),
    "links": ("C E", "whether the statement of a criterion names the entity; entity 0 is the answer"),
    "rewards": ("N K", "several rewards of each rollout"),
    "multipliers": ("K", "Lagrange weight of each of several rewards"),
    "base_rewards": ("P K B", "the same of B answers of the starting policy, prompts in the order of their ids"),
    "turn_off": ("N+1", "offsets of turns in rollouts"),
    "turn_scores": ("T", "score of each turn in [0, 1]"),
    "turn_accept": ("T", "whether the policy accepts what the turn brought"),
    "turn_verdicts": ("T C", "verdicts on each turn alone in [0, 1], such as unit tests; NaN when missing"),
    "step_off": ("N+1", "offsets of reasoning steps in rollouts"),
    "step_scores": ("S", "score of each step in [0, 1]"),
    "step_valid": ("S", "whether the step is well formed"),
    "step_tokens": ("S+1", "offsets of tokens in steps, such as sentences"),
    "clause_tokens": ("B+1", "offsets of tokens in clauses"),
    "clause_scores": ("B", "score of each clause in [0, 1]"),
    "token_off": ("N+1", "offsets of tokens in rollouts"),
    "token_logp": ("L", "log-probability of each token under the policy"),
    "token_logp_ref": ("L", "log-probability of each token under a reference model"),
    "token_values": ("L", "a critic's estimate of the return from each token on"),
    "token_mask": ("L", "whether the policy generated the token"),
    "selected": ("N D", "how often the rollout cites each document or chunk"),
    "doc_scores": ("N D", "score by which a retriever ranks each candidate, NaN when not retrieved"),
    "relevance": ("N D", "grade of each candidate, 0 for irrelevant, NaN when not judged"),
    "gold_ids": ("N D", "whether the document holds evidence for the answer"),
    "target": ("N K", "one-hot: the reward that the prompt of the rollout asks for"),
    "rank": ("N", "place of the rollout in its group by model probability, 0 the most confident"),
    "cost": ("N", "price of the calls that the rollout made"),
    "cost_history": ("H", "costs of earlier rollouts, oldest first"),
    "turn_valid": ("T", "whether the turn is free of an error that ends the episode"),
    "factors": ("P C", "factors on criterion weights, carried from update to update; prompts in order of ids"),
    "confidence": ("N", "probability of being right that the response states, NaN when it cannot be read"),
    "step_kind": ("S", "tag of each step: 0 planning, 1 explore, 2 reflection, 3 monitor, 4 none"),
    "step_action": ("S", "id of the action of each step"),
    "turn_mood": ("T", "how the user feels after each turn, from 0 to 100; NaN when the simulator failed"),
    "turn_state": ("T", "judged state after each turn in [0, 1], 1 at the goal; NaN when missing"),
    "start_state": ("N", "the same before the first turn"),
    "turn_tokens": ("T+1", "offsets of tokens in turns"),
    "turn_hop": ("T", "change made by the turn in [-1, 1]: share of what remains, or below 0 of what is done"),
    "turn_forward": ("T", "share of the way done after the turn, judged from the start; NaN when missing"),
    "turn_backward": ("T", "the same, judged from the goal"),
    "step_flags": ("S J", "whether each of J critiques calls the step wrong, NaN when missing"),
    "pair_scores": ("S", "score of each step read with the one that follows (the last one alone), NaN when missing"),
    "token_entropy": ("L", "entropy of the policy at each token"),
    "token_deviation": ("L", "how far the hidden states at the token are from those of good rollouts"),
    "answer_f1": ("N", "token F1 of the answer against the reference"),
    "turn_docs": ("T D", "whether the search of the turn returned each document"),
    "turn_useful": ("T", "whether the search asks for something needed and returns it, NaN when missing"),
    "doc_answer_logp": ("N D", "mean log-probability of the reference answer given the candidate, NaN when missing"),
    "step_refined": ("S", "score in [0, 1] of the step rewritten by its critique, NaN where it was not rewritten"),
    "step_tries": ("S J", "whether each of J continuations from the end of the step is right, NaN when missing"),
    "step_message": ("S", "id of the message that the environment showed at the step"),
    "turn_belief": ("T", "mean log-probability of the reference answer's tokens when forced after the turn"),
    "start_belief": ("N", "the same after the bare question"),
    "step_values": ("S", "chance of success from the end of the step on, by continuations; NaN when missing"),
    "start_value": ("N", "the same from the bare question"),
    "token_logp_better": ("L", "log-probability of each token when the prompt asks for a better response"),
    "token_logp_worse": ("L", "the same when it asks for a worse one"),
    "node_parent": ("V", "parent of each node of the rollout trees, -1 at roots, parents before children"),
    "node_outcome": ("V", "outcome at leaves of the trees, NaN at inner nodes and at leaves not judged"),
    "duels": (
        "N G J",
        "score of the row against each member of its group, in the order of rows, in each of J judgements",
    ),
    "answer_off": ("N+1", "offsets of the reference answer's tokens, forced behind the reasoning of each rollout"),
    "answer_logp": ("A", "log-probability of each of these tokens, NaN when missing"),
    "answer_logp_bare": ("A", "the same behind no reasoning"),
    "suffix_off": ("S+1", "offsets of the gold suffixes that are forced behind each step"),
    "suffix_logp": ("U", "log-probability of each suffix behind the rollout up to the step, NaN when missing"),
    "suffix_logp_masked": ("U", "the same with that part of the rollout masked"),
    "followup_logp": ("N F", "mean log-probability of each of F fixed utterances as the user's next turn"),
    "followup_positive": ("F", "whether the utterance is that of a pleased user"),
    "followup_category": ("F", "what the utterance is about, such as relevance"),
    "similarity": ("N", "cosine of the rollout with the nearest reference under an encoder, NaN when missing"),
    "query_similarity": ("N", "cosine of the rollout with its prompt, NaN when missing"),
    "words": ("N", "words of the rollout"),
    "open_ended": ("N", "whether the prompt has no single right answer"),
    "looping": ("N", "whether the rollout repeats a passage many times over"),
    "bleu": ("N", "BLEU of the rollout against its references in [0, 1], NaN when missing"),
    "cluster": ("N", "which answer the rollout gives, -1 for none"),
    "wording": ("N", "which wording of the prompt the rollout saw"),
    "std_ema": ("", "running mean of the standard deviation of rewards inside prompts"),
    "answers": ("N", "how often the rollout marks a final answer"),
    "structure": ("", "tree of the rubric's criteria (rubricate.structure.Structure)"),
    "readable": ("N", "whether the judgement that is rewarded holds a number"),
    "on_scale": ("N", "whether that number lies on its scale"),
    "first_outcome": ("N", "outcome of the first of two looks, NaN when missing"),
    "relevance_mass": ("N K", "probability of each relevance token, relevant and irrelevant"),
    "support_mass": ("N K", "probability of each support token: full, partial, none"),
    "use_mass": ("N K", "probability of each usefulness token, 1 to 5"),
    "rating": ("N", "rating of each rollout from the matches of its group"),
    "plan": ("N", "plan (checklist, rubric) of another policy under which the rollout was written"),
    "list_off": ("N+1", "offsets of the labels in the lists that the rollouts give"),
    "list_given": ("Y", "label of each item in the list that the rollout gives, NaN where it gives none"),
    "list_known": ("Y", "the right label of each item, from 0"),
    "field_labels": ("N F", "label read off each of F fields of the record, such as its text and its voice"),
    "progress": ("", "share of training done, in [0, 1]"),
    "rng": ("", "numpy generator"),
}


def draw(rng: np.random.Generator, *, prompts: int = 6, group_size: int = 8, missing: float = 0.0) -> dict[str, Any]:
    """A random environment with every name of the vocabulary; ``missing`` is the share of verdicts that are NaN."""
    n, criteria = prompts * group_size, 6
    env: dict[str, Any] = {
        "group": rng.permutation(np.repeat(np.arange(prompts), group_size)),
        "outcome": (rng.random(n) < 0.5).astype(np.float64),
        "process": rng.random(n),
        "format": rng.random(n) < 0.9,
        "length": rng.integers(5, 60, size=n),
        "scores": rng.random((n, criteria)).round(2),
        "asked": np.ones((n, criteria), dtype=np.bool_),
        "weights": np.array([3.0, 2.0, 1.0, 1.0, 2.0, 1.0]),
        "category": np.array([0, 0, 0, 1, 1, 2]),
        "gate_mask": np.array([True, True, False, False, False, False]),
        "links": np.eye(criteria, 5, dtype=np.bool_) | np.eye(criteria, 5, -1, dtype=np.bool_),
        "rewards": rng.random((n, 3)),
        "structure": Structure.of(
            [-1, 0, 0, 0, -1, 4, 4, 4],
            critical=[False, True] + [False] * 6,
            classes=("", "essential", "important", "pitfall", "", "essential", "highlight", "highlight"),
        ),
        "progress": 0.5,
        "rng": rng,
    }
    env["scores"][rng.random((n, criteria)) < missing] = np.nan
    env["process"][rng.random(n) < missing] = np.nan
    for name, low, high in (("turn", 1, 5), ("step", 1, 7)):
        env[f"{name}_off"] = _offsets(rng.integers(low, high, size=n))
        env[f"{name}_scores"] = rng.random(env[f"{name}_off"][-1])
    env["token_off"] = _offsets(env["length"])
    tokens = env["token_off"][-1]
    env["token_logp"], env["token_logp_ref"] = _logp(rng, tokens), _logp(rng, tokens)
    env["token_mask"] = np.ones(tokens, dtype=np.bool_)
    env["turn_verdicts"] = rng.integers(0, 2, size=(env["turn_off"][-1], criteria)).astype(np.float64)
    env["turn_verdicts"][rng.random(env["turn_verdicts"].shape) < missing] = np.nan
    env["step_valid"], env["rating"] = rng.random(env["step_off"][-1]) < 0.9, rng.normal(size=n)
    env["checkable"], env["decision"] = rng.random(n) < 0.5, (rng.random(n) < 0.5).astype(np.float64)
    env["speedup"] = rng.uniform(0.5, 4.0, size=n)
    env["length_low"], env["length_high"] = rng.integers(10, 20, size=n), rng.integers(20, 40, size=n)
    env["repetition"], env["quality"] = rng.random(n), rng.normal(size=n)
    env["quality"][rng.random(n) < missing] = np.nan
    env["multipliers"], env["base_rewards"] = rng.uniform(-1.0, 1.0, size=3), rng.normal(size=(prompts, 3, 5))
    env["selected"], env["gold_ids"] = rng.integers(0, 3, size=(n, 5)), np.tile(np.arange(5) < 2, (n, 1))
    env["target"] = np.eye(3)[rng.integers(0, 3, size=n)]
    order = np.lexsort((rng.random(n), env["group"]))
    env["rank"] = np.empty(n, dtype=np.int64)
    env["rank"][order] = np.tile(np.arange(group_size), prompts)
    env["cost"], env["cost_history"] = rng.exponential(1.0, size=n), rng.exponential(1.0, size=50)
    env["turn_valid"] = rng.random(env["turn_off"][-1]) < 0.9
    env |= _acts(rng, env, missing)
    env["turn_accept"] = rng.random(env["turn_off"][-1]) < 0.5
    env["step_tokens"], env["clause_tokens"] = (_cut(env[f"{k}_off"], env["token_off"]) for k in ("step", "turn"))
    env["clause_scores"], env["token_values"] = rng.random(env["turn_off"][-1]), rng.normal(size=tokens)
    env["called"], env["executed"] = rng.random(n) < 0.9, rng.random(n) < 0.9
    env["doc_scores"], env["relevance"] = rng.normal(size=(n, 8)), rng.integers(0, 3, size=(n, 8)).astype(np.float64)
    env["relevance"][:, 0] = 2.0
    env["relevance"][rng.random((n, 8)) < missing] = np.nan
    env |= _judged(rng, env, missing)
    env |= _valued(rng, env, missing)
    env |= _given(rng, env, missing) | {"guard": -rng.random(n), "field_labels": rng.integers(0, 2, (n, 2)) * 1.0}
    return env | _lists(rng, env, missing)


def _lists(rng: np.random.Generator, env: dict[str, Any], missing: float) -> dict[str, Any]:
    """Lists of labels, and the plans under which rollouts were written: two plans to a prompt."""
    off = _offsets(rng.integers(1, 12, size=len(env["group"])))
    given, known = (rng.integers(0, 3, size=off[-1]).astype(np.float64) for _ in range(2))
    given[rng.random(off[-1]) < missing] = np.nan
    return {"list_off": off, "list_given": given, "list_known": known, "plan": 2 * env["group"] + env["wording"]}


def _acts(rng: np.random.Generator, env: dict[str, Any], missing: float) -> dict[str, Any]:
    """What the rollouts stated and did, and how their user felt."""
    n, step_off = len(env["group"]), env["step_off"]
    more: dict[str, Any] = {
        "factors": rng.uniform(0.25, 4.0, size=(len(np.unique(env["group"])), env["scores"].shape[1])),
        "confidence": rng.random(n),
        "step_kind": rng.integers(0, 5, size=step_off[-1]),
        "step_action": rng.integers(0, 3, size=step_off[-1]),
        "turn_mood": rng.uniform(0.0, 100.0, size=env["turn_off"][-1]),
    }
    for name in ("confidence", "turn_mood"):
        more[name][rng.random(len(more[name])) < missing] = np.nan
    return more


def _judged(rng: np.random.Generator, env: dict[str, Any], missing: float) -> dict[str, Any]:
    """What judges and the policy's own numbers say of turns, steps and tokens."""
    n, turns, steps, tokens = (len(env["group"]), *(env[f"{k}_off"][-1] for k in ("turn", "step", "token")))
    more: dict[str, Any] = {
        "turn_state": rng.random(turns),
        "start_state": rng.random(n) * 0.2,
        "step_flags": (rng.random((steps, 4)) < 0.5).astype(np.float64),
        "pair_scores": rng.random(steps),
        "answer_f1": rng.random(n),
        "turn_hop": rng.uniform(-1.0, 1.0, size=turns),
        "turn_forward": rng.random(turns),
        "turn_backward": rng.random(turns),
        "token_entropy": rng.gamma(2.0, 0.5, size=tokens),
        "token_deviation": rng.gamma(2.0, 0.5, size=tokens),
        "turn_tokens": _cut(env["turn_off"], env["token_off"]),
        "turn_docs": rng.random((turns, 8)) < 0.3,
        "turn_useful": (rng.random(turns) < 0.6).astype(np.float64),
        "doc_answer_logp": -rng.exponential(1.0, size=(n, 8)),
        "step_refined": rng.random(steps),
        "step_tries": (rng.random((steps, 8)) < 0.2).astype(np.float64),
        "step_message": rng.integers(0, 3, size=steps),
    }
    for name in (
        *("turn_state", "turn_hop", "turn_forward", "turn_backward", "step_flags", "pair_scores"),
        *("turn_useful", "doc_answer_logp", "step_refined", "step_tries"),
    ):
        more[name][rng.random(more[name].shape) < missing] = np.nan
    return more


def _valued(rng: np.random.Generator, env: dict[str, Any], missing: float) -> dict[str, Any]:
    """What likelihoods and continuations say of rollouts, and trees of rollouts."""
    n, tokens = len(env["group"]), env["token_off"][-1]
    roots, nodes = len(np.unique(env["group"])), 2 * n
    parent = np.where(np.arange(nodes) < roots, -1, (rng.random(nodes) * np.arange(nodes)).astype(np.int64))
    more: dict[str, Any] = {
        "turn_belief": -rng.exponential(3.0, size=env["turn_off"][-1]),
        "start_belief": -rng.exponential(5.0, size=n),
        "step_values": rng.random(env["step_off"][-1]),
        "start_value": rng.random(n),
        "token_logp_better": _logp(rng, tokens),
        "token_logp_worse": _logp(rng, tokens),
        "node_parent": parent,
        "node_outcome": rng.integers(0, 2, size=nodes).astype(np.float64),
    }
    for name in ("turn_belief", "step_values", "node_outcome"):
        more[name][rng.random(len(more[name])) < missing] = np.nan
    more["node_outcome"][parent[parent >= 0]] = np.nan
    more["duels"] = rng.uniform(0.0, 10.0, size=(n, np.unique(env["group"], return_counts=True)[1].max(), 2))
    more["duels"][rng.random(more["duels"].shape) < missing] = np.nan
    more["answers"] = rng.integers(0, 3, size=n)
    return more | _asked_again(rng, n, missing)


def _asked_again(rng: np.random.Generator, n: int, missing: float) -> dict[str, Any]:
    """How judgements came out, and the masses of their marker tokens."""
    more: dict[str, Any] = {
        "readable": rng.random(n) < 0.9,
        "on_scale": rng.random(n) < 0.9,
        "first_outcome": (rng.random(n) < 0.5).astype(np.float64),
    }
    more["first_outcome"][rng.random(n) < missing] = np.nan
    for name, tokens in (("relevance", 2), ("support", 3), ("use", 5)):
        more[f"{name}_mass"] = rng.uniform(0.01, 1.0 / tokens, size=(n, tokens))
        more[f"{name}_mass"][rng.random(n) < missing] = np.nan
    return more


def _given(rng: np.random.Generator, env: dict[str, Any], missing: float) -> dict[str, Any]:
    """Likelihoods of given texts, similarities with them, and what answers the rollouts give."""
    n, steps = len(env["group"]), env["step_off"][-1]
    answer_off, suffix_off = _offsets(rng.integers(1, 5, size=n)), _offsets(rng.integers(1, 4, size=steps))
    more: dict[str, Any] = {
        "answer_logp": _logp(rng, answer_off[-1]),
        "suffix_logp": 4.0 * _logp(rng, suffix_off[-1]),
        "followup_logp": _logp(rng, n * 5).reshape(n, 5),
        "similarity": rng.uniform(-0.1, 1.0, size=n),
        "query_similarity": rng.uniform(-0.1, 1.0, size=n),
        "bleu": rng.random(n),
    }
    for values in more.values():
        values[rng.random(values.shape) < missing] = np.nan
    return more | {
        "answer_off": answer_off,
        "answer_logp_bare": _logp(rng, answer_off[-1]),
        "suffix_off": suffix_off,
        "suffix_logp_masked": 5.0 * _logp(rng, suffix_off[-1]),
        "followup_positive": np.array([True, False, True, True, False]),
        "followup_category": np.array([0, 0, 0, 1, 1]),
        "words": rng.integers(5, 200, size=n),
        "open_ended": rng.random(n) < 0.5,
        "looping": rng.random(n) < 0.1,
        "cluster": rng.integers(-1 if missing else 0, 4, size=n),
        "wording": rng.integers(0, 2, size=n),
        "std_ema": 0.2,
    }


def _offsets(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _logp(rng: np.random.Generator, n: int) -> Floats:
    return -rng.exponential(1.0, size=n)


def _cut(off: Ints, token_off: Ints) -> Ints:
    """Token offsets that share out the tokens of each row over its parts."""
    size, tokens = np.diff(off), np.diff(token_off)
    index = np.arange(off[-1]) - np.repeat(off[:-1], size)
    starts = np.repeat(token_off[:-1], size) + np.repeat(tokens, size) * index // np.repeat(size, size)
    return np.append(starts, token_off[-1])
