"""GRPO on a CPU with one rubric reward, noting at every step what was paid and what the answers were worth."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rubricate.integrations.trl import RubricReward
from tiny import model as tiny_model
from tiny.task import PROMPTS, opens_with_a_mark, quality, texts_of

GENERATIONS = 8
TOKENS = 16

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched


@dataclass
class Record:
    """Arrays that grow by one checkpoint a step: ``reward``, ``quality``, ``length``, ``shortcut`` [T, P, G].

    A reward that is missing is NaN. ``states`` holds the weights of the policy before every tenth step.
    """

    reward: list[np.ndarray] = field(default_factory=list)
    quality: list[np.ndarray] = field(default_factory=list)
    length: list[np.ndarray] = field(default_factory=list)
    shortcut: list[np.ndarray] = field(default_factory=list)
    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, prompts: list[str], rewards: list[float | None], answers: list[str]) -> None:
        """One step: rows in any order, laid out by prompt."""
        place = {p: k for k, p in enumerate(PROMPTS)}
        order = np.argsort([place[p] for p in prompts], kind="stable")
        shape = (len(PROMPTS), GENERATIONS)
        paid = np.array([np.nan if r is None else r for r in rewards])
        self.reward.append(paid[order].reshape(shape))
        for name, measure in (("quality", quality), ("length", len), ("shortcut", opens_with_a_mark)):
            values = np.array([measure(a) for a in answers])
            getattr(self, name).append(values[order].reshape(shape))

    def curve(self, name: str) -> np.ndarray:
        """[T] mean per step of the known values."""
        return np.array([_mean(step) for step in getattr(self, name)])

    def start(self, name: str = "reward", steps: int = 3) -> float:
        """Mean over the first steps."""
        return _mean(self.curve(name)[:steps])

    def end(self, name: str = "reward", steps: int = 5) -> float:
        """Mean over the last steps."""
        return _mean(self.curve(name)[-steps:])


def _mean(values: np.ndarray) -> float:
    """Mean of the known values; NaN without any."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


class Recorded:
    """A reward function around another one; ``every`` is called with the record after each step."""

    __name__ = "rubric"

    def __init__(self, reward: RubricReward, record: Record, every: Callable[[Record], None] | None = None) -> None:
        self.reward, self.record, self.every = reward, record, every

    def __call__(self, prompts: list[Any], completions: list[Any], **columns: Any) -> list[float | None]:
        """The rewards of the function inside."""
        told = self.reward(prompts=prompts, completions=completions, **columns)
        self.record.add([p[-1]["content"] for p in prompts], told, texts_of(completions))
        if self.every is not None:
            self.every(self.record)
        return told


def train(
    reward: RubricReward, *, steps: int, seed: int = 0, start: dict[str, Any] | None = None,
    every: Callable[[Record], None] | None = None, learning_rate: float = 5e-3,
) -> Record:  # fmt: skip
    """Train the tiny model for some steps, from random weights or from ``start``; four prompts, eight answers each."""
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    torch.set_num_threads(1)
    logging.getLogger("trl").setLevel(logging.ERROR)  # it warns of every response without a reward
    tokens = tiny_model.tokenizer()
    policy = tiny_model.model(tokens, seed=seed)
    if start is not None:
        policy.load_state_dict(start)
    record = Record()

    class Keep(TrainerCallback):
        """Keeps the weights of every tenth step."""

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % 10 == 0:
                weights = policy.state_dict()
                record.states[state.global_step] = {k: v.detach().clone() for k, v in weights.items()}

    arguments = GRPOConfig(
        output_dir=os.path.join(os.environ.get("TMPDIR", "/tmp"), "rubricate-tiny"), max_steps=steps, seed=seed,
        per_device_train_batch_size=len(PROMPTS) * GENERATIONS, num_generations=GENERATIONS,
        max_completion_length=TOKENS, learning_rate=learning_rate, lr_scheduler_type="constant", beta=0.0,
        temperature=1.0, logging_steps=1, report_to=[], use_cpu=True, bf16=False, save_strategy="no",
        gradient_checkpointing=False, disable_tqdm=True,
    )  # fmt: skip
    rows = [{"prompt": [{"role": "user", "content": p}]} for p in PROMPTS]
    trainer = GRPOTrainer(
        model=policy, processing_class=tokens, reward_funcs=Recorded(reward, record, every), args=arguments,
        train_dataset=Dataset.from_list(rows), callbacks=[Keep()],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    started = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train()
    record.seconds = time.monotonic() - started
    return record
