"""The baseline set of credit assignment: named functions of ``credit`` as recipes, to stand beside the systems."""

from rubricate.credit import dapo as dapo_advantage
from rubricate.credit import dr_grpo as dr_grpo_advantage
from rubricate.credit import drop_groups, sequence_ratio
from rubricate.credit import gae as gae_advantage
from rubricate.credit import gdpo as gdpo_advantage
from rubricate.credit import grpo as grpo_advantage
from rubricate.credit import opo as opo_advantage
from rubricate.credit import reinforce as reinforce_advantage
from rubricate.credit import reinforce_plus_plus as plus_plus_advantage
from rubricate.credit import rloo as rloo_advantage
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.steps import ref, step


@recipe(
    no=0,
    system="REINFORCE with baseline",
    arxiv="",
    claim="With the mean of the batch as baseline the advantages sum to 0 and a shift of all rewards changes nothing.",
    check="tests/claims/claims_credit_baselines.py::claim_reinforce",
    evidence="recalled",
    invariances=("permutation", "shift", "sign"),
)
def reinforce() -> Recipe:
    """A_i = r_i - mean_j r_j over the batch."""
    return Recipe(credit=step(reinforce_advantage, reward=ref("outcome")))


@recipe(
    no=0,
    system="RLOO",
    arxiv="2402.14740",
    claim="The baseline of a response is the mean of the others: n / (n - 1) times the centred reward.",
    check="tests/claims/claims_credit_baselines.py::claim_rloo",
    evidence="read",
    invariances=("permutation", "shift", "zero_sum", "sign"),
)
def rloo() -> Recipe:
    """A_i = r_i - mean_{j != i} r_j = n / (n - 1) (r_i - mean)."""
    return Recipe(credit=step(rloo_advantage, reward=ref("outcome")))


@recipe(
    no=0,
    system="GRPO",
    arxiv="2402.03300",
    claim="One right of eight gets 2.47 and the others -.35; seven right of eight get .35 and the other -2.47.",
    check="tests/claims/claims_credit_baselines.py::claim_grpo",
    evidence="read",
    invariances=("permutation", "shift", "scale", "zero_sum", "sign"),
    departs=("A group of one gets 0, not its raw reward.",),
)
def grpo(*, eps: float = 1e-6) -> Recipe:
    """A_i = (r_i - mean) / (std + eps) in the group, std with ddof 1."""
    return Recipe(credit=step(grpo_advantage, reward=ref("outcome"), eps=eps))  # eps: verl


@recipe(
    no=0,
    system="Dr. GRPO",
    arxiv="2503.20783",
    claim="Without the division by the spread a rare right answer weighs as a rare wrong one, and scale counts.",
    check="tests/claims/claims_credit_baselines.py::claim_dr_grpo",
    evidence="read",
    invariances=("permutation", "shift", "zero_sum", "sign"),
)
def dr_grpo() -> Recipe:
    """A_i = r_i - mean in the group; the loss divides by a constant, not by the length."""
    return Recipe(
        credit=step(dr_grpo_advantage, reward=ref("outcome")), train={"loss_weights": "seq_mean_token_sum_norm"}
    )


@recipe(
    no=0,
    system="DAPO",
    arxiv="2503.14476",
    claim="Groups of equal outcomes are dropped, and an answer at the length limit loses 1.",
    check="tests/claims/claims_credit_baselines.py::claim_dapo",
    evidence="read",
    invariances=("permutation", "shift", "zero_sum"),
)
def dapo(*, max_length: float = 20480.0, cache: float = 4096.0) -> Recipe:
    """A_i = z_group(r_i + overlong(L_i)), overlong = 0 up to max - cache, linear to -1 at max; no KL."""
    return Recipe(
        credit=step(dapo_advantage, reward=ref("outcome"), max_length=max_length, cache=cache),
        select=step(drop_groups, ref("outcome"), ref("group"), "zero_std"),  # and refill the batch
        train={"clip": (0.2, 0.28), "kl": 0.0, "loss_weights": "token_mean"},  # clip-higher
    )


@recipe(
    no=0,
    system="GSPO",
    arxiv="2507.18071",
    claim="The ratio of a sequence is the geometric mean of its token ratios: repeating the text does not change it.",
    check="tests/claims/claims_credit_baselines.py::claim_gspo",
    evidence="read",
    invariances=("permutation", "shift", "scale", "zero_sum", "sign"),
)
def gspo() -> Recipe:
    """A_i = z_group(r_i); ratio s_i = exp(mean_t (log pi_t - log pi_old_t)), clipped at 3e-4 / 4e-4."""
    return Recipe(
        credit=step(grpo_advantage, reward=ref("outcome")),
        audit=step(sequence_ratio, ref("token_logp"), ref("token_logp_ref"), off=ref("token_off")),
        train={"clip": (3e-4, 4e-4)},
    )


@recipe(
    no=0,
    system="REINFORCE++",
    arxiv="2501.03262",
    claim="Returns whitened over the batch have mean 0 and variance 1; no group is needed.",
    check="tests/claims/claims_credit_baselines.py::claim_reinforce_plus_plus",
    evidence="read",
    invariances=("permutation", "shift", "scale", "sign"),
)
def reinforce_plus_plus(*, gamma: float = 1.0) -> Recipe:
    """A_t = (G_t - mean) / sqrt(var + 1e-8) over the batch, G_t = return-to-go of the outcome on the last token."""
    return Recipe(credit=step(plus_plus_advantage, reward=ref("outcome"), off=ref("token_off"), gamma=gamma))


@recipe(
    no=0,
    system="OPO",
    arxiv="2505.23585",
    claim="The baseline weighs rewards by length; with equal lengths it is the group mean.",
    check="tests/claims/claims_credit_baselines.py::claim_opo",
    evidence="read",
    invariances=("permutation", "shift", "sign"),
)
def opo() -> Recipe:
    """A_i = r_i - sum_j L_j r_j / sum_j L_j in the group."""
    return Recipe(credit=step(opo_advantage, reward=ref("outcome")))


@recipe(
    no=0,
    system="GDPO",
    arxiv="2601.05242",
    claim="Normalising each reward before adding keeps apart what a sum merges: 14 advantage vectors against 7.",
    check="tests/claims/claims_credit_baselines.py::claim_gdpo",
    evidence="read",
    invariances=("permutation", "zero_sum"),
)
def gdpo() -> Recipe:
    """A = whiten(sum_k w_k z_group(r_k)); here with equal weights."""
    return Recipe(credit=step(gdpo_advantage, scores=ref("rewards"), weights=None, asked=None))


@recipe(
    no=0,
    system="GAE",
    arxiv="1506.02438",
    claim="With lambda 1 and gamma 1 it is the return-to-go minus the value.",
    check="tests/claims/claims_credit_baselines.py::claim_gae",
    evidence="read",
    invariances=("permutation",),
)
def gae(*, gamma: float = 1.0, lam: float = 0.95) -> Recipe:
    """A_t = delta_t + gamma lam A_{t+1}, delta_t = r_t + gamma V_{t+1} - V_t."""
    return Recipe(
        credit=step(
            gae_advantage, ref("step_scores"), value=ref("step_values"), off=ref("step_off"), gamma=gamma, lam=lam
        )
    )
