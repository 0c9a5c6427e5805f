"""Rubric rewards inside verl: its managers, its Ray reward loop, its table of estimators, its advantage step."""

import ast
import asyncio
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

import rubricate as rb
from rubricate import credit
from rubricate.errors import SettingError
from rubricate.integrations import verl as ours
from rubricate.integrations.verl_estimators import ESTIMATORS, ROWS, register_estimators, replace_gdpo

torch = pytest.importorskip("torch", reason="torch is not installed (make test-trainers)")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    core = pytest.importorskip("verl.trainer.ppo.core_algos", reason="verl cannot be imported (make test-trainers)")
    from omegaconf import OmegaConf
    from tensordict import TensorDict
    from verl import DataProto
    from verl.trainer.ppo.reward import load_reward_manager

pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).resolve().parents[2]
NAN = float("nan")
RUBRIC = rb.Rubric(
    id="nice",
    criteria=[
        {"id": "star", "text": "Names a star.", "tags": ["sky"],
         "verifier": {"name": "contains", "settings": {"texts": ["star"], "whole_words": False}}},
        {"id": "thanks", "text": "Thanks.", "tags": ["manners"],
         "verifier": {"name": "contains", "settings": {"texts": ["thank"], "whole_words": False}}},
    ],
)  # fmt: skip
TEXTS = ["thank you, star.", "bad cat.", "hello star. bad moon.", "thank"]
MODULE = """
import json, re
import rubricate as rb
from rubricate.integrations.dense import SegmentCredit
from rubricate.judges.segments import StepJudge
from rubricate.llm.scripted import JudgeScript, read_prompt

RUBRIC = rb.Rubric.model_validate_json({rubric!r})
rewarder = rb.Rewarder((RUBRIC,))
def lossy(response, name, text):
    return None if "cat" in response else name == "star"
judged = rb.Rewarder(
    (rb.Rubric(id="judged", criteria=[{{"id": "star", "text": "Star."}}]),), client=rb.ScriptedClient(JudgeScript(lossy))
)
def by_word(request):
    parts = [text for label, text in read_prompt(request).blocks if label.startswith("step ")]
    rows = [{{"n": k, "correct": "not_met" if "bad" in p else "met"}} for k, p in enumerate(parts, 1)]
    return json.dumps({{"steps": rows, "final": {{"correct": "met"}}}})
steps = rb.Rubric(id="steps", criteria=[{{"id": "correct", "text": "The step is right."}}])
segments = SegmentCredit(StepJudge(), rb.ScriptedClient(by_word), rubric=steps)
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A folder with a module of rewarders, on the path of this process and of Ray's workers."""
    (tmp_path / "nice_rewards.py").write_text(MODULE.format(rubric=RUBRIC.model_dump_json()))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "nice_rewards", raising=False)
    for cache in (ours._split, ours._teller, ours.rewarder_of):
        cache.cache_clear()
    return tmp_path


def batch(tokens, texts=TEXTS, extra=None):
    prompts = tokens(["say hello"] * len(texts), return_tensors="pt", padding=True)["input_ids"]
    coded = tokens(texts, return_tensors="pt", padding=True, padding_side="right")
    responses, mask = coded["input_ids"], coded["attention_mask"]
    n = len(texts)

    def objects(values):
        out = np.empty(n, dtype=object)
        out[:] = values
        return out

    tensors = {
        "prompts": prompts, "responses": responses, "input_ids": torch.cat([prompts, responses], 1),
        "attention_mask": torch.cat([torch.ones_like(prompts), mask], 1),
    }  # fmt: skip
    return DataProto(
        batch=TensorDict(tensors, batch_size=n),
        non_tensor_batch={
            "data_source": objects(["rubric"] * n),
            "reward_model": objects([{"ground_truth": "", "style": "rule"} for _ in range(n)]),
            "extra_info": objects([dict(extra or {}) for _ in range(n)]),
            "raw_prompt": objects([[{"role": "user", "content": "say hello"}] for _ in range(n)]),
        },
    )


def config(manager=None, name="compute_score", **settings):
    given = {"rewarder": "nice_rewards:rewarder", **settings}
    return OmegaConf.create(
        {
            "trainer": {"experiment_name": "x"},
            "actor_rollout_ref": {"model": {"path": "unused", "tokenizer_path": None}},
            "reward": {
                "num_workers": 2,
                "reward_model": {"enable": False},
                "custom_reward_function": {
                    "path": "pkg://rubricate.integrations.verl",
                    "name": name,
                    "reward_kwargs": given,
                },
                "reward_manager": manager or {"source": "register", "name": "naive"},
            },
        }
    )


OWN = {
    "source": "importlib", "name": "RubricRewardManager", "module": {"path": "pkg://rubricate.integrations.verl"},
}  # fmt: skip


def run(settings, tokens, data):
    async def all_of():
        manager = load_reward_manager(settings, tokens)
        manager.loop = asyncio.get_running_loop()
        return manager, await asyncio.gather(*(manager.run_single(data[k : k + 1]) for k in range(len(data))))

    return asyncio.run(all_of())


@pytest.mark.parametrize("manager", [None, OWN, {"source": "register", "name": "dapo"}])
def test_the_managers_score_with_the_same_finite_keys(tiny, manager):
    tokens = tiny.tokenizer()
    settings = config(manager)
    if manager and manager["name"] == "dapo":
        settings.reward.reward_kwargs = {"overlong_buffer_cfg": {"enable": False}, "max_resp_len": 32}
        if manager is not OWN:
            settings.reward.reward_kwargs.pop("rewarder", None)
    _, found = run(settings, tokens, batch(tokens))
    assert [r["reward_score"] for r in found] == [1.0, 0.0, 0.5, 0.5]
    infos = [r["reward_extra_info"] for r in found]
    assert len({tuple(i) for i in infos}) == 1
    assert {"score", "valid", "rubric/coverage", "rubric/tag/sky", "rubric/tag/sky/known"} <= set(infos[0])
    assert all(isinstance(v, float) and math.isfinite(v) for i in infos for v in i.values())


@pytest.mark.parametrize(("on_missing", "told"), [("zero", 0.0), ("abstain", NAN)])
def test_a_missing_reward_is_flagged(tiny, on_missing, told):
    tokens = tiny.tokenizer()
    manager, found = run(config(rewarder="nice_rewards:judged", on_missing=on_missing), tokens, batch(tokens))
    np.testing.assert_equal([r["reward_score"] for r in found], [1.0, told, 1.0, 1.0])
    assert [r["reward_extra_info"]["valid"] for r in found] == [1.0, 0.0, 1.0, 1.0]
    table = type(manager).assemble_rm_scores(batch(tokens), [r["reward_score"] for r in found])
    assert torch.isnan(table.sum(1)).tolist() == [False, math.isnan(told), False, False]


def test_the_manager_knows_the_prompt_and_pays_parts(tiny):
    tokens = tiny.tokenizer()
    data = batch(tokens)
    settings = config(OWN, segments="nice_rewards:segments", segment_weight=0.5)
    manager, found = run(settings, tokens, data)
    totals = [sum(r["reward_score"]) for r in found]
    assert totals == pytest.approx([1.5, 0.0, 0.75, 1.0])  # score + .5 * mean of the parts: 1, 0, (1, 0), 1
    table = type(manager).assemble_rm_scores(data, [r["reward_score"] for r in found])
    assert table.shape == data.batch["responses"].shape
    assert table.dtype == torch.float32
    assert table.sum(1).tolist() == pytest.approx(totals)
    row = table[2].tolist()
    size = int(data.batch["attention_mask"][2, -len(row) :].sum())
    assert row[size - 1] == pytest.approx(0.5)  # the outcome and the bad part
    (place,) = [k for k, v in enumerate(row[: size - 1]) if v]
    assert row[place] == pytest.approx(0.25)
    text = tokens.decode(data.batch["responses"][2][: place + 1].tolist())
    assert text == "hello star."


def test_scores_of_finished_batches_also_of_empty_responses(tiny):
    tokens = tiny.tokenizer()
    data = batch(tokens)
    data.batch["attention_mask"][3, -data.batch["responses"].shape[1] :] = 0
    cls = ours.RubricRewardManager
    table = cls.assemble_rm_scores(data, [1.0, 2.0, [0.1, 0.2], 4.0])
    assert table.sum(1).tolist() == pytest.approx([1.0, 2.0, 0.3, 4.0])
    assert table[3, 0] == 4.0
    theirs = cls.__mro__[2].assemble_rm_scores(data, [1.0, 2.0, 3.0, 4.0])
    assert torch.equal(theirs[:2], table[:2])
    assert theirs[3, -1] == 4.0  # in the padding


def test_the_ray_reward_loop(tiny, home, monkeypatch):
    ray = pytest.importorskip("ray")
    from verl.experimental.reward_loop.reward_loop import RewardLoopManager

    tokens = tiny.tokenizer()
    model = home / "tokens"
    tokens.save_pretrained(model)
    tiny.model(tokens).config.save_pretrained(model)
    path = os.pathsep.join([str(ROOT / "src"), str(home)])
    ray.init(
        num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}},
    )  # fmt: skip
    try:
        data = batch(tokens, TEXTS * 2)
        for settings, expected in (
            (config(rewarder="nice_rewards:judged", on_missing="abstain"), [1.0, NAN, 1.0, 1.0] * 2),
            (config(OWN, segments="nice_rewards:segments", segment_weight=0.5), [1.5, 0.0, 0.75, 1.0] * 2),
        ):
            settings.actor_rollout_ref.model.path = str(model)
            loop = RewardLoopManager(settings)
            out = loop.compute_rm_score(data)
            np.testing.assert_allclose(out.batch["rm_scores"].sum(1).numpy(), expected, atol=1e-6)
            assert {"score", "valid"} <= set(out.meta_info["reward_extra_keys"])
            for worker in loop.reward_loop_workers:
                ray.kill(worker)
    finally:
        ray.shutdown()


# estimators ---------------------------------------------------------------------------------------------------------


class Batch:
    """Random rewards of groups of 2 to 6 rows in any order, two of them missing, on the last of some tokens."""

    def __init__(self, seed, missing=True):
        rng = np.random.default_rng(seed)
        self.group = rng.permutation(np.repeat(["a", "b", "c", "d"], rng.integers(2, 7, 4))).astype(object)
        n, width = len(self.group), 7
        self.reward = rng.integers(0, 5, n) / 4.0
        if missing:
            self.reward[rng.choice(n, 2, replace=False)] = NAN
        self.length = rng.integers(1, width + 1, n)
        self.mask = (np.arange(width) < self.length[:, None]).astype(float)
        tokens = np.zeros((n, width))
        tokens[np.arange(n), self.length - 1] = self.reward
        self.tokens = torch.tensor(tokens, dtype=torch.float32)
        self.response_mask = torch.tensor(self.mask, dtype=torch.float32)

    def ask(self, name, settings=None, **more):
        fn = core.get_adv_estimator_fn(name)
        return fn(
            token_level_rewards=self.tokens, response_mask=self.response_mask, index=self.group,
            config=OmegaConf.create(settings or {"gamma": 1.0}), **more,
        )  # fmt: skip


def plain_rows(reward, group, rule):
    """A loop over groups: known rows only; unknown rows get 0."""
    out = np.zeros(len(reward))
    for g in set(group):
        rows = [k for k in range(len(reward)) if group[k] == g and not np.isnan(reward[k])]
        if len(rows) > 1:
            out[rows] = rule(np.array([reward[k] for k in rows]))
    return out


PLAIN = {
    "rubricate_grpo": lambda r: (r - r.mean()) / (r.std(ddof=1) + 1e-6) if r.std() > 1e-12 else np.zeros(len(r)),
    "rubricate_dr_grpo": lambda r: r - r.mean(),
    "rubricate_rloo": lambda r: r - (r.sum() - r) / (len(r) - 1),
}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", PLAIN)
def test_estimators_beside_a_plain_loop_in_which_the_missing_cost_nobody_else(name, seed):
    register_estimators()
    data = Batch(seed)
    advantages, returns = data.ask(name)
    rows = plain_rows(data.reward, data.group, PLAIN[name])
    np.testing.assert_allclose(advantages.numpy(), rows[:, None] * data.mask, atol=1e-5)
    assert advantages is returns
    assert torch.isfinite(advantages).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ROWS)
def test_every_row_estimator_is_the_credit_function_on_the_tokens_of_the_response(name, seed):
    register_estimators()
    data = Batch(seed)
    expected = ROWS[name](data.reward, data.group, data.length.astype(float))
    np.testing.assert_allclose(data.ask(name)[0].numpy(), expected[:, None] * data.mask, atol=1e-5)


@pytest.mark.parametrize("name", ["rubricate_grpo", "rubricate_rloo", "rubricate_opo"])
def test_without_missing_rewards_they_are_verls_own(name):
    register_estimators()
    theirs = {"rubricate_grpo": "grpo", "rubricate_rloo": "rloo", "rubricate_opo": "opo"}[name]
    for seed in range(5):
        data = Batch(seed, missing=False)
        settings = {"norm_adv_by_std_in_grpo": True}
        own, other = data.ask(name, settings)[0], data.ask(theirs, settings)[0]
        dead = np.isin(data.group, [g for g in set(data.group) if np.ptp(data.reward[data.group == g]) == 0])
        np.testing.assert_allclose(own.numpy()[~dead], other.numpy()[~dead], atol=1e-4)


def test_verls_own_spread_the_missing_and_ours_do_not():
    register_estimators()
    data = Batch(0)
    assert torch.isnan(data.ask("grpo", {"norm_adv_by_std_in_grpo": True})[0]).any()
    assert torch.isfinite(data.ask("rubricate_grpo")[0]).all()


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_reinforce_plus_plus_keeps_dense_rewards_in_their_place(gamma):
    register_estimators()
    data = Batch(3)
    rng = np.random.default_rng(0)
    data.tokens = data.tokens + torch.tensor(rng.random(data.mask.shape) * data.mask, dtype=torch.float32)
    advantages, returns = data.ask("rubricate_reinforce_plus_plus", {"gamma": gamma})
    rewards = data.tokens.double().numpy()
    expected = np.full(rewards.shape, NAN)
    for i, n in enumerate(data.length):
        if not np.isnan(rewards[i]).any():
            later = 0.0
            for t in reversed(range(n)):
                later = rewards[i, t] + gamma * later
                expected[i, t] = later
    values = expected[~np.isnan(expected)]
    white = (expected - values.mean()) / np.sqrt(values.var(ddof=1) + 1e-8)
    np.testing.assert_allclose(advantages.numpy(), np.nan_to_num(white), atol=1e-4)
    np.testing.assert_allclose(returns.numpy(), np.nan_to_num(expected), atol=1e-5)


def test_gdpo_leaves_out_rows_that_lack_a_component(monkeypatch):
    monkeypatch.setitem(core.ADV_ESTIMATOR_REGISTRY, "gdpo", core.ADV_ESTIMATOR_REGISTRY["gdpo"])
    replace_gdpo()
    data = Batch(1, missing=False)
    rng = np.random.default_rng(1)
    n = len(data.group)
    parts = {"a": rng.random(n), "b": rng.random(n), "b/known": np.ones(n), "valid": np.ones(n)}
    parts["b/known"][:2] = 0.0
    parts["valid"][3] = 0.0
    settings = {"gdpo_reward_keys": ["a", "b"], "gdpo_reward_weights": [1.0, 2.0]}
    advantages = data.ask("gdpo", settings, non_tensor_batch=parts)[0].numpy()
    scores = np.column_stack([parts["a"], parts["b"]])
    scores[3, 0] = NAN
    scores[:2, 1] = NAN
    expected = credit.gdpo(scores, data.group, [1.0, 2.0])
    np.testing.assert_allclose(advantages, expected[:, None] * data.mask, atol=1e-5)
    assert (advantages[[0, 1, 3]] == 0).all()
    with pytest.raises(SettingError, match="replace_gdpo"):
        data.ask("rubricate_gdpo", settings)


def advantage_step():
    """``compute_advantage`` of the installed trainer, read from its source: importing that module needs all of verl."""
    path = Path(core.__file__).parent / "ray_trainer.py"
    tree = ast.parse(path.read_text())
    body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "compute_advantage"]
    names = {
        "core_algos": core, "AdvantageEstimator": core.AdvantageEstimator, "DataProto": DataProto, "Optional": Optional,
        "AlgoConfig": dict,
    }  # fmt: skip
    exec(compile(ast.Module(body, []), str(path), "exec"), names)
    return names["compute_advantage"]


def test_the_advantage_step_of_the_trainer_takes_ours():
    compute_advantage = advantage_step()
    register_estimators()
    data = Batch(2)
    proto = DataProto(
        batch=TensorDict(
            {"token_level_rewards": data.tokens, "response_mask": data.response_mask}, batch_size=len(data.group)
        ),
        non_tensor_batch={"uid": data.group},
    )
    out = compute_advantage(proto, "rubricate_grpo", config=OmegaConf.create({}))
    expected = credit.grpo(data.reward, data.group)
    np.testing.assert_allclose(out.batch["advantages"].numpy(), expected[:, None] * data.mask, atol=1e-5)


def test_registering_twice_is_harmless_and_a_foreign_name_is_kept():
    assert set(register_estimators()) == set(register_estimators()) == set(ESTIMATORS)
    assert core.get_adv_estimator_fn("grpo") is core.compute_grpo_outcome_advantage


@pytest.mark.parametrize("module", ["rubricate.integrations.verl_estimators", "rubricate.integrations.verl"])
def test_verl_finds_them_by_its_variable_for_external_modules(module):
    code = (
        "import verl; from verl.trainer.ppo.core_algos import get_adv_estimator_fn; "
        "print(get_adv_estimator_fn('rubricate_grpo').__name__)"
    )
    env = os.environ | {"VERL_USE_EXTERNAL_MODULES": module, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.stdout.split()[-1:] == ["rubricate_grpo"], done.stderr[-2000:]
