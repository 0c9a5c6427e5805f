"""A recipe: what a published system does, as a frozen value whose fields are steps.

Every field may be left out: a system that is only a reward fills only ``reward``. Array stages (``weights``,
``reward``, ``credit``, ``select``) are evaluated on an environment of named arrays; the others name parts that
``build`` constructs. A recipe is equal by value, hashable, and goes through JSON and TOML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from rubricate.errors import SettingError
from rubricate.steps import Chain, FrozenMapping, Step, freeze, from_json, refs, to_json

Part = Step | Chain | None
STAGES = ("rubric", "refine", "judge", "weights", "reward", "select", "credit", "guide", "loop", "audit")


@dataclass(frozen=True)
class Recipe:
    """Stages of a system, in the order in which data flows; ``train`` holds trainer settings that are not parts."""

    rubric: Part = None
    refine: Part = None
    judge: Part = None
    weights: Part = None
    reward: Part = None
    select: Part = None
    credit: Part = None
    guide: Part = None
    loop: Part = None
    audit: Part = None
    train: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in STAGES:
            part = getattr(self, name)
            if part is not None and not isinstance(part, (Step, Chain)):
                raise SettingError(f"the stage {name!r} is {part!r}", expected="step(...) or chain(...)")
        if self.train is not None:
            object.__setattr__(self, "train", freeze(self.train, where="train"))
        if all(getattr(self, f.name) is None for f in fields(self)):
            raise SettingError("a recipe without a single stage", expected=f"at least one of {STAGES}")

    @property
    def stages(self) -> dict[str, Step | Chain]:
        """The stages that are filled, in order."""
        return {name: part for name in STAGES if (part := getattr(self, name)) is not None}

    def advantages(self, env: Mapping[str, Any]) -> Any:
        """Evaluate reward, then credit (which sees it as ``reward``); the last of the two that there is."""
        if self.reward is None and self.credit is None:
            raise SettingError("this recipe has neither a reward nor a credit stage", expected="one of the two")
        reward = self.reward(env) if self.reward is not None else None
        return reward if self.credit is None else self.credited(env, reward)

    def credited(self, env: Mapping[str, Any], reward: Any = None) -> Any:
        """Evaluate credit; it sees ``reward``, and as ``selection`` what ``select`` keeps, when it refers to that.

        A selection that the environment holds is taken as it is: whoever logs its counts trains on the same rows.
        """
        if self.credit is None:
            raise SettingError("this recipe has no credit stage", expected="one")
        seen = env if reward is None else {**env, "reward": reward}
        if self.select is not None and "selection" in refs(self.credit) and "selection" not in seen:
            seen = {**seen, "selection": self.select(seen)}
        return self.credit(seen)

    def to_json(self) -> dict[str, Any]:
        """Plain data: the stages that are filled."""
        data = {name: to_json(part) for name, part in self.stages.items()}
        return data | ({"train": to_json(self.train)["table"]} if self.train is not None else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipe:
        """The inverse of ``to_json``; unknown stages and parts are refused."""
        unknown = sorted(set(data) - set(STAGES) - {"train"})
        if unknown:
            raise SettingError(f"a recipe has no stage {unknown}", expected=f"some of {(*STAGES, 'train')}")
        stages = {name: from_json(part) for name, part in data.items() if name != "train"}
        train = {k: from_json(v) for k, v in data["train"].items()} if "train" in data else None
        return cls(**stages, train=train)

    def __repr__(self) -> str:
        rows = [f"{name:8}{part!r}" for name, part in self.stages.items()]
        if isinstance(self.train, FrozenMapping):
            rows.append(f"{'train':8}{self.train!r}")
        return "\n".join(rows)
