"""Rubric rewards inside the real trainers of TRL: GRPO, RLOO, OnlineDPO, GDPO aggregation, token advantages."""

import json
import re
import warnings

import numpy as np
import pytest

import rubricate as rb
from rubricate import credit
from rubricate.integrations.dense import SegmentCredit
from rubricate.integrations.trl import AsyncRubricReward, RubricReward, tag_rewards
from rubricate.judges.segments import StepJudge
from rubricate.llm.scripted import JudgeScript, read_prompt
from rubricate.rewarder import Rewarder

torch = pytest.importorskip("torch", reason="torch is not installed (make test-trainers)")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    trl = pytest.importorskip("trl", reason="trl is not installed (make test-trainers)")
    datasets = pytest.importorskip("datasets", reason="datasets is not installed (make test-trainers)")

pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]
PROMPTS = ("say something nice", "say something kind")
RUBRIC = rb.Rubric(
    id="nice",
    criteria=[
        {"id": "star", "text": "Names a star.", "tags": ["sky"],
         "verifier": {"name": "contains", "settings": {"texts": ["star"], "whole_words": False}}},
        {"id": "thanks", "text": "Thanks.", "tags": ["manners"],
         "verifier": {"name": "contains", "settings": {"texts": ["thank"], "whole_words": False}}},
    ],
)  # fmt: skip
JSON = json.dumps(RUBRIC.model_dump(mode="json", exclude_defaults=True))


def rows(n=8, **columns):
    return datasets.Dataset.from_list(
        [{"prompt": PROMPTS[k % 2], "rubric": JSON, **{c: v[k % len(v)] for c, v in columns.items()}} for k in range(n)]
    )


def settings(tmp_path, kind=None, **more):
    shared = {
        "output_dir": str(tmp_path), "max_steps": 2, "per_device_train_batch_size": 8, "num_generations": 4,
        "max_completion_length": 6, "learning_rate": 5e-3, "logging_steps": 1, "report_to": [], "use_cpu": True,
        "save_strategy": "no", "bf16": False, "gradient_checkpointing": False, "disable_tqdm": True, "beta": 0.0,
    }  # fmt: skip
    return (kind or trl.GRPOConfig)(**(shared | more))


def grpo(tiny, tmp_path, rewards, data=None, trainer=None, args=None, **more):
    tokens = tiny.tokenizer()
    given = args or settings(tmp_path, **more)
    kind = trainer or trl.GRPOTrainer
    return kind(
        model=tiny.model(tokens), processing_class=tokens, reward_funcs=rewards, args=given,
        train_dataset=data if data is not None else rows(),
    )  # fmt: skip


@pytest.mark.parametrize("form", [RubricReward, AsyncRubricReward])
def test_grpo_trains_with_curves_by_tag_and_verdicts_in_the_table(tiny, tmp_path, quietly, form):
    rewarder = Rewarder((RUBRIC,), log=str(tmp_path / "run"))
    trainer = grpo(tiny, tmp_path, form(rewarder), max_steps=3, log_completions=False)
    log = quietly(trainer)
    assert len(log) == 3
    assert {"rewards/rubric/mean", "rubric/score", "rubric/valid", "rubric/tag/sky", "rubric/criterion/star"} <= set(
        log[0]
    )
    assert log[0]["rubric/valid"] == 1.0
    assert log[0]["rewards/rubric/mean"] == pytest.approx(log[0]["rubric/score"], abs=1e-6)
    verdicts = [json.loads(v) for v in trainer._logs["extra"]["rubric/verdicts"]]
    assert {v["criterion"] for row in verdicts for v in row["verdicts"]} == {"star", "thanks"}
    rewarder.run.finish()
    done = rb.rescore(tmp_path / "run")
    assert len(done.samples) == 24
    assert sorted({s.metadata["step"] for s in done.samples}) == [0, 1, 2]
    assert len({s.group for s in done.samples}) == 6


def test_training_raises_the_reward(tiny, tmp_path, quietly):
    trainer = grpo(
        tiny, tmp_path, RubricReward(Rewarder((RUBRIC,))), max_steps=30, per_device_train_batch_size=32,
        num_generations=8, max_completion_length=16, lr_scheduler_type="constant",
    )  # fmt: skip
    reward = [row["reward"] for row in quietly(trainer)]
    assert np.mean(reward[-3:]) > np.mean(reward[:3]) + 0.3


def test_chat_prompts_and_rows_that_bring_their_own_rubrics(tiny, tmp_path, quietly):
    seen = []

    def judge(request):
        seen.append(request.messages[1].content)
        return JudgeScript(lambda response, name, text: text == "Is blue.")(request)

    own = [
        json.dumps({"id": f"r{k}", "criteria": [{"id": "a", "text": t}]}) for k, t in enumerate(("Is blue.", "Is red."))
    ]
    data = datasets.Dataset.from_list(
        [
            {"prompt": [{"role": "user", "content": f"go {k}"}], "rubric": own[k % 2], "documents": [f"doc {k}"]}
            for k in range(2)
        ]
    )
    reward = RubricReward(Rewarder(client=rb.ScriptedClient(judge), cache=False))
    log = quietly(grpo(tiny, tmp_path, reward, data, max_steps=1))
    assert log[0]["reward"] == pytest.approx(0.5)
    assert len(seen) == 8
    assert sum("doc 0" in s and "go 0" in s for s in seen) == 4


def abstaining(place):
    """A client that cannot tell about some answers: by a hash of the text, the same every time."""
    return rb.ScriptedClient(
        JudgeScript(lambda response, name, text: None if len(response) % 3 == place else len(response) % 2 == 0)
    )


JUDGED = rb.Rubric(id="judged", criteria=[{"id": "even", "text": "Is even."}])


@pytest.mark.parametrize("kind", ["grpo", "rloo"])
def test_an_abstaining_judge_leaves_its_rows_out_of_the_group(tiny, tmp_path, quietly, kind):
    # TRL's own advantages of one batch beside ours, with the rows that were not judged
    answers = ["aa", "aaa", "aaaa", "aaaaa", "aaaaaa", "a" * 7, "a" * 8, "a" * 9]
    reward = RubricReward(Rewarder((JUDGED,), client=abstaining(0)))
    values = reward(prompts=["p"] * 4 + ["q"] * 4, completions=answers)
    assert [v is None for v in values] == [len(a) % 3 == 0 for a in answers]
    config, trainer = (trl.GRPOConfig, trl.GRPOTrainer) if kind == "grpo" else (trl.RLOOConfig, trl.RLOOTrainer)
    data = datasets.Dataset.from_list([{"prompt": p} for p in PROMPTS])
    made = grpo(tiny, tmp_path, reward, data, trainer, settings(tmp_path, config, max_steps=1))
    given = [{"prompt": "p"}] * 4 + [{"prompt": "q"}] * 4
    table = made._calculate_rewards(given, ["p"] * 4 + ["q"] * 4, answers, [[1]] * 8)
    known = torch.isnan(table[:, 0]).tolist()
    assert known == [v is None for v in values]
    found = {}
    original = made._calculate_rewards
    made._calculate_rewards = lambda *a: found.setdefault("rewards", original(*a))
    outputs = []
    inner = made._generate_and_score_completions
    made._generate_and_score_completions = lambda inputs: outputs.append(inner(inputs)) or outputs[-1]
    quietly(made)
    rewards, advantage = found["rewards"][:, 0].double().numpy(), outputs[0]["advantages"].double().numpy()
    group = np.repeat([0, 1], 4)
    if kind == "grpo":
        ours = credit.grpo(rewards, group, eps=1e-4)
    else:
        ours = credit.rloo(rewards, group)
    np.testing.assert_allclose(advantage, ours, atol=2e-3)
    assert (advantage[np.isnan(rewards)] == 0).all()


def test_a_judge_that_is_down_does_not_end_the_training(tiny, tmp_path, quietly):
    down = rb.HttpClient("http://127.0.0.1:9/v1", "m")
    reward = RubricReward(Rewarder((JUDGED,), client=down, calls=rb.CallSettings(attempts=1)))
    log = quietly(
        grpo(tiny, tmp_path, reward, datasets.Dataset.from_list([{"prompt": p} for p in PROMPTS]), max_steps=2)
    )
    assert [row["rubric/valid"] for row in log] == [0.0, 0.0]
    assert "rubric/score" not in log[0]
    assert log[0]["grad_norm"] == 0.0


def test_online_dpo_takes_the_sync_form(tiny, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        online = pytest.importorskip("trl.experimental.online_dpo")
    tokens = tiny.tokenizer()
    args = online.OnlineDPOConfig(
        output_dir=str(tmp_path), max_steps=2, per_device_train_batch_size=4, max_new_tokens=6, report_to=[],
        use_cpu=True, save_strategy="no", bf16=False, gradient_checkpointing=False, disable_tqdm=True, logging_steps=1,
    )  # fmt: skip
    seen = []

    class Seen(RubricReward):
        def __call__(self, prompts, completions, **columns):
            told = super().__call__(prompts, completions, **columns)
            seen.append(told)
            return told

    trainer = online.OnlineDPOTrainer(
        model=tiny.model(tokens), ref_model=tiny.model(tokens, seed=1), processing_class=tokens,
        reward_funcs=Seen(Rewarder((RUBRIC,)), on_missing="group_mean"), args=args, train_dataset=rows(),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.train()
    assert seen
    assert all(v is not None for told in seen for v in told)


@pytest.mark.parametrize("sync", [True, False])
def test_one_reward_per_tag_for_gdpo(tiny, tmp_path, quietly, sync):
    rewards = tag_rewards(Rewarder((RUBRIC,)), ["sky", "manners"], sync=sync)
    trainer = grpo(
        tiny,
        tmp_path,
        rewards,
        max_steps=2,
        multi_objective_aggregation="normalize_then_sum",
        reward_weights=[1.0, 0.5],
    )
    log = quietly(trainer)
    assert {"rewards/rubric/sky/mean", "rewards/rubric/manners/mean", "rubric/score"} <= set(log[0])
    table = trainer._calculate_rewards(
        [{"prompt": "p", "rubric": JSON}] * 4, ["p"] * 4, ["star", "thank", "star thank", ""], [[1]] * 4
    )
    assert table.tolist() == [[1, 0], [0, 1], [1, 1], [0, 0]]


def by_word(request):
    parts = [text for label, text in read_prompt(request).blocks if label.startswith("step ")]
    rows = [{"n": k, "correct": "met" if "a" in p else "not_met"} for k, p in enumerate(parts, 1)]
    return json.dumps({"steps": rows, "final": {"correct": "met"}})


def words(text):
    """Spans of the words of a text."""
    return [m.span() for m in re.finditer(r"\S+", text)]


def test_token_advantages_train_and_lie_where_the_judge_says(tiny, tmp_path, quietly):
    from rubricate.integrations.trl import DenseGRPOTrainer

    steps = rb.Rubric(id="steps", criteria=[{"id": "correct", "text": "The step is right."}])
    dense = SegmentCredit(StepJudge(), rb.ScriptedClient(by_word), rubric=steps, cut=words)
    outputs = []

    class Seen(DenseGRPOTrainer):
        def _generate_and_score_completions(self, inputs):
            outputs.append(super()._generate_and_score_completions(inputs))
            return outputs[-1]

    tokens = tiny.tokenizer()
    graded = rb.Rubric(
        id="graded",
        criteria=[{"id": "long", "text": "Is long.", "scale": "points 0-40"}],
    )
    client = rb.ScriptedClient(JudgeScript(lambda response, name, text: float(min(len(response), 40))))
    trainer = Seen(
        model=tiny.model(tokens), processing_class=tokens, reward_funcs=RubricReward(Rewarder((graded,), client=client)),
        args=settings(tmp_path, max_steps=2), train_dataset=datasets.Dataset.from_list([{"prompt": p} for p in PROMPTS]),
        segment_credit=dense,
    )  # fmt: skip
    log = quietly(trainer)
    assert all(np.isfinite(row["loss"]) for row in log)
    assert log[0]["grad_norm"] > 0
    out = outputs[0]
    advantage, mask = out["advantages"].numpy(), out["completion_mask"].numpy() > 0
    assert advantage.shape == mask.shape
    assert (advantage[~mask] == 0).all()
    some_inside = 0
    for ids, own, inside in zip(out["completion_ids"].tolist(), advantage, mask, strict=True):
        kept = [t for t, m in zip(ids, inside, strict=True) if m]
        text = tokens.decode(kept, skip_special_tokens=True)
        values = {round(float(v), 5) for v in own[inside]}
        assert len(values - {0.0}) <= 1  # the row's own, or nothing
        good = {"a" in text[a:b] for a, b in words(text)}
        some_inside += len(good) == 2 and len(values) == 2
    assert some_inside
