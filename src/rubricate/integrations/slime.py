"""slime: ``--custom-rm-path rubricate.integrations.slime.rm``, for single samples and for groups (``--group-rm``).

Contract read in slime's source (git 2026-08-21, not on PyPI). The function is async and gets one sample or a list. The
rubric lies in ``sample.metadata["rubric"]`` (JSON, a table, or an id), else in ``sample.label``. slime cannot abstain:
a sample without a reward gets a number (the mean of its group, 0 when it comes alone) and is marked, and
``--rollout-sample-filter-path rubricate.integrations.slime.drop_unscored`` takes the marked ones out of the loss (not
out of the normalisation of advantages, which is why the number is the group's mean).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.integrations.teller import Ask, Teller, Told, label_of, required

MARK = "rubricate"


@dataclass(frozen=True)
class RubricRM:
    """A reward function of slime; pickles. ``rm = RubricRM(Teller(rewarder, "group_mean"))`` in a module of yours.

    Each sample keeps ``metadata["rubricate"]``: ``valid``, ``why``, ``metrics`` (every curve, None where one does not
    apply) and ``verdicts`` as JSON. With ``--reward-key K`` the reward is a table: K, and every curve.
    """

    teller: Teller

    async def __call__(self, args: Any, sample: Any, **more: Any) -> Any:
        """The reward of a sample, or the rewards of a list of samples."""
        samples = list(sample) if isinstance(sample, (list, tuple)) else [sample]
        told = await self.teller.tell([ask_of(s) for s in samples])
        for own, result in zip(samples, told, strict=True):
            _mark(own, result)
        key = getattr(args, "reward_key", None)
        rewards = [_reward(t, key) for t in told]
        return rewards if isinstance(sample, (list, tuple)) else rewards[0]


async def rm(args: Any, sample: Any, **more: Any) -> Any:
    """The reward function of the environment (``configured.Settings``, RUBRICATE_ON_MISSING)."""
    return await RubricRM(Teller.configured("group_mean"))(args, sample, **more)


def ask_of(sample: Any) -> Ask:
    """What a sample of slime asks: prompt, response, rubric, reference and documents of its metadata or label."""
    metadata = sample.metadata if isinstance(sample.metadata, dict) else {}
    rubric, reference = label_of(sample.label)
    if metadata.get("rubric") is not None:
        reference = reference if reference is not None else (sample.label or None)
        rubric = metadata["rubric"]
    reference = metadata.get("reference", reference)
    return Ask(sample.prompt, sample.response, rubric, reference, metadata.get("documents"))


def drop_unscored(args: Any, groups: Sequence[Any]) -> None:
    """Set ``remove_sample`` on every sample that has no judged reward, in place."""
    for sample in _flat(groups):
        mark = sample.metadata.get(MARK) if isinstance(sample.metadata, dict) else None
        if mark is not None and not mark["valid"]:
            sample.remove_sample = True


def _mark(sample: Any, told: Told) -> None:
    if not isinstance(sample.metadata, dict):
        sample.metadata = {}
    why, verdicts = told.scored.why, told.verdicts
    sample.metadata[MARK] = {"valid": told.valid, "why": why, "metrics": told.known, "verdicts": verdicts}


def _reward(told: Told, key: str | None) -> Any:
    value = required(told, "slime")
    return value if not key else {**told.known, key: value}


def _flat(groups: Iterable[Any]) -> Iterable[Any]:
    for entry in groups:
        if isinstance(entry, (list, tuple)):
            yield from _flat(entry)
        else:
            yield entry
