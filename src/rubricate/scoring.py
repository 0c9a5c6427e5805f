"""From judgements to arrays and rewards, rubric by rubric: where rubrics, their policies and the pure scorers meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rubricate.arrays import Floats, Scores, pack
from rubricate.errors import LockError, RubricError, UnknownNameError
from rubricate.rewards.named import named
from rubricate.rewards.policies import Rewards
from rubricate.rubrics.model import PolicySpec, Rubric
from rubricate.types import Judgement, Sample

Policy = str | PolicySpec | None


def as_rubrics(rubrics: Rubric | Iterable[Rubric] | Mapping[str, Rubric]) -> dict[str, Rubric]:
    """Rubrics by id; two different rubrics with one id are an error."""
    table: dict[str, Rubric] = {}
    listed = [rubrics] if isinstance(rubrics, Rubric) else rubrics.values() if isinstance(rubrics, Mapping) else rubrics
    for rubric in listed:
        if rubric.id in table and table[rubric.id].digest != rubric.digest:
            raise RubricError(f"two different rubrics have the id {rubric.id!r}", hint="Give each its own id")
        if rubric.locked and rubric.locked != rubric.digest:
            raise LockError(
                f"the rubric was changed after it was locked (digest {rubric.digest}, lock {rubric.locked})",
                where=f"rubric {rubric.id!r}",
                hint="Undo the change, or lock it again: rubricate rubric lock FILE",
            )
        table[rubric.id] = rubric
    if not table:
        raise RubricError("no rubric was given", expected="at least one")
    return table


def pack_samples(samples: Sequence[Sample], table: Mapping[str, Rubric], judgements: Sequence[Judgement]) -> Scores:
    """Judgements as arrays; responses of one ``group`` share a group id, those without a group stand alone."""
    names = [s.group or f"\x1f{s.id}" for s in samples]
    codes = {name: k for k, name in enumerate(dict.fromkeys(names))}
    group = np.fromiter((codes[n] for n in names), dtype=np.int64, count=len(names))
    return pack(judgements, {r.digest: r.columns() for r in table.values()}, group)


def reward(scores: Scores, rubrics: Rubric | Iterable[Rubric] | Mapping[str, Rubric], policy: Policy = None) -> Rewards:
    """Rewards under the policies that the rubrics carry, or under ``policy``; nothing is asked."""
    return _by_policy(scores, as_rubrics(rubrics), policy, lambda p, s, structure: p.score(s, structure))


def contributions(scores: Scores, rubrics: Mapping[str, Rubric], policy: Policy = None) -> Floats:
    """[N, C]: how much each criterion moved each reward, under the policy."""
    out = np.zeros(scores.values.shape)
    for rows, chosen, structure in _parts(scores, as_rubrics(rubrics), policy):
        out[rows] = chosen.contributions(_rows(scores, rows), structure)
    return out


def _parts(scores: Scores, table: Mapping[str, Rubric], policy: Policy) -> list[tuple[Any, Any, Any]]:
    """(rows, policy, structures) for every set of rows that one policy scores; structures go by rubric code."""
    by_digest = {r.digest: r for r in table.values()}
    unknown = [d for d in scores.digests if d not in by_digest]
    if unknown:
        raise UnknownNameError.among("rubric digest", unknown[0], by_digest, where="scores")
    rubrics = [by_digest[d] for d in scores.digests]
    codes: dict[Any, list[int]] = {}
    for code, rubric in enumerate(rubrics):
        codes.setdefault(policy_of(rubric, policy), []).append(code)
    structures = None
    if any(chosen.needs_structure for chosen in codes):
        structures = [rubric.structure() for rubric in rubrics]
    return [
        (np.isin(scores.rubric, own), chosen, structures if chosen.needs_structure else None)
        for chosen, own in codes.items()
    ]


def policy_of(rubric: Rubric, policy: Policy) -> Any:
    """The policy that scores a rubric: ``policy`` when it is given, else the rubric's own."""
    spec = rubric.policy if policy is None else PolicySpec.model_validate(policy) if isinstance(policy, str) else policy
    return named(spec.name, **spec.settings)


def _rows(scores: Scores, rows: Any) -> Scores:
    if rows.all():
        return scores
    names = ("values", "asked", "weights", "lo", "hi", "gate", "category", "group", "rubric", "states")
    return replace(scores, **{n: getattr(scores, n)[rows] for n in names})


def _by_policy(scores: Scores, table: Mapping[str, Rubric], policy: Policy, score: Callable[..., Rewards]) -> Rewards:
    parts = _parts(scores, table, policy)
    if len(parts) == 1 and parts[0][0].all():
        return score(parts[0][1], scores, parts[0][2])
    return Rewards.gather(
        len(scores), [(rows, score(p, _rows(scores, rows), structure)) for rows, p, structure in parts]
    )
