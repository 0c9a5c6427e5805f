"""Credit from process rewards: step scores, beliefs, likelihood ratios, values by continuation, trees of rollouts.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import (
    backup,
    belief_gain,
    bounded,
    center,
    difference,
    drop_groups,
    edge,
    ends,
    key,
    log_ratio,
    mix,
    pool,
    rloo,
    rloo_items,
    suffix,
    whiten,
    z_score,
)
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe, variant
from rubricate.reduce import sizes, spread
from rubricate.rewards import combine, exponential, gate, multiply, soften
from rubricate.steps import ref, step

STEP_LENGTH = step(sizes, ref("step_tokens"))
RETURN = step(suffix, ref("reward"), ref("step_off"))
ROW_RETURN = step(pool, step(multiply, (RETURN, STEP_LENGTH)), ref("step_off"), "sum")
TOKEN_LOO = step(rloo_items, ref("reward"), ref("token_off"), ref("group"), keep=ref("token_mask"))
VERIFIED = step(rloo, step(gate, ref("checkable"), ref("outcome")), ref("group"), missing="nan")
LAST_TURN = step(ends, ref("turn_off"))


@recipe(
    no=67,
    system="PURE",
    arxiv="2504.15275",
    claim="Returns that are the minimum of the step rewards do not pay for padding; their sum does.",
    check="tests/claims/claims_credit_process.py::claim_pure",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "The soft minimum at temperature .1 still pays a little for padding, since ties share the weight; a colder one "
        "is the strict form.",
        "The baseline is that of the token version; its length is a setting.",
    ),
)
def pure(temperature: float = 0.1, verifier: float = 1.0, max_length: float = 8192.0) -> Recipe:
    """Step rewards whose sum is a soft minimum, beside the outcome of the prompts that have an answer.

    r*_k = softmax(-r / temperature)_k r_k with r = 2 score - 1 = p(+) - p(-); A = whiten(sum_{j >= k} r*_j - mean over
    the other rows of (sum over tokens of their returns) / max_length + verifier * RLOO(outcome)), whitened over
    tokens; prompts without an answer have outcome 0.
    """
    return Recipe(
        reward=step(
            soften,
            step(combine, (ref("step_scores"),), (2.0,), constant=-1.0),
            ref("step_off"),
            temperature,  # card: .1
        ),
        credit=step(
            whiten,
            step(
                combine,
                (
                    RETURN,
                    step(spread, ROW_RETURN, ref("step_off")),
                    step(spread, step(center, ROW_RETURN, ref("group"), "loo"), ref("step_off")),
                    step(
                        spread, step(rloo, step(gate, ref("checkable"), ref("outcome")), ref("group")), ref("step_off")
                    ),
                ),
                (1.0, -1.0 / max_length, 1.0 / max_length, verifier),  # ours: max_length 8192; card: verifier 1
            ),
            row_weights=STEP_LENGTH,
        ),
    )


@recipe(
    no=66,
    system="IGPO",
    arxiv="2510.14967",
    claim="Turns earn the belief in the reference answer that they add, so groups in which all fail still learn.",
    check="tests/claims/claims_credit_process.py::claim_igpo",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "Gains and outcomes are standardised apart, as published; the released code standardises token columns, which "
        "compare unequal turns.",
        "std with one degree of freedom and eps 1e-6 are ours.",
    ),
)
def igpo(form: str = "log", gamma: float = 1.0) -> Recipe:
    """Gain of belief at each turn, the outcome at the last; standardised by kind over the prompt, then accumulated.

    r_t = s_t - s_{t-1} (or exp(s_t) - exp(s_{t-1})), at the last turn F1, or -2 for bad format; A_t = sum_{k >= t}
    gamma^(k - t) z(r_k). s_t is the mean log-probability of the reference answer after turn t. Constants published.
    """
    return Recipe(
        reward=step(
            gate,
            LAST_TURN,
            step(spread, step(gate, ref("format"), ref("answer_f1"), -2.0), ref("turn_off")),  # card: -2
            step(belief_gain, ref("turn_belief"), ref("turn_off"), ref("start_belief"), form=form),
        ),
        credit=step(
            suffix,
            step(z_score, ref("reward"), step(key, (step(spread, ref("group"), ref("turn_off")), LAST_TURN))),
            ref("turn_off"),
            gamma=gamma,  # card: 1
        ),
        train={"group_size": 16, "prompts": 32, "turns": 10, "kl": 0.001, "learning_rate": 1e-6},  # card
    )


@recipe(
    no=49,
    system="PRIME",
    arxiv="2502.01456",
    claim="A reward model trained on outcomes alone gives token rewards; the baseline keeps length from being paid.",
    check="tests/claims/claims_credit_process.py::claim_prime",
    evidence="read",
    invariances=("permutation", "shift"),
    departs=(
        "Training the reward model (cross-entropy of the summed log-ratio with the outcome) is the trainer's.",
        "The prompt filter is for the sampler: the batch that is scaled and whitened is expected to have passed it.",
    ),
)
def prime(beta: float = 0.05, process: float = 5.0, verifier: float = 5.0) -> Recipe:
    """Implicit token rewards and the outcome, each with its own leave-one-out baseline, accumulated and whitened.

    r_t = beta (log pi_phi - log pi_ref), over the largest |return-to-go| of the batch; A = whiten(process * sum_{k >=
    t} LOO(r_k) + verifier * LOO(outcome)). token_logp is the reward model's. Constants from the released code.
    """
    return Recipe(
        reward=step(
            bounded,
            step(log_ratio, ref("token_logp"), ref("token_logp_ref"), beta=beta),  # card: .05
            ref("token_off"),
            keep=ref("token_mask"),
        ),
        credit=step(
            whiten,
            step(
                mix,
                (
                    step(suffix, TOKEN_LOO, ref("token_off"), keep=ref("token_mask")),
                    step(spread, step(rloo, ref("outcome"), ref("group"), missing="nan"), ref("token_off")),
                ),
                (process, verifier),  # card: 5, 5
            ),
            ref("token_mask"),
        ),
        select=step(drop_groups, ref("outcome"), ref("group"), "range", low=0.2, high=0.8),  # card
        train={"group_size": 4, "learning_rate": 5e-7, "reward_learning_rate": 1e-6, "kl": 0.0},  # card
    )


@recipe(
    no=123,
    system="SPO",
    arxiv="2505.23564",
    claim="Values by continuation at the ends of segments credit steps better than the outcome does at equal rollouts.",
    check="tests/claims/claims_credit_process.py::claim_spo",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "The chain form; the tree form is the variant ``spo_tree`` of TreePS-RAG, whose edges of 0 the trainer drops.",
    ),
)
def spo(confident: float = 0.9) -> Recipe:
    """What a segment adds to the chance of success, on its uncertain tokens alone.

    A_t = V(end of the segment) - V(its start) where p_t < confident, 0 elsewhere; V by 9 continuations, at the last
    end the outcome. Segments are the steps of the environment (``credit.cutpoints`` makes them: every 5th token below
    the threshold). Constants from the released code.
    """
    return Recipe(
        reward=step(difference, ref("step_values"), ref("step_off"), ref("start_value")),
        credit=step(
            gate,
            step(exponential, ref("token_logp")),
            0.0,
            step(spread, ref("reward"), ref("step_tokens")),
            threshold=confident,  # card: .9
        ),
        train={"continuations": 9, "cutpoints": 5, "segments": 25, "batch": 128},  # card
    )


@recipe(
    no=50,
    system="TreePS-RAG",
    arxiv="2601.06922",
    claim="Values of a rollout tree credit search steps better than the outcome of each rollout at equal leaves.",
    check="tests/claims/claims_credit_process.py::claim_treeps_rag",
    evidence="abstract-only",
    invariances=("permutation",),
    departs=(
        "How the gains over the parent and over the root are combined is not known; the default is that of TreeRL.",
        "Width, depth, budget and the threshold of pruning are not known; growing the tree is the trainer's.",
    ),
)
def treeps_rag(how: str = "mean", against: str = "both", scale: str = "sqrt_leaves") -> Recipe:
    """Value of each step of a tree from its leaves; a step is worth what it gains over the parent and the root.

    V(n) = mean outcome of the leaves below n; A(n) = (V(n) - V(parent) + V(n) - V(root)) / sqrt(leaves below n). One
    advantage per node, for all tokens of its step. Form recalled from TreeRL.
    """
    return Recipe(
        reward=step(backup, ref("node_outcome"), ref("node_parent"), how),
        credit=step(edge, ref("reward"), ref("node_parent"), against, scale=scale),  # recalled
    )


spo_tree = variant(treeps_rag, how="children", against="parent", scale="siblings")  # card 123
