"""Rules of a judge improved by a game: a writer learns to hide flaws, the judge learns from what it missed.

Card 75 (code read). The rules of the judge are the product; its verdict good or bad is then the reward.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rubricate.errors import SettingError

Rules = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A text whose quality is known."""

    text: str
    good: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What the judge said: good or bad, why, and (for a bad text) how its writer could have hidden it better."""

    good: bool
    reason: str = ""
    hint: str = ""


class Players(Protocol):
    """The four roles, each usually one prompt of a model."""

    def write(self, attack: Rules, rng: np.random.Generator) -> Case:
        """A text by the rules of the writer, with its true label."""
        ...

    def judge(self, rules: Rules, text: str) -> Finding:
        """The verdict by the rules of the judge."""
        ...

    def reflect(self, rules: Rules, case: Case, finding: Finding) -> str:
        """What the judge should have known, after a wrong verdict; an empty text proposes nothing."""
        ...

    def merge(self, rules: Rules, hint: str, limit: int) -> Iterable[str]:
        """The rules with the hint worked in: added, merged with another, or in place of one."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """Rules after the game: of the judge, of the writer; ``right[r]`` share of right verdicts in round r; warnings."""

    rules: Rules
    attack: Rules
    right: tuple[float, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class RuleGame:
    """``rounds`` batches of ``batch`` texts, then known cases; rule lists stay between 1 and ``max_rules`` long.

    A wrong verdict goes to the reflector, whose proposal is merged into the judge's rules; a bad text that was caught
    gives its writer the judge's hint. A merge that returns nothing, or too many rules, is refused; one that halves the
    list is taken with a warning. ``reflect=False`` leaves the judge as it is, for comparison.
    """

    rounds: int = 8
    batch: int = 4
    max_rules: int = 10
    reflect: bool = True

    def __post_init__(self) -> None:
        if min(self.rounds, self.batch, self.max_rules) < 1:
            raise SettingError(repr(self), expected="rounds, batch and max_rules from 1")

    def play(
        self,
        players: Players,
        rng: np.random.Generator,
        *,
        rules: Sequence[str] = (),
        attack: Sequence[str] = (),
        cases: Sequence[Case] = (),
    ) -> Played:
        """Play from the given rules; ``cases`` are the labelled texts of the last phase, in which no writer learns."""
        mine, theirs = tuple(rules), tuple(attack)
        right: list[float] = []
        warnings: list[str] = []
        known = [list(cases[k : k + self.batch]) for k in range(0, len(cases), self.batch)]
        for number in range(self.rounds + len(known)):
            written = number < self.rounds
            batch = [players.write(theirs, rng) for _ in range(self.batch)] if written else known[number - self.rounds]
            hits = 0
            for case in batch:
                finding = players.judge(mine, case.text)
                hits += finding.good == case.good
                if finding.good != case.good and self.reflect:
                    mine = self._merged(players, mine, players.reflect(mine, case, finding), warnings)
                elif written and not (finding.good or case.good):
                    theirs = self._merged(players, theirs, finding.hint, warnings)
            right.append(hits / len(batch))
        return Played(mine, theirs, tuple(right), tuple(warnings))

    def _merged(self, players: Players, rules: Rules, hint: str, warnings: list[str]) -> Rules:
        if not hint.strip():
            return rules
        merged = tuple(dict.fromkeys(r.strip() for r in players.merge(rules, hint, self.max_rules) if r.strip()))
        if not 1 <= len(merged) <= self.max_rules:
            warnings.append(f"a merge to {len(merged)} rules was refused (1 to {self.max_rules} are allowed)")
            return rules
        if 2 * len(merged) < len(rules):
            warnings.append(f"a merge cut {len(rules)} rules to {len(merged)}")
        return merged
