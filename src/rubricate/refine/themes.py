"""Criteria of many rubrics consolidated into one: doubles become one criterion, criteria stand under themes.

Card 186 (arXiv 2605.08354): the rubrics that survive verification become one hierarchical rubric, themes -> criteria.
Nothing is lost in silence: every given criterion is a member of exactly one of the new ones, which names it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.errors import SettingError, UnknownNameError
from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import numbered, prompt_digest, request, template
from rubricate.refine.consensus import alike_groups
from rubricate.refine.texts import text_fault
from rubricate.rubrics.model import Criterion, PolicySpec, Rubric
from rubricate.rubrics.records import Provenance
from rubricate.rubrics.wording import overlap

Similarity = Callable[[Sequence[str]], ArrayLike]
WEIGHTS = ("mean", "sum")


class Member(NamedTuple):
    """A criterion that was given, by its name ``rubric/criterion``."""

    name: str
    criterion: Criterion


class Merged(NamedTuple):
    """A criterion in place of several: its text, and the places of its members."""

    text: str
    members: tuple[int, ...]


class Theme(NamedTuple):
    """What several criteria are about."""

    name: str
    criteria: tuple[Merged, ...]


Group = Callable[[Sequence[Criterion]], Awaitable[Sequence[Theme]]]


def members_of(rubrics: Sequence[Rubric]) -> tuple[Member, ...]:
    """The leaves of all rubrics, in order, named by rubric and id."""
    return tuple(Member(f"{r.id}/{c.id}", c) for r in rubrics for c in r.leaves)


def merged_alike(
    criteria: Sequence[Criterion], *, similar: Similarity | None = None, threshold: float = 0.7, largest: int = 0
) -> tuple[Merged, ...]:
    """Criteria that say the same as one: the first one's text, at most ``largest`` members each (0: any number).

    Alike by the share of common words, or by ``similar(texts) -> [M, M]``. Something good and something bad never
    become one.

    >>> same = [Criterion(id="a", text="Names the dose."), Criterion(id="b", text="Names a dose.")]
    >>> merged_alike(same)
    (Merged(text='Names the dose.', members=(0, 1)),)
    """
    texts = [c.text for c in criteria]
    found = similar(texts) if similar else [[overlap(a, b) for b in texts] for a in texts]
    alike = np.asarray(found, dtype=np.float64).reshape(len(texts), len(texts))
    bad = np.array([c.bad_if_met for c in criteria], dtype=np.bool_)
    leader = alike_groups(np.where(bad[:, None] == bad, alike, np.nan), threshold=threshold, largest=largest)
    return tuple(Merged(texts[k], tuple(np.flatnonzero(leader == k).tolist())) for k in np.unique(leader).tolist())


@dataclass(frozen=True)
class LlmThemes:
    """Asks a model for at most ``themes`` themes, of at most ``criteria`` criteria with at most ``members`` members.

    A reply is asked for again unless every given criterion stands under exactly one new one, no new one mixes something
    good with something bad, or scales, or takes in what a program decides, and the new texts are sentences that point
    at no answer and repeat none of each other; in the end it is a CallError. More than ``limit`` criteria are refused:
    merge those that are alike first.
    """

    client: Client
    themes: int = 6
    criteria: int = 8
    members: int = 12
    limit: int = 80
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.0

    def __post_init__(self) -> None:
        if min(self.themes, self.criteria, self.members, self.limit) < 1:
            raise SettingError(f"{self!r}", expected="themes, criteria, members and limit >= 1")

    async def __call__(self, criteria: Sequence[Criterion]) -> tuple[Theme, ...]:
        """Themes over ``criteria``; SettingError for none or too many, CallError without a usable reply."""
        room = min(self.limit, self.themes * self.criteria * self.members)
        if not 1 <= len(criteria) <= room:
            raise SettingError(
                f"{len(criteria)} criteria", where="LlmThemes", expected=f"1 to {room}",
                hint="Merge those that are alike first (merged_alike), or raise the limits",
            )  # fmt: skip
        asked = await ask_json(
            self.client, self.request(criteria), "themes", lambda v: self._read(v, criteria), reasks=self.reasks
        )
        return asked.unwrap()

    def request(self, criteria: Sequence[Criterion]) -> Request:
        """The request for themes."""
        values = {"themes": self.themes, "criteria": self.criteria, "members": self.members}
        texts = [c.text + ("\n(bad when met)" if c.bad_if_met else "") for c in criteria]
        given = {k: str(v) for k, v in values.items()}
        return request("themes", given, numbered("criterion", texts), model=self.model, temperature=self.temperature)

    def _read(self, value: Any, criteria: Sequence[Criterion]) -> tuple[Theme, ...] | Problem:
        if not isinstance(value, list) or not 1 <= len(value) <= self.themes:
            return Problem(f'"themes" must be a list of 1 to {self.themes} themes')
        out: list[Theme] = []
        known: list[Criterion] = []
        for entry in value:
            theme = self._theme(entry, criteria, known)
            if isinstance(theme, Problem):
                return theme
            out.append(theme)
        if len({t.name.casefold() for t in out}) < len(out):
            return Problem("two themes have one name")
        return _complete([k for t in out for c in t.criteria for k in c.members], len(criteria)) or tuple(out)

    def _theme(self, entry: Any, criteria: Sequence[Criterion], known: list[Criterion]) -> Theme | Problem:
        name, items = (entry.get("name"), entry.get("criteria")) if isinstance(entry, dict) else (None, None)
        if not isinstance(name, str) or not 0 < len(name.strip()) <= 80 or not name.strip().isprintable():
            return Problem('a theme needs a "name" of at most 80 characters on one line')
        if not isinstance(items, list) or not 1 <= len(items) <= self.criteria:
            return Problem(f'a theme needs "criteria", a list of 1 to {self.criteria}')
        found = [self._merged(item, criteria, known) for item in items]
        wrong = next((f for f in found if isinstance(f, Problem)), None)
        return wrong or Theme(name.strip(), tuple(f for f in found if isinstance(f, Merged)))

    def _merged(self, item: Any, criteria: Sequence[Criterion], known: list[Criterion]) -> Merged | Problem:
        text, numbers = (item.get("text"), item.get("from")) if isinstance(item, dict) else (None, None)
        if not isinstance(text, str):
            return Problem('a criterion needs a "text"')
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= self.members:
            return Problem(f'a criterion needs "from", a list of 1 to {self.members} numbers')
        if not all(type(n) is int and 1 <= n <= len(criteria) for n in numbers):
            return Problem(f'"from" holds something else than numbers from 1 to {len(criteria)}')
        first = criteria[numbers[0] - 1]
        if any(_kind(criteria[n - 1], n) != _kind(first, numbers[0]) for n in numbers):
            return Problem(f"{numbers} cannot be one: good and bad, other scales, or a program's")
        why = text_fault(text.strip(), known, bad_if_met=first.bad_if_met)
        if why:
            return Problem(f'the "text" of a criterion cannot be used: {why}')
        places = tuple(n - 1 for n in numbers)
        known.append(criteria[places[0]].model_copy(update={"text": text.strip()}))
        return Merged(text.strip(), places)


def _kind(criterion: Criterion, place: int) -> Any:
    """What criteria that become one must share; a criterion with a verifier stays alone."""
    return place if criterion.verifier else (criterion.bad_if_met, criterion.scale.model_dump_json())


def _complete(places: Sequence[int], count: int) -> Problem | None:
    twice = sorted({k + 1 for k in places if places.count(k) > 1})
    left = sorted(set(range(count)) - set(places))
    if twice:
        return Problem(f"the numbers {twice} stand twice")
    return Problem(f"the numbers {[k + 1 for k in left]} stand nowhere") if left else None


async def consolidate(
    rubrics: Sequence[Rubric],
    group: Group | None = None,
    *,
    id: str,
    weight: str = "mean",
    policy: str = "weighted_mean",
    similar: Similarity | None = None,
    threshold: float = 0.7,
    largest: int = 12,
) -> Rubric:
    """One rubric of themes from many: criteria that are alike are merged, then ``group`` (``LlmThemes``) makes themes.

    Without ``group`` the themes are the axes of the criteria. Each leaf stands under its theme and has it as its axis;
    its weight is the ``mean`` (or ``sum``) of its members' weights; its scale, class and verifier are those of its
    first member, its evidence that of all; ``provenance.source`` names all members as ``rubric/criterion``. Members
    with another scale or a verifier stay on their own. SettingError without a criterion or for rubrics of one id.
    """
    if weight not in WEIGHTS:
        raise UnknownNameError.among("weight", weight, WEIGHTS)
    given = members_of(rubrics)
    if not given or len({r.id for r in rubrics}) < len(rubrics):
        raise SettingError(
            f"{len(given)} criteria of the rubrics {[r.id for r in rubrics]}", expected="some, of rubrics with own ids"
        )
    first = merged_alike([m.criterion for m in given], similar=similar, threshold=threshold, largest=largest)
    first = tuple(one for merged in first for one in _unmixed(merged, given))
    heads = [given[m.members[0]].criterion for m in first]
    themes = await group(heads) if group else _by_axis(heads)
    nodes = [_node(k, theme, first, given, weight, bool(group)) for k, theme in enumerate(themes, 1)]
    origin = Provenance(generator="consolidate", source=", ".join(r.id for r in rubrics))
    return Rubric(id=id, criteria=tuple(nodes), policy=PolicySpec(name=policy), provenance=origin)


def _unmixed(merged: Merged, given: Sequence[Member]) -> list[Merged]:
    """Members that are judged alike (one scale, no verifier) stay together, the others stand alone."""
    kinds: dict[Any, list[int]] = {}
    for k in merged.members:
        kinds.setdefault(_kind(given[k].criterion, k), []).append(k)
    return [Merged(given[places[0]].criterion.text, tuple(places)) for places in kinds.values()]


def _by_axis(heads: Sequence[Criterion]) -> list[Theme]:
    axes = dict.fromkeys(c.axis for c in heads)
    return [
        Theme(axis or "criteria", tuple(Merged(c.text, (k,)) for k, c in enumerate(heads) if c.axis == axis))
        for axis in axes
    ]


def _node(
    k: int, theme: Theme, first: Sequence[Merged], given: Sequence[Member], weight: str, asked: bool
) -> Criterion:  # fmt: skip
    """A theme as a node with its criteria below."""
    digest = prompt_digest(template("themes")) if asked else ""
    leaves = []
    for j, merged in enumerate(theme.criteria, 1):
        places = [place for head in merged.members for place in first[head].members]
        own = [given[p] for p in places]
        names = ", ".join(m.name for m in own)
        origin = Provenance(generator="LlmThemes" if asked else "merged_alike", prompt_digest=digest, source=names)
        total = sum(m.criterion.weight for m in own)
        head = own[0].criterion
        leaves.append(head.model_copy(update={
            "id": f"t{k}.{j}", "text": merged.text, "axis": theme.name, "provenance": origin, "children": (),
            "weight": total / len(own) if weight == "mean" else total,
            "evidence": tuple(dict.fromkeys(e for m in own for e in m.criterion.evidence)),
        }))  # fmt: skip
    return Criterion(id=f"t{k}", text=theme.name, children=tuple(leaves))
