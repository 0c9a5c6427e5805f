"""The credit functions beside verl's own functions and TRL's own lines: equal where the formula is theirs, and where
not, an assertion of what each does (docs/decisions/0002-credit-traps.md).

TRL computes advantages in the middle of a method; those lines are read from the installed source and run as they are.
"""

import ast
import importlib.util
import textwrap
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rubricate import credit
from rubricate.errors import ShapeError

torch = pytest.importorskip("torch", reason="torch is not installed (make test-trainers)")
if importlib.util.find_spec("trl") is None or importlib.util.find_spec("verl") is None:
    pytest.skip("trl or verl is not installed (make test-trainers)", allow_module_level=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    verl = pytest.importorskip("verl.trainer.ppo.core_algos", reason="verl cannot be imported (make test-trainers)")

pytestmark = pytest.mark.trainers
NAN = float("nan")
SEEDS = range(10)
DTYPES = {"float64": (torch.float64, 1e-9), "float32": (torch.float32, 1e-6)}
TRL = Path(importlib.util.find_spec("trl").submodule_search_locations[0]) / "trainer"


def lines(name, first, last):
    """Compiled lines of a TRL trainer, from the one that starts with ``first`` up to the one that has ``last``."""
    source = (TRL / name).read_text()
    start = source.rindex("\n", 0, source.index(first)) + 1
    return compile(textwrap.dedent(source[start : source.index(last, start)]), name, "exec")


def nanstd():
    tree = ast.parse((TRL / "utils.py").read_text())
    found = {"torch": torch}
    body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "nanstd"]
    exec(compile(ast.Module(body, []), "utils.py", "exec"), found)
    return found["nanstd"]


SLICE = "# Slice to keep only the local part"
GRPO = lines("grpo_trainer.py", "unscorable_mask = torch.isnan(rewards_per_func)", SLICE)
RLOO = lines("rloo_trainer.py", "grouped_rewards = rewards.view(-1, num_generations)", SLICE)


def trl_grpo(rewards, size, scale="group", how="sum_then_normalize"):
    table = torch.as_tensor(rewards, dtype=torch.float64) if not torch.is_tensor(rewards) else rewards
    table = table if table.ndim == 2 else table[:, None]
    k = table.shape[1]
    trainer = SimpleNamespace(
        multi_objective_aggregation=how, scale_rewards=scale, reward_funcs=[None] * k,
        reward_weights=torch.ones(k, dtype=table.dtype),
    )  # fmt: skip
    names = {"torch": torch, "nanstd": nanstd(), "self": trainer, "device": table.device}
    exec(GRPO, names | (found := {"rewards_per_func": table, "num_generations": size}), found)
    return found["advantages"].numpy()


def trl_rloo(rewards, size):
    found = {"rewards": torch.as_tensor(rewards, dtype=torch.float64), "num_generations": size}
    exec(RLOO, {"torch": torch, "nanstd": nanstd(), "self": SimpleNamespace(normalize_advantages=False)}, found)
    return found["advantages"].numpy()


class Batch:
    """Random rewards (quarters) of groups of 2 to 6 rows in any order, and their tokens, padded on the right."""

    def __init__(self, seed, dtype=torch.float64, holes=False):
        rng = np.random.default_rng(seed)
        self.group = rng.permutation(np.repeat([7, 3, 30, 4, 1], rng.integers(2, 7, 5)))
        n, width = len(self.group), 9
        self.reward = rng.integers(-4, 5, n) / 4.0
        self.reward[self.group == 4] = 0.25
        mask = np.arange(width) < rng.integers(2, width + 1, n)[:, None]
        if holes:
            mask &= rng.random(mask.shape) < 0.7
            mask[:, 0] = True
        self.inside, self.length = mask, mask.sum(1)
        last = width - 1 - mask[:, ::-1].argmax(1)
        tokens = np.zeros((n, width))
        tokens[np.arange(n), last] = self.reward
        self.mask, self.tokens = torch.tensor(mask).to(dtype), torch.tensor(tokens).to(dtype)
        self.off, self.flat = width * np.arange(n + 1), mask.ravel()
        self.rng = rng

    def of_rows(self, name, **settings):
        """verl's advantages as one number per row; they must be equal on all tokens of the row."""
        out = getattr(verl, name)(self.tokens, self.mask, index=self.group, **settings)[0].double().numpy()
        rows = out[:, :1]
        assert (out == np.where(self.inside, rows, 0.0)).all()
        return rows[:, 0]


def rows(rewards, group, name="compute_grpo_outcome_advantage", **settings):
    """verl's advantages of responses of one token, in float32, as a trainer has them."""
    r = torch.tensor(rewards, dtype=torch.float32)[:, None]
    return getattr(verl, name)(r, torch.ones_like(r), index=np.asarray(group), **settings)[0][:, 0].double().numpy()


ROWS = {
    "grpo": ("compute_grpo_outcome_advantage", {}, lambda b: credit.grpo(b.reward, b.group)),
    "dr_grpo": (
        "compute_grpo_outcome_advantage",
        {"norm_adv_by_std_in_grpo": False},
        lambda b: credit.dr_grpo(b.reward, b.group),
    ),
    "rloo": ("compute_rloo_outcome_advantage", {}, lambda b: credit.rloo(b.reward, b.group)),
    "rloo_vectorized": ("compute_rloo_vectorized_outcome_advantage", {}, lambda b: credit.rloo(b.reward, b.group)),
    "opo": ("compute_opo_outcome_advantage", {}, lambda b: credit.opo(b.reward, b.group, b.length)),
    "pass_at_k_grpo": (
        "compute_grpo_passk_outcome_advantage",
        {"config": {}},
        lambda b: credit.pass_at_k_grpo(b.reward, b.group),
    ),
    "pass_at_k": (
        "compute_grpo_passk_outcome_advantage",
        {"config": {"norm_adv_by_std_in_grpo": False}},
        lambda b: credit.pass_at_k_grpo(b.reward, b.group, scale=False),
    ),
    "reinforce_plus_plus_baseline": (
        "compute_reinforce_plus_plus_baseline_outcome_advantage",
        {},
        lambda b: credit.reinforce_plus_plus_baseline(b.reward, b.group, row_weights=b.length),
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ROWS)
def test_verl_rows(name, seed, dtype):
    kind, bar = DTYPES[dtype]
    theirs, settings, ours = ROWS[name]
    batch = Batch(seed, kind)
    np.testing.assert_allclose(ours(batch), batch.of_rows(theirs, **settings), rtol=bar, atol=bar)


def test_the_comparison_can_fail():
    batch = Batch(0)
    theirs = batch.of_rows("compute_grpo_outcome_advantage")
    assert np.abs(credit.grpo(batch.reward, batch.group, ddof=0) - theirs).max() > 0.05
    assert np.abs(credit.grpo(batch.reward, np.sort(batch.group)) - theirs).max() > 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_verl_grpo_vectorized_works_in_float32(seed):
    batch = Batch(seed)
    theirs = batch.of_rows("compute_grpo_vectorized_outcome_advantage")
    np.testing.assert_allclose(credit.grpo(batch.reward, batch.group), theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("gamma", [1.0, 0.9])
@pytest.mark.parametrize("seed", SEEDS)
def test_verl_reinforce_plus_plus(seed, gamma):
    batch = Batch(seed, holes=True)
    kl = batch.rng.random(batch.tokens.shape) * batch.inside
    tokens = batch.tokens - 0.1 * torch.tensor(kl)
    config = SimpleNamespace(gamma=gamma)
    theirs = verl.compute_reinforce_plus_plus_outcome_advantage(tokens, batch.mask, config=config)[0]
    ours = credit.reinforce_plus_plus(batch.reward, batch.off, kl.ravel(), beta=0.1, gamma=gamma, mask=batch.flat)
    np.testing.assert_allclose(ours, theirs.numpy().ravel(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_verl_gae_and_the_observation_tokens_it_leaves_in(seed):
    batch = Batch(seed, holes=True)
    tokens, value = batch.rng.normal(size=(2, *batch.tokens.shape))
    whitened, returns = verl.compute_gae_advantage_return(
        torch.tensor(tokens), torch.tensor(value), batch.mask, gamma=0.95, lam=0.9
    )
    ours = credit.gae(tokens.ravel(), value.ravel(), batch.off, gamma=0.95, lam=0.9, mask=batch.flat)
    raw = (returns.numpy() - value).ravel()
    np.testing.assert_allclose(ours[batch.flat], raw[batch.flat], rtol=1e-9, atol=1e-9)
    white = credit.whiten(ours, batch.flat)
    np.testing.assert_allclose(white[batch.flat], whitened.numpy().ravel()[batch.flat], rtol=1e-9, atol=1e-9)
    # Tokens outside the mask: verl hands on the advantage of the next generated one, whitened; ours are 0.
    assert np.abs(whitened.numpy().ravel()[~batch.flat]).max() > 0.05
    assert (white[~batch.flat] == 0).all()


def gdpo(batch, scores, weights):
    """verl's GDPO, fed as its trainer feeds it: components per sample, the rest from the batch."""
    n = len(batch.inside)
    names = [f"k{j}" for j in range(scores.shape[1])]
    with_prompt = np.concatenate([np.ones((n, 3), dtype=bool), batch.inside], axis=1)
    return verl.compute_gdpo_outcome_advantage(
        batch.tokens, batch.mask, index=batch.group,
        config={"gdpo_reward_keys": names, "gdpo_reward_weights": weights},
        non_tensor_batch=dict(zip(names, scores.T, strict=True)),
        batch={"prompts": torch.zeros((n, 3)), "attention_mask": torch.tensor(with_prompt).long()},
    )[0].double().numpy()[:, 0]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_verl_gdpo_whitens_over_tokens(seed):
    batch, weights = Batch(seed, torch.float32), [1.0, 0.5, 2.0]
    scores = batch.rng.integers(0, 5, (len(batch.group), 3)) / 4.0
    theirs = gdpo(batch, scores, weights)
    summed = credit.multi_advantage(scores, batch.group, weights)
    np.testing.assert_allclose(credit.whiten(summed, row_weights=batch.length), theirs, rtol=1e-6, atol=2e-6)
    # ours counts every response once; equal when all responses are equally long
    assert np.abs(credit.gdpo(scores, batch.group, weights) - theirs).max() > 1e-3
    batch.inside[:], batch.mask[:] = True, 1.0
    even = gdpo(batch, scores, weights)
    # ddof 1 counts tokens there and rows here: one factor for all
    n, m = len(even), batch.inside.size
    factor = np.sqrt((m - 1) / m * n / (n - 1))
    np.testing.assert_allclose(credit.gdpo(scores, batch.group, weights) * factor, even, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_verl_gpg_counts_other_zeros(seed):
    batch = Batch(seed)
    theirs = batch.of_rows("compute_gpg_outcome_advantage", f_norm=2.0)
    ours = credit.gpg(batch.reward, batch.group, f_norm=2.0)
    # verl: all / rewards that are not 0; ours: all / advantages that are not 0, which a constant added cannot move
    assert np.count_nonzero(batch.reward) != np.count_nonzero(ours)
    np.testing.assert_allclose(
        ours * np.count_nonzero(ours), theirs * np.count_nonzero(batch.reward), rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(credit.gpg(batch.reward + 3, batch.group, f_norm=2.0), ours, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_trl_rows(seed):
    rng = np.random.default_rng(seed)
    reward, group = rng.normal(size=40), np.repeat(rng.permutation(8), 5)
    reward[rng.random(40) < 0.2] = NAN
    reward[:4] = NAN  # a group with one known reward
    theirs = trl_grpo(reward, 5)  # nanstd's n / (n - 1) is float32 even for float64 rewards
    np.testing.assert_allclose(credit.grpo(reward, group, eps=1e-4), theirs, rtol=1e-7, atol=1e-9)
    whole = rng.normal(size=40)  # 5 / 4 has no rounding
    np.testing.assert_allclose(credit.grpo(whole, group, eps=1e-4), trl_grpo(whole, 5), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(credit.dr_grpo(reward, group), trl_grpo(reward, 5, "none"), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(credit.rloo(reward, group), trl_rloo(reward, 5), rtol=1e-9, atol=1e-9)
    single = trl_grpo(torch.tensor(reward, dtype=torch.float32), 5)
    assert single.dtype == np.float32
    np.testing.assert_allclose(credit.grpo(reward, group, eps=1e-4), single, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_trl_several_rewards(seed):
    rng = np.random.default_rng(seed)
    scores, group = rng.normal(size=(40, 3)), np.repeat(np.arange(8), 5)
    theirs = trl_grpo(scores, 5, how="normalize_then_sum")
    summed = credit.multi_advantage(scores, group, eps=1e-4)
    # TRL divides by std + 1e-4 over the batch, verl and ours by sqrt(var + 1e-8): one factor for all
    np.testing.assert_allclose(summed / (summed.std(ddof=1) + 1e-4), theirs, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(credit.gdpo(scores, group, eps=1e-4), theirs, rtol=1e-4, atol=1e-9)


def test_trap_group_of_one():
    reward, group = [0.75, 1.0, 0.0], [5, 1, 1]
    names = ("grpo", "rloo", "opo", "gpg")
    for name in names:  # verl: the mean of one is taken as 0, so the reward itself is the advantage
        first = rows(reward, group, f"compute_{name}_outcome_advantage")[0]
        assert first == pytest.approx(0.75 * (1.5 if name == "gpg" else 1.0), rel=1e-5)
    assert rows(reward, group, "compute_rloo_vectorized_outcome_advantage")[0] == 0  # unlike its own plain form
    theirs = rows(reward, group, "compute_reinforce_plus_plus_baseline_outcome_advantage")
    np.testing.assert_allclose(theirs, credit.whiten([0.75, 0.5, -0.5]), rtol=1e-6)
    np.testing.assert_allclose(credit.reinforce_plus_plus_baseline(reward, group), credit.whiten([0, 0.5, -0.5]))
    with pytest.raises(ValueError, match="at least 2 samples"):
        rows(reward, group, "compute_grpo_passk_outcome_advantage", config={})
    assert trl_grpo([0.75], 1)[0] == trl_rloo([0.75], 1)[0] == 0
    assert trl_grpo([0.75, NAN], 2).tolist() == trl_rloo([0.75, NAN], 2).tolist() == [0, 0]
    length = [2, 1, 1]
    assert credit.grpo(reward, group)[0] == credit.rloo(reward, group)[0] == credit.opo(reward, group, length)[0] == 0
    assert credit.gpg(reward, group)[0] == credit.pass_at_k_grpo(reward, group)[0] == 0
    raw = credit.grpo(reward, group, singleton="raw")
    np.testing.assert_allclose(raw, rows(reward, group), rtol=2e-6)


def test_trap_zero_spread():
    # The float32 mean of eight times 0.9 is not 0.9: all eight responses are punished alike, in both libraries.
    same, group = [0.9] * 8, [0] * 8
    theirs = rows(same, group)
    assert (theirs == theirs[0]).all()
    assert theirs[0] == pytest.approx(-0.056, abs=1e-3)
    gentle = trl_grpo(torch.tensor(same, dtype=torch.float32), 8)
    assert (gentle == gentle[0]).all()
    assert gentle[0] == pytest.approx(-6e-4, abs=1e-4)
    assert (credit.grpo(same, group) == 0).all()
    assert (credit.grpo([*same, 0.0, 1.0], [*group, 1, 1])[:8] == 0).all()


def test_trap_missing_reward():
    reward, group = [1.0, NAN, 0.0, 1.0, 0.0], [0, 0, 0, 1, 1]
    theirs = rows(reward, group)  # verl has no abstaining: one NaN takes its group
    assert np.isnan(theirs).tolist() == [True, True, True, False, False]
    tokens = torch.tensor(reward)[:, None]
    plus = verl.compute_reinforce_plus_plus_outcome_advantage(
        tokens, torch.ones(5, 1), config=SimpleNamespace(gamma=1.0)
    )[0]
    assert plus.isnan().all()  # or, where it whitens, the batch
    ours = credit.grpo(reward, group)
    np.testing.assert_allclose(ours, [0.70711, 0, -0.70711, 0.70711, -0.70711], atol=2e-5)
    np.testing.assert_allclose(trl_grpo([1.0, NAN, 0.0, 1.0], 4), credit.grpo([1, NAN, 0, 1], [0] * 4, eps=1e-4))
    assert np.isfinite(credit.reinforce_plus_plus(reward, np.arange(6))).all()
    assert np.isnan(credit.grpo(reward, group, missing="nan")).tolist() == [False, True, False, False, False]


def test_trap_one_of_several_rewards_is_missing():
    scores = np.array([[1.0, 1.0], [1.0, NAN], [0.0, 0.0], [1.0, 0.0]])
    summed = np.array([2.0, 1.0, 0.0, 1.0])  # TRL: the unknown part counts as 0, so row 1 is worth what row 3 is
    np.testing.assert_allclose(trl_grpo(scores, 4), credit.grpo(summed, [0] * 4, eps=1e-4))
    parts = trl_grpo(scores, 4, how="normalize_then_sum")
    assert parts[1] > 0.3  # here the row is judged by the known part alone
    ours = credit.gdpo(scores, [0] * 4)
    assert ours[1] == 0  # a row that lacks a reward it was asked for is unknown as a whole
    np.testing.assert_allclose(ours[[0, 2, 3]], credit.gdpo(scores[[0, 2, 3]], [0] * 3))


def test_trap_infinite_reward():
    reward = [1.0, float("inf"), 0.0, 1.0]
    assert (trl_grpo(reward, 4) == 0).all()  # the whole group, in silence
    assert np.isnan(rows(reward, [0] * 4)).all()
    with pytest.raises(ShapeError, match="infinite"):
        credit.grpo(reward, [0] * 4)


def test_trap_rows_out_of_order():
    reward, group = np.array([1.0, 0.0, 1.0, 1.0]), np.array([0, 1, 0, 1])
    ours = credit.grpo(reward, group, eps=1e-4)
    assert np.abs(trl_grpo(reward, 2) - ours).max() > 0.5  # TRL groups by position
    order = np.argsort(group, kind="stable")
    np.testing.assert_allclose(trl_grpo(reward[order], 2), ours[order])
    np.testing.assert_allclose(rows(reward, group), credit.grpo(reward, group), rtol=1e-6)  # verl by id


def test_trap_tie_at_the_top():
    reward, group = [1.0, 1.0, 0.0], [0, 0, 0]
    assert (rows(reward, group, "compute_grpo_passk_outcome_advantage", config={}) == 0).all()
    assert (credit.pass_at_k_grpo(reward, group) == 0).all()


def test_trap_bessel_in_float32():
    x = np.array([0.0, 1.0, 3.0, 4.0])
    theirs = nanstd()(torch.tensor(x)).item()
    assert 1e-9 < abs(theirs / x.std(ddof=1) - 1) < 1e-7


def test_trap_single_token():
    one = torch.ones((1, 1))
    with pytest.raises(ValueError, match="division by zero"):
        verl.compute_reinforce_plus_plus_outcome_advantage(one, one, config=SimpleNamespace(gamma=1.0))
    assert credit.reinforce_plus_plus([1.0], [0, 1]).tolist() == [0.0]
