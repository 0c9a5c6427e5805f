"""tinker-cookbook: environments of one turn whose reward is a rubric's, judged one by one or as a group.

``RubricGroupBuilder(renderer, prompt, rubric, rewarder=rewarder)`` is an ``EnvGroupBuilder`` for your ``RLDataset``.
Contract run with tinker-cookbook 0.6.1, without its service: a reward is a number, NaN would spread to the advantages
of the whole group, and what ``Env.step`` raises is handled by the rollout strategy (FailFast ends the run,
RetryOnFailure samples again, MinViableGroup goes on without the trajectory). So a missing reward raises, with its
reason, unless ``on_missing`` names a number. Curves that do not apply are None, which tinker leaves out of its means.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.integrations.remote import AnyRewarder
from rubricate.integrations.rows import Prompt, answer_of
from rubricate.integrations.teller import Ask, Teller, Told, required
from rubricate.rewarder import AnyRubric


@dataclass(frozen=True)
class RubricGroup:
    """The environments of one prompt, mixed into tinker's ``EnvGroupBuilder`` as ``RubricGroupBuilder``; pickles.

    ``prompt``: chat messages (or text), which ``renderer`` makes an observation of. ``rubric``: JSON, a table, an id;
    None for the only one of the rewarder. Without ``rewarder`` it comes from the environment. ``size`` environments.

    together False: ``Env.step`` judges its response, so that a missing reward costs one trajectory. True:
    ``compute_group_rewards`` judges all of them at once, which policies that compare responses need; a missing reward
    then costs the group, or gets the mean of the others under ``on_missing="group_mean"``.
    """

    renderer: Any = field(repr=False)
    prompt: Prompt
    rubric: AnyRubric = None
    reference: str | None = None
    documents: Sequence[str] = ()
    size: int = 8
    rewarder: AnyRewarder | None = None
    on_missing: str = "abstain"
    lowest: float | None = None
    together: bool = False
    tags: tuple[str, ...] = ("rubric",)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise SettingError(f"size={self.size}", expected="one or more environments")
        if self.rewarder is not None:
            _ = self.teller  # a wrong policy is told here, not in the first step

    @property
    def teller(self) -> Teller:
        """What judges, and what it says in place of a missing reward."""
        if self.rewarder is None:
            return Teller.configured(self.on_missing)
        return Teller(self.rewarder, self.on_missing, lowest=self.lowest)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The prompt as chat messages."""
        plain = isinstance(self.prompt, str)
        return [{"role": "user", "content": self.prompt}] if plain else [dict(m) for m in self.prompt]  # type: ignore[arg-type]

    def ask(self, response: str) -> Ask:
        """What is asked about one response."""
        return Ask(self.messages, response, self.rubric, self.reference, list(self.documents))

    async def make_envs(self) -> Sequence[Any]:
        """``size`` fresh environments."""
        kind = _classes()[0]
        return [kind(self) for _ in range(self.size)]

    async def compute_group_rewards(
        self, trajectory_group: Sequence[Any], env_group: Sequence[Any]
    ) -> list[tuple[float, dict[str, Any]]]:
        """(reward, curves) per trajectory: 0 and none when the steps have judged already."""
        if not self.together:
            return [(0.0, {}) for _ in trajectory_group]
        told = await self.teller.tell([self.ask(env.response) for env in env_group])
        return [(required(t, "tinker"), dict(t.known)) for t in told]

    def logging_tags(self) -> list[str]:
        """``tags``, under which tinker averages the curves."""
        return list(self.tags)


class RubricTurn:
    """One episode of one response, mixed into tinker's ``Env`` as ``RubricEnv``; used once.

    What the renderer takes for thinking is no part of the response; a response that was cut off is judged as it is.
    """

    def __init__(self, group: RubricGroup) -> None:
        self.group = group
        self.response = ""

    async def initial_observation(self) -> tuple[Any, Any]:
        """The rendered prompt, and where to stop."""
        renderer = self.group.renderer
        return renderer.build_generation_prompt(self.group.messages), renderer.get_stop_sequences()

    async def step(self, action: Sequence[int], *, extra: Any = None) -> Any:
        """The end of the episode: its reward, curves as metrics, verdicts (JSON) and ``why`` as logs.

        PolicyError without a reward under ``on_missing="abstain"``.
        """
        message, _ = self.group.renderer.parse_response(list(action))
        self.response, _ = answer_of([message])
        if self.group.together:
            return _end(0.0, {}, {})
        (told,) = await self.group.teller.tell([self.group.ask(self.response)])
        return _end(required(told, "tinker"), dict(told.known), logs_of(told))


def logs_of(told: Told) -> dict[str, str | int]:
    """What tinker shows beside an episode."""
    return {"rubric/valid": int(told.valid), "rubric/why": told.scored.why, "rubric/verdicts": told.verdicts}


def _end(reward: float, metrics: dict[str, Any], logs: dict[str, Any]) -> Any:
    from tinker import ModelInput
    from tinker_cookbook.rl.types import StepResult

    return StepResult(
        reward=reward, episode_done=True, next_observation=ModelInput.empty(), next_stop_condition=[],
        metrics=metrics, logs=logs,
    )  # fmt: skip


@functools.lru_cache(maxsize=1)
def _classes() -> tuple[type, type]:
    try:
        from tinker_cookbook.rl.types import Env, EnvGroupBuilder
    except ImportError:
        raise MissingExtraError(
            "RubricGroupBuilder needs tinker_cookbook", hint="Install it with: pip install tinker-cookbook"
        ) from None
    env = type("RubricEnv", (RubricTurn, Env), {"__doc__": RubricTurn.__doc__, "__module__": __name__})
    about = {"__doc__": RubricGroup.__doc__, "__module__": __name__}
    return env, type("RubricGroupBuilder", (RubricGroup, EnvGroupBuilder), about)


def __getattr__(name: str) -> Any:
    """``RubricEnv`` and ``RubricGroupBuilder``: built on first use, since they need tinker-cookbook."""
    if name in ("RubricEnv", "RubricGroupBuilder"):
        return _classes()[name == "RubricGroupBuilder"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
