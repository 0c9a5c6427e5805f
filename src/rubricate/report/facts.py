"""The numbers of a report, from the arrays of a result: verdict states, rewards, groups, criteria, calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rubricate.arrays import Floats, Ints
from rubricate.rubrics.model import Criterion, PolicySpec, Rubric
from rubricate.types import STATES, State, Usage

if TYPE_CHECKING:
    from rubricate.pipeline import Result

MANY = 120  # more kinds of criteria than this are put together by axis or id


@dataclass(frozen=True)
class RewardFacts:
    """Rewards of a run. ``mean`` to ``high`` are over the defined ones (NaN without any); ``undefined`` counts why.

    ``sd`` is the population spread, ``within`` the mean spread inside groups of two or more rewards (``groups`` of
    them, ``flat`` without any spread: they give a group-relative trainer nothing to learn from).
    """

    defined: int
    undefined: Mapping[str, int]
    mean: float
    sd: float
    low: float
    median: float
    high: float
    groups: int
    flat: int
    within: float


@dataclass(frozen=True)
class GroupFacts:
    """One group: its rows, how many have a reward, their mean, the best and the worst row (-1 without a reward)."""

    name: str
    rows: Ints
    defined: int
    mean: float
    best: int
    worst: int


@dataclass(frozen=True)
class CriterionFacts:
    """What the verdicts on one criterion show. ``mean`` and ``sd`` are in units of the scale, NaN without a value.

    ``judged`` has a value, ``missing`` was asked and has none. ``weight`` runs from the lowest to the highest where
    rubrics differ. ``flat``: two or more values, all equal, so that it tells no response from another.
    """

    name: str
    text: str
    judged: int
    missing: int
    mean: float
    sd: float
    lo: float
    hi: float
    weight: tuple[float, float]
    bad: bool
    flat: bool
    kinds: int


@dataclass(frozen=True)
class CriteriaFacts:
    """Criteria of all rubrics, and what one row stands for: criterion, axis or id."""

    by: str
    rows: tuple[CriterionFacts, ...]


def by_code(result: Result) -> list[Rubric]:
    """The rubrics in the order of the rubric codes of the arrays."""
    table = {r.digest: r for r in result.rubrics.values()}
    return [table[d] for d in result.scores.digests]


def policy_of_run(config: Mapping[str, Any]) -> PolicySpec | None:
    """The policy that a run names in its configuration; None: each rubric's own."""
    policy = config.get("policy")
    return None if policy is None else PolicySpec.model_validate(policy)


def by_recipe(config: Mapping[str, Any]) -> bool:
    """Whether the rewards of a run are those that its recipe gave; they are no sum over criteria."""
    return config.get("rewards_by") == "recipe"


def state_counts(result: Result) -> dict[State, int]:
    """How many verdicts there are in each state that occurs."""
    states = result.scores.states
    found = np.bincount(states[states >= 0].astype(np.int64), minlength=len(STATES))
    return {state: int(n) for state, n in zip(STATES, found, strict=True) if n}


def reward_facts(result: Result) -> RewardFacts:
    """Mean, spread and gaps of the rewards."""
    rewards = result.rewards
    undefined = Counter(rewards.why(int(i)) for i in np.flatnonzero(~rewards.valid))
    spreads = [rewards.values[g.rows] for g in group_facts(result) if g.defined > 1]
    spread = np.array([np.nanstd(v) for v in spreads])
    flat = sum(np.nanmax(v) == np.nanmin(v) for v in spreads)
    x = rewards.values[rewards.valid]
    nan = float("nan")
    low, middle, high = (float(q) for q in np.quantile(x, (0.0, 0.5, 1.0))) if len(x) else (nan, nan, nan)
    return RewardFacts(
        defined=len(x), undefined=dict(undefined.most_common()), mean=float(x.mean()) if len(x) else nan,
        sd=float(x.std()) if len(x) else nan, low=low, median=middle, high=high, groups=len(spreads), flat=int(flat),
        within=float(spread.mean()) if len(spread) else nan,
    )  # fmt: skip


def group_facts(result: Result) -> list[GroupFacts]:
    """The groups in order of appearance, with the best and the worst answer of each; ties go to the first."""
    group, rewards = result.scores.group, result.rewards.values
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []
    out = []
    for rows in sorted(parts, key=lambda r: int(r[0])):
        known = rows[~np.isnan(rewards[rows])]
        ends = (known[rewards[known].argmax()], known[rewards[known].argmin()]) if len(known) else (-1, -1)
        mean = float(rewards[known].mean()) if len(known) else float("nan")
        name = result.samples[int(rows[0])].group
        out.append(GroupFacts(name, rows, len(known), mean, int(ends[0]), int(ends[1])))
    return out


def criteria_facts(result: Result) -> CriteriaFacts:
    """Verdicts per criterion. Equal criteria of several rubrics count as one.

    With more than 120 different ones they are put together by axis, or where there are no axes by id.
    """
    rubrics = by_code(result)
    leaves = [(k, j, c) for k, r in enumerate(rubrics) for j, c in enumerate(r.leaves)]
    by, keys = "criterion", [_key(c, c.text) for _, _, c in leaves]
    if len(set(keys)) > MANY:
        by = "axis" if all(c.axis for _, _, c in leaves) else "id"
        keys = [_key(c, "", c.axis if by == "axis" else c.id) for _, _, c in leaves]
    codes = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    table = np.full((len(rubrics), result.scores.values.shape[1]), -1, dtype=np.int64)
    members: list[list[Criterion]] = [[] for _ in codes]
    for (k, j, criterion), key in zip(leaves, keys, strict=True):
        table[k, j] = codes[key]
        members[codes[key]].append(criterion)
    return CriteriaFacts(by, tuple(_tally(result, table, list(codes), members)))


def _key(criterion: Criterion, text: str, name: str = "") -> tuple[Any, ...]:
    scale = criterion.scale
    return name or criterion.id, text, scale.kind, scale.min, scale.max, criterion.bad_if_met


def _tally(
    result: Result, table: Ints, keys: list[tuple[Any, ...]], members: list[list[Criterion]]
) -> list[CriterionFacts]:
    scores, size = result.scores, len(keys)
    cell, value = table[scores.rubric], native(result)
    have = scores.asked & ~scores.missing & (cell >= 0)
    at, x = cell[have], value[have]
    judged = np.bincount(at, minlength=size)
    missing = np.bincount(cell[scores.missing], minlength=size)
    mean = _over(np.bincount(at, weights=x, minlength=size), judged)
    variance = _over(np.bincount(at, weights=(x - mean[at]) ** 2, minlength=size), judged)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, at, x)
    np.maximum.at(high, at, x)
    on = scores.asked & (cell >= 0)
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(least, cell[on], scores.weights[on])
    np.maximum.at(most, cell[on], scores.weights[on])
    return [
        CriterionFacts(
            name=key[0], text=own[0].text if len({c.text for c in own}) == 1 else "", judged=int(judged[k]),
            missing=int(missing[k]), mean=float(mean[k]), sd=float(np.sqrt(variance[k])), lo=key[3], hi=key[4],
            weight=(float(least[k]), float(most[k])) if least[k] <= most[k] else (own[0].weight, own[0].weight),
            bad=key[5], flat=bool(judged[k] > 1 and low[k] == high[k]), kinds=len({c.text for c in own}),
        )
        for k, (key, own) in enumerate(zip(keys, members, strict=True))
    ]  # fmt: skip


def _over(total: NDArray[Any], count: NDArray[Any]) -> Floats:
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)


def native(result: Result) -> Floats:
    """[N, C] verdicts as the judge gave them, in units of their scales.

    ``Scores.native`` has the criteria that are bad if met turned round; here they are turned back.
    """
    scores = result.scores
    flip = np.zeros((len(scores.digests), scores.values.shape[1]), dtype=np.bool_)
    for k, rubric in enumerate(by_code(result)):
        flip[k, : len(rubric.leaves)] = rubric.columns().flip
    rows = flip[scores.rubric]
    return np.where(rows, scores.lo + scores.hi - scores.native, scores.native)


def goodness(criterion: Criterion, value: float) -> float:
    """How good a verdict is for the reward, 0 worst to 1 best: the place on the scale, turned round for bad criteria.

    >>> goodness(Criterion(id="a", text="A.", weight=-2), 1.0)
    0.0
    """
    share = (value - criterion.scale.min) / (criterion.scale.max - criterion.scale.min)
    return 1.0 - share if criterion.bad_if_met or criterion.weight < 0 else share


def call_usages(result: Result) -> list[Usage]:
    """What was spent on each verdict that carries its own cost, where calls were made."""
    return [v.usage for j in result.judgements for v in j.verdicts if v.usage and v.usage.calls]
