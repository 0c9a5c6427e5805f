"""OpenRLHF's own client of rewards: its loader of reward files, and its HTTP client against our server.

The package is installed without its dependencies (flash-attn and deepspeed need a GPU); the module of the client needs
none of them. The model is in outline: what it says is given.
"""

import asyncio
from types import SimpleNamespace

import pytest

from rubricate.integrations.configured import rewarder_of
from rubricate.llm.faults import Faults
from rubricate.llm.server import MockServer, rules_named
from rubricate.metrics import COUNTED

torch = pytest.importorskip("torch", reason="needs torch (make test-adapters)")
pytest.importorskip("openrlhf.utils.agent", reason="needs openrlhf (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


class Letters:
    """A tokenizer: one letter, one token."""

    def __call__(self, text, **_):
        return {"input_ids": torch.tensor([[ord(c) for c in text]])}

    def decode(self, ids, skip_special_tokens=False):
        return "".join(map(chr, ids))


def executed(endpoint, said, label, prompt="Tea?"):
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    class Engine:
        async def generate(self, ids, params, **_):
            tokens = [ord(c) for c in said]
            return SimpleNamespace(
                outputs=[SimpleNamespace(token_ids=tokens, text=said, finish_reason="stop", logprobs=None)]
            )

    settings = SimpleNamespace(max_tokens=500, logprobs=None)
    executor = SingleTurnAgentExecutor(str(endpoint))
    return asyncio.run(executor.execute(prompt, label, settings, 1000, Letters(), Engine()))


def test_a_reward_file_is_loaded_and_its_numbers_arrive(told, texts, tea_json, tmp_path):
    path = tmp_path / "reward.py"
    path.write_text("from rubricate.integrations.openrlhf import reward_func\n")
    for label in ("tea", tea_json, ""):
        found = executed(path, texts[1], label)
        assert (found["reward"].tolist(), found["scores"].tolist()) == ([0.5], [0.5])
    assert {k: v.item() for k, v in found["extra_logs"].items()}["rubric/n_met"] == 1.0
    lost = executed(path, texts[2], "tea")
    assert (lost["reward"].tolist(), lost["extra_logs"]["rubric/valid"].tolist()) == ([0.0], [0.0])
    assert list(lost["extra_logs"]) == list(found["extra_logs"]) == list(COUNTED)


def test_what_a_reward_file_raises_is_lost_which_is_why_a_missing_reward_is_a_number(
    told, texts, tmp_path, monkeypatch
):
    monkeypatch.setenv("RUBRICATE_ON_MISSING", "raise")
    rewarder_of.cache_clear()
    path = tmp_path / "reward.py"
    path.write_text("from rubricate.integrations.openrlhf import reward_func\n")
    found = executed(path, texts[2], "tea")
    assert (found["reward"], found["extra_logs"]) == (None, {})


def test_the_server_answers_its_client(tea, serving):
    with serving([tea]) as url:
        good = executed(f"{url}/get_reward", "Warm the pot first. The steeping time is four minutes.", "tea")
        bad = executed(f"{url}/get_reward", "<think>Warm the pot first.</think>Microwave.", '{"rubric": "tea"}')
    assert (good["reward"], good["scores"]) == ([1.0], [1.0])
    assert bad["reward"] < [0.0]
    assert list(good["extra_logs"]) == list(bad["extra_logs"]) == list(COUNTED)


def test_a_judge_that_cannot_be_read_is_a_zero_that_says_so(tea, serving):
    broken = MockServer(rules_named("met"), faults=Faults(bad_json=1.0)).in_thread()
    with broken as mock, serving([tea], "--base-url", mock.url, "--model", "scripted") as url:
        lost = executed(f"{url}/get_reward", "Warm the pot first.", "tea")
    assert (lost["reward"], lost["extra_logs"]["rubric/valid"]) == ([0.0], [0.0])
