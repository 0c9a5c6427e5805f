"""TRL: rubric rewards for GRPO, RLOO and OnlineDPO, one reward per tag for GDPO, token advantages for GRPO.

Contract read and run with TRL 1.16: a reward function gets the local batch, rows of one prompt side by side, every
other column of the data set as a list, and gives one number or None per row. None leaves the row out of its group's
statistics, with advantage 0. With several processes the rows of one prompt may be split between them, which matters
only to policies that compare responses.

The rubric of a row travels in a column (``rubric``) as its JSON text or as the id of one that the rewarder knows;
``reference`` and ``documents`` are optional columns. The reasoning block is cut off by the rewarder.
"""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from rubricate.errors import MissingExtraError, SettingError, UnknownNameError
from rubricate.integrations.dense import SegmentCredit, token_starts
from rubricate.integrations.remote import AnyRewarder, with_tag_rewards
from rubricate.integrations.rows import Prompt, Rewards, Rows, means, messages_of, told, verdicts_json, warn
from rubricate.integrations.teller import Teller
from rubricate.rewarder import Scored
from rubricate.rewards.deliver import ON_MISSING
from rubricate.types import Sample


@dataclass(frozen=True)
class Columns:
    """Names of the columns that hold the rubric, a reference answer, and evidence documents."""

    rubric: str = "rubric"
    reference: str = "reference"
    documents: str = "documents"


class _Batch:
    """One batch as it came: rows, the training step, and the trainer's hooks (each may be missing)."""

    def __init__(
        self, rewarder: AnyRewarder, prompts: Sequence[Prompt], completions: Sequence[Prompt],
        given: Mapping[str, Any], names: Columns,
    ) -> None:  # fmt: skip
        self.rewarder = rewarder
        self.rows = Rows.read(
            prompts, completions, given.get(names.rubric), given.get(names.reference), given.get(names.documents)
        )
        self.step: int | None = getattr(given.get("trainer_state"), "global_step", None)
        self.log_metric: Callable[[str, float], None] | None = given.get("log_metric")
        self.log_extra: Callable[[str, list[Any]], None] | None = given.get("log_extra")

    async def score(self) -> list[Scored]:
        """All rows scored; curves and verdicts are in the trainer's log."""
        samples, rubrics = self.rows.ready(self.rewarder.strict)
        return self._noted(await self.rewarder.score(samples, rubrics, step=self.step))

    def score_sync(self) -> list[Scored]:
        """``score`` from code that is not async."""
        samples, rubrics = self.rows.ready(self.rewarder.strict)
        return self._noted(self.rewarder.score_sync(samples, rubrics, step=self.step))

    def _noted(self, found: Sequence[Scored]) -> list[Scored]:
        scored = self.rows.whole(found, self.rewarder)
        if self.log_metric is not None:
            for name, value in means(scored).items():
                self.log_metric(name, value)
        if self.log_extra is not None:
            self.log_extra("rubric/verdicts", [verdicts_json(s) for s in scored])
        if self.log_metric is None:
            warn(scored)
        return scored

    def told(self, values: Sequence[float | None], on_missing: str, lowest: float | None) -> Rewards:
        """Finite numbers, and None where ``on_missing`` leaves a reward missing."""
        return told(values, self.rows.groups, on_missing, lowest)


@dataclass(frozen=True)
class RubricReward:
    """A reward function: ``GRPOTrainer(reward_funcs=RubricReward(rewarder), ...)``; also RLOO and OnlineDPO.

    ``on_missing`` says what the trainer is told about a response without a reward: abstain (None, the default), zero,
    lowest (``lowest``), group_mean, raise. One bad row costs its own reward; a batch without a single usable rubric
    raises, and so does any wrong rubric with ``Rewarder(strict=True)``. ``name`` is how TRL logs it.

    Curves (``rubric/score``, ``rubric/valid``, by tag, ...) go to ``log_metric`` and verdicts to ``log_extra`` where
    TRL offers them. The value pickles, and each process builds its own calls and cache.
    """

    rewarder: AnyRewarder
    name: str = "rubric"
    on_missing: str = "abstain"
    lowest: float | None = None
    columns: Columns = Columns()

    def __post_init__(self) -> None:
        if self.on_missing not in ON_MISSING:
            raise UnknownNameError.among("on_missing", self.on_missing, ON_MISSING)
        object.__setattr__(self, "__name__", self.name)

    def __call__(self, prompts: Sequence[Prompt], completions: Sequence[Prompt], **columns: Any) -> Rewards:
        """One reward per row, None where there is none."""
        batch = _Batch(self.rewarder, prompts, completions, columns, self.columns)
        return self._told(batch, batch.score_sync())

    def _told(self, batch: _Batch, scored: Sequence[Scored]) -> Rewards:
        return batch.told([s.reward for s in scored], self.on_missing, self.lowest)


_R = TypeVar("_R", bound=RubricReward)


@dataclass(frozen=True)
class AsyncRubricReward(RubricReward):
    """The same, awaited: TRL runs several async reward functions at once. Not for OnlineDPO, which is sync only."""

    async def __call__(self, prompts: Sequence[Prompt], completions: Sequence[Prompt], **columns: Any) -> Rewards:  # type: ignore[override]
        """One reward per row, None where there is none."""
        batch = _Batch(self.rewarder, prompts, completions, columns, self.columns)
        return self._told(batch, await batch.score())


def rubric_reward(prompts: Sequence[Prompt], completions: Sequence[Prompt], **columns: Any) -> Rewards:
    """A plain reward function for the command line: ``--reward_funcs rubricate.integrations.trl.rubric_reward``.

    Its rewarder comes from the environment (``configured.Settings``: RUBRICATE_URL, RUBRICATE_RUBRICS, ...), and so
    does what a missing reward is told as (RUBRICATE_ON_MISSING).
    """
    return configured(RubricReward)(prompts, completions, **columns)


async def async_rubric_reward(prompts: Sequence[Prompt], completions: Sequence[Prompt], **columns: Any) -> Rewards:
    """``rubric_reward`` as a coroutine function."""
    return await configured(AsyncRubricReward)(prompts, completions, **columns)


def configured(form: type[_R], on_missing: str = "abstain") -> _R:
    """A reward function with the rewarder and the policy of the environment."""
    teller = Teller.configured(on_missing)
    return form(teller.rewarder, on_missing=teller.on_missing, lowest=teller.lowest)


# One reward per tag -------------------------------------------------------------------------------------------------


class _Shared:
    """The scores of a batch, shared by the functions of several tags: the first to ask scores, the others wait.

    Forgotten when every function has read them, so that no batch is taken for an earlier one.
    """

    def __init__(self, users: int) -> None:
        self.users = users
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Future[list[Scored]], int]] = {}

    def __reduce__(self) -> tuple[type[_Shared], tuple[int]]:
        return _Shared, (self.users,)

    def claim(self, batch: _Batch) -> tuple[Future[list[Scored]], bool]:
        """What will hold the scores, and whether the caller is the one who makes them."""
        rows = batch.rows
        texts = [[s.group, s.task, s.response, repr(rows.rubrics[k])] for k, s in rows.samples.items()]
        key = json.dumps([batch.step, texts])
        with self._lock:
            future, read = self._open.get(key, (Future(), 0))
            self._open[key] = (future, read + 1)
            if read + 1 == self.users:
                del self._open[key]
            return future, read == 0

    def failed(self, future: Future[list[Scored]], error: BaseException) -> None:
        """Tell those who wait, and forget the batch."""
        with self._lock:
            self._open.clear()
        future.set_exception(error)


@dataclass(frozen=True)
class TagReward:
    """The reward of one tag; made by ``tag_rewards``, named ``rubric/TAG``."""

    rewarder: AnyRewarder
    tag: str
    on_missing: str = "abstain"
    lowest: float | None = None
    columns: Columns = Columns()
    shared: _Shared = field(default_factory=lambda: _Shared(1), repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "__name__", f"rubric/{self.tag}")

    def __call__(self, prompts: Sequence[Prompt], completions: Sequence[Prompt], **columns: Any) -> Rewards:
        """The tag's reward per row, None where a verdict is missing or no criterion carries the tag."""
        batch = _Batch(self.rewarder, prompts, completions, columns, self.columns)
        future, mine = self.shared.claim(batch)
        if mine:
            try:
                future.set_result(batch.score_sync())
            except BaseException as error:
                self.shared.failed(future, error)
                raise
        return self._told(batch, future.result())

    def _told(self, batch: _Batch, scored: Sequence[Scored]) -> Rewards:
        return batch.told([s.by_tag.get(self.tag) for s in scored], self.on_missing, self.lowest)


@dataclass(frozen=True)
class AsyncTagReward(TagReward):
    """The same, awaited."""

    async def __call__(self, prompts: Sequence[Prompt], completions: Sequence[Prompt], **columns: Any) -> Rewards:  # type: ignore[override]
        """The tag's reward per row, None where a verdict is missing or no criterion carries the tag."""
        batch = _Batch(self.rewarder, prompts, completions, columns, self.columns)
        future, mine = self.shared.claim(batch)
        if mine:
            try:
                future.set_result(await batch.score())
            except BaseException as error:
                self.shared.failed(future, error)
                raise
        scored: list[Scored] = await asyncio.wrap_future(future)
        return self._told(batch, scored)


def tag_rewards(
    rewarder: AnyRewarder, tags: Sequence[str], *, sync: bool = False, on_missing: str = "abstain",
    lowest: float | None = None, columns: Columns = Columns(),
) -> list[TagReward]:  # fmt: skip
    """One reward function per tag (or axis), for ``GRPOConfig(multi_objective_aggregation="normalize_then_sum")``.

    Each batch is judged once, whoever asks first. The reward of a tag is the rubric's policy over the criteria that
    carry it. A row that lacks one tag keeps the others: TRL then normalises what is there (docs/decisions, 2).
    """
    if not tags or len(set(tags)) != len(tags):
        raise SettingError(f"tags={list(tags)}", expected="one or more different tags")
    if on_missing not in ON_MISSING:
        raise UnknownNameError.among("on_missing", on_missing, ON_MISSING)
    given, shared = with_tag_rewards(rewarder, tags), _Shared(len(tags))
    kind = TagReward if sync else AsyncTagReward
    return [kind(given, tag, on_missing, lowest, columns, shared) for tag in tags]


# Token advantages ---------------------------------------------------------------------------------------------------


class DenseAdvantages:
    """Advantages per token in place of those per response: mixed into ``GRPOTrainer`` by ``DenseGRPOTrainer``.

    TRL's GRPO loss takes advantages [B, T]. After the trainer has made its own [B], the parts of each response are
    labelled and ``segment_credit`` says what each token gets. (RLOO's loss is per response and takes none.)
    """

    segment_credit: SegmentCredit
    processing_class: Any

    def __init__(self, *args: Any, segment_credit: SegmentCredit, **settings: Any) -> None:
        self.segment_credit = segment_credit
        super().__init__(*args, **settings)

    def _generate_and_score_completions(self, inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        inside = np.asarray(output["completion_mask"].tolist()) > 0
        ids = np.asarray(output["completion_ids"].tolist())
        tokenizer = getattr(self.processing_class, "tokenizer", self.processing_class)
        read = [token_starts(row[kept].tolist(), tokenizer) for row, kept in zip(ids, inside, strict=True)]
        samples = [
            Sample(str(k), messages_of(row["prompt"]), text)
            for k, (row, (text, _)) in enumerate(zip(inputs, read, strict=True))
        ]
        starts, off = np.concatenate([own for _, own in read]), np.cumsum([0, *inside.sum(1)])
        table = np.zeros(inside.shape)
        table[inside] = self.segment_credit.tokens(samples, starts, off, np.asarray(output["advantages"].tolist()))
        output["advantages"] = output["advantages"].new_tensor(table)
        return output


@functools.lru_cache(maxsize=1)
def _dense_trainer() -> type:
    try:
        from trl import GRPOTrainer
    except ImportError:
        raise MissingExtraError.of("trl", "trl", purpose="DenseGRPOTrainer") from None
    about = {"__doc__": DenseAdvantages.__doc__, "__module__": __name__}
    return type("DenseGRPOTrainer", (DenseAdvantages, GRPOTrainer), about)


def __getattr__(name: str) -> Any:
    """``DenseGRPOTrainer``: a ``GRPOTrainer`` with ``segment_credit=``; built on first use, since it needs TRL."""
    if name == "DenseGRPOTrainer":
        return _dense_trainer()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
