"""OpenEnv: a rubric as a tree of OpenEnv rubrics (``rubric_tree``), and such a tree as a rubric (``rubric_of``).

Contract run with OpenEnv 0.10.0: an environment sets ``observation.reward`` to what its rubric gives for an action and
an observation; the reward is a number, so a response without one is told as ``on_missing`` says (zero by default, and
``tree.told`` keeps the reason). Read back, a part that raises or gives no number in [0, 1] costs its own verdict.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rubricate.errors import MissingExtraError, PolicyError, SettingError
from rubricate.integrations.teller import Ask, Teller, Told, required
from rubricate.judges.base import settings_digest
from rubricate.llm.client import Client
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict
from rubricate.verifiers.base import Kept

Read = Callable[[Any, Any], Ask]
Play = Callable[[Sample], tuple[Any, Any]]


def read_text(action: Any, observation: Any) -> Ask:
    """The response is the action (text, or its ``message``, ``content`` or ``text``), the prompt the observation."""
    return Ask(_text(observation), _text(action))


def play_text(sample: Sample) -> tuple[Any, Any]:
    """The action is the response, the observation the text of the last message of the prompt."""
    return sample.response, sample.prompt[-1].content if sample.prompt else ""


def rubric_tree(teller: Teller, rubric: Rubric, read: Read = read_text) -> Any:
    """An OpenEnv rubric that gives the reward of ``rubric``, with one child per criterion.

    ``env.rubric = rubric_tree(Teller(rewarder), rubric)``; awaited, as OpenEnv's own judges are. After each call
    ``last_score`` of a child is the value of its criterion in [0, 1] as it is worded, None without a verdict; a child
    that is called by itself judges the rubric and gives that value. ``tree.told`` is the last ``Told``.
    """
    tree, child = _classes()
    return tree(teller, rubric, read, child)


def rubric_of(
    tree: Any, id: str, texts: Mapping[str, str] | None = None, play: Play = play_text
) -> tuple[Rubric, TreeJudge]:
    """(Rubric, TreeJudge) of an OpenEnv rubric: ``Rewarder((rubric,), judge=judge)`` gives what the tree gives.

    The children of nested ``WeightedSum`` become criteria, their weights multiplied (``rubric_lib_raw``: sum w v, any
    signs). Everything else (a ``Gate``, a ``Sequential``, a rubric of your own) is one criterion, run as it is.
    ``texts`` say in words what a part (by its dotted name, ``score`` for a tree that is no sum) checks.
    """
    parts = list(_parts(tree, "", 1.0)) or [("score", 1.0, tree)]
    words = dict(texts or {})
    unknown = sorted(set(words) - {name for name, _, _ in parts})
    if unknown:
        raise SettingError(f"texts for {unknown[0]!r}", expected=f"parts among {[name for name, _, _ in parts]}")
    criteria = [
        {"id": name, "text": words.get(name) or _about(part), "weight": weight, "scale": {"kind": "points"}}
        for name, weight, part in parts
    ]
    rubric = Rubric.model_validate({"id": id, "criteria": criteria, "policy": "rubric_lib_raw"})
    return rubric, TreeJudge({name: part for name, _, part in parts}, play)


@dataclass(frozen=True)
class TreeJudge:
    """Runs the parts of an OpenEnv tree as criteria; ``play`` makes action and observation from a sample."""

    parts: Mapping[str, Any] = field(repr=False)
    play: Play = play_text

    needs_client = False

    @property
    def digest(self) -> str:
        """Names and classes of the parts: their code and settings are OpenEnv's, and not part of it."""
        return settings_digest(_Named(tuple((k, type(v).__qualname__) for k, v in self.parts.items())))

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria of a response together."""
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None = None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion; the client is not used."""
        action, observation = self.play(sample)
        return tuple([await self._verdict(c, action, observation) for c in criteria])

    async def _verdict(self, criterion: Criterion, action: Any, observation: Any) -> Verdict:
        lost = functools.partial(Verdict, criterion.id, State.FAILED, judge=self.digest)
        if criterion.id not in self.parts:
            return lost(reason="the tree has no such part")
        with Kept() as kept:
            found = self.parts[criterion.id](action, observation)
            found = await found if inspect.isawaitable(found) else found
        if kept.error is not None:
            return lost(reason=f"{type(kept.error).__name__}: {kept.error}")
        if isinstance(found, (int, float)) and math.isfinite(found) and 0.0 <= found <= 1.0:
            return Verdict(criterion.id, State.SCORED, value=float(found), judge=self.digest)
        return lost(reason=f"the part gave {found!r}; expected a number in [0, 1]")


@dataclass(frozen=True)
class _Named:
    parts: tuple[tuple[str, str], ...]


def _parts(tree: Any, prefix: str, weight: float) -> Iterator[tuple[str, float, Any]]:
    """The parts of nested sums: dotted name, product of weights, part; nothing for a tree that is no sum."""
    if type(tree).__name__ != "WeightedSum":
        return
    for (name, child), own in zip(tree.named_children(), tree.weights, strict=True):
        path = f"{prefix}{name}"
        inner = list(_parts(child, f"{path}.", weight * own))
        yield from inner or [(path, weight * own, child)]


def _about(part: Any) -> str:
    said = inspect.getdoc(part)
    return f"{type(part).__name__}: {said.splitlines()[0]}" if said else type(part).__name__


def _text(thing: Any) -> str:
    if isinstance(thing, str):
        return thing
    for name in ("message", "content", "text", "prompt"):
        found = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
        if isinstance(found, str):
            return found
    if thing is None:
        return ""
    raise SettingError(
        f"a {type(thing).__name__} has no text", expected="text, or message, content or text", hint="Give read="
    )


class CriterionNode:
    """One criterion of a tree, mixed into OpenEnv's ``Rubric``."""

    def __init__(self, criterion: Criterion, score: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self._criterion, self._score = criterion, score

    async def forward(self, action: Any, observation: Any) -> float:
        """Judge the rubric, give the value of this criterion; PolicyError without a verdict."""
        told = await self._score(action, observation)
        found = value_of(told, self._criterion)
        if found is None:
            raise PolicyError(f"no verdict on {self._criterion.id!r}: {told.scored.why or 'not judged'}")
        return found


class TreeNode:
    """A rubric of rubricate, mixed into OpenEnv's ``Rubric``: a child per criterion."""

    def __init__(self, teller: Teller, rubric: Rubric, read: Read, child: type) -> None:
        super().__init__()
        self._teller, self._judged, self._read = teller, rubric, read
        self.told: Told | None = None
        self._nodes: list[tuple[Criterion, Any]] = []
        for criterion in rubric.leaves:
            if hasattr(self, criterion.id):
                raise SettingError(f"the criterion id {criterion.id!r} is a name of OpenEnv's", hint="Rename it")
            self._nodes.append((criterion, child(criterion, self._score)))
            setattr(self, criterion.id, self._nodes[-1][1])

    async def _score(self, action: Any, observation: Any) -> Told:
        ask = self._read(action, observation)
        (told,) = await self._teller.tell([ask._replace(rubric=self._judged)])
        return told

    async def forward(self, action: Any, observation: Any) -> float:
        """The reward of the response."""
        self.told = told = await self._score(action, observation)
        for criterion, node in self._nodes:
            node.last_score = value_of(told, criterion)
        return required(told, "OpenEnv")


def value_of(told: Told, criterion: Criterion) -> float | None:
    """The value of a criterion in [0, 1], as it is worded; None without a verdict."""
    scale = criterion.scale
    for verdict in told.scored.verdicts:
        if verdict.criterion == criterion.id and verdict.value is not None:
            return (verdict.value - scale.min) / (scale.max - scale.min)
    return None


@functools.lru_cache(maxsize=1)
def _classes() -> tuple[type, type]:
    try:
        from openenv.core.rubrics import Rubric as Base
    except ImportError:
        raise MissingExtraError("rubric_tree needs openenv", hint="Install it with: pip install openenv") from None
    return type("RubricTree", (TreeNode, Base), {}), type("CriterionRubric", (CriterionNode, Base), {})
