"""SkyRL: a one-turn text environment whose reward is a rubric's.

``skyrl_gym.register(id="rubricate", entry_point="rubricate.integrations.skyrl:RubricEnv")``. Contract run with
skyrl-gym 0.4.0: ``step`` is sync and runs in a thread, and takes numbers only, so a missing reward is told as 0 with
``rubric/valid`` 0 among the metrics. SkyRL sees one response at a time: nothing can be compared within a group.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from rubricate.errors import MissingExtraError
from rubricate.integrations.teller import Ask, Teller, Told, label_of, required

Conversation = Sequence[Mapping[str, Any]]


class RubricTurn:
    """What the environment does, mixed into skyrl-gym's ``BaseTextEnv`` as ``RubricEnv``.

    ``extras`` is the row of the data set: ``rubric`` (JSON, a table, or an id), else ``reward_spec.ground_truth`` (see
    ``label_of``); ``reference`` and ``documents`` may be there. The rewarder comes from the environment variables, or
    from ``teller`` of a subclass.
    """

    teller: Teller | None = None

    def __init__(self, env_config: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.extras = dict(extras or {})
        self.prompt: Conversation = ()
        self.told: Told | None = None

    def init(self, prompt: Conversation) -> tuple[Conversation, dict[str, Any]]:
        """Keep the prompt, which ``step`` does not get."""
        self.prompt = prompt
        return prompt, {}

    def step(self, action: str) -> dict[str, Any]:
        """Score the response and end the episode; ``metadata`` holds ``verdicts`` (JSON) and ``valid``."""
        teller = self.teller or Teller.configured("zero")
        (told,) = teller.tell_sync([ask_of(self.prompt, action, self.extras)])
        self.told = told
        metadata = {"valid": told.valid, "why": told.scored.why, "verdicts": told.verdicts}
        return {"observations": [], "reward": required(told, "SkyRL"), "done": True, "metadata": metadata}

    def get_metrics(self) -> dict[str, Any]:
        """Every curve of the rewarder, None where one does not apply: skyrl-gym averages the numbers."""
        return {} if self.told is None else self.told.known


def ask_of(prompt: Conversation, action: str, extras: Mapping[str, Any]) -> Ask:
    """What an episode asks: the prompt, the action, and the rubric of its row."""
    spec = extras.get("reward_spec")
    truth = spec.get("ground_truth") if isinstance(spec, Mapping) else None
    rubric, reference = label_of(truth)
    if extras.get("rubric") is not None:
        rubric, reference = extras["rubric"], reference or (truth if isinstance(truth, str) and truth else None)
    return Ask(prompt, action, rubric, extras.get("reference", reference), extras.get("documents"))


@functools.lru_cache(maxsize=1)
def _env_class() -> type:
    try:
        from skyrl_gym.envs.base_text_env import BaseTextEnv
    except ImportError:
        raise MissingExtraError("RubricEnv needs skyrl_gym", hint="Install it with: pip install skyrl-gym") from None
    about = {"__doc__": RubricTurn.__doc__, "__module__": __name__}
    return type("RubricEnv", (RubricTurn, BaseTextEnv), about)


def __getattr__(name: str) -> Any:
    """``RubricEnv``: built on first use, since it needs skyrl-gym."""
    if name == "RubricEnv":
        return _env_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
