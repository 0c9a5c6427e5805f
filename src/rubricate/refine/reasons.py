"""The steps of refining by recorded verdicts: each says which criteria it would drop, and why.

A step looks at the criteria that are still there. It gives reasons by column: to drop, and, where it found something
but does not decide (a gate, too few verdicts, equal weights), to say. No step drops a criterion for what is missing,
but ``unverifiable``, whose name says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rubricate.arrays import Bools, Floats, Ints
from rubricate.errors import SettingError, UnknownNameError
from rubricate.refine.evidence import View, gaps
from rubricate.refine.filters import conflicting, high_spread, misaligned, redundant, unverifiable
from rubricate.refine.found import wilson_share
from rubricate.refine.recovery import matches, wilson_low
from rubricate.refine.selector import SparseSelector

SAFE = ("unverifiable", "constant", "redundant", "conflicting")
LABELLED = ("misaligned", "reversed", "weightless")
STEPS = (*SAFE, *LABELLED, "weights")


class Said(NamedTuple):
    """Reasons by column: of what is to be ``dropped``, and ``noted`` without being decided; ``skipped``: why the step
    did not look at all."""

    dropped: dict[int, str]
    noted: dict[int, str]
    skipped: str = ""


@dataclass(frozen=True)
class RefineSettings:
    """``steps`` that are taken, always in the order of ``STEPS``, and their limits.

    ``most_missing``: share of answers without a verdict above which a criterion cannot be judged. ``repeat`` and
    ``conflict``: correlations. ``min_rows`` verdicts and ``min_pairs`` decided pairs below which nothing is dropped by
    them (8: card 17; 6: card 94). ``min_common``: answers that two criteria must share before one is called the double
    or the contrary of the other (of 60 independent ones 7 pairs look like either over 8 answers, none over 30).
    ``penalty`` of the fit (card 187). ``z`` of the bounds by which a share of pairs has to differ from one half.
    """

    steps: tuple[str, ...] = SAFE
    most_missing: float = 0.3
    repeat: float = 0.9
    conflict: float = 0.8
    min_rows: int = 8
    min_common: int = 30
    min_pairs: int = 6
    penalty: float = 0.03
    z: float = 1.0

    def __post_init__(self) -> None:
        for name in self.steps:
            if name not in STEPS:
                raise UnknownNameError.among("step of refining", name, STEPS)
        shares = (self.most_missing, self.repeat, self.conflict)
        if not all(0 < x <= 1 for x in shares) or min(self.min_rows, self.min_common) < 2 or self.min_pairs < 1:
            raise SettingError(f"{self!r}", expected="shares in (0, 1], min_rows and min_common >= 2, min_pairs >= 1")


@dataclass(eq=False)
class Standing:
    """The criteria that are still there, while the steps go on."""

    view: View
    settings: RefineSettings
    alive: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.alive = np.ones(len(self.view.leaves), dtype=np.bool_)

    @property
    def places(self) -> Ints:
        """The columns that are left."""
        return np.flatnonzero(self.alive)

    @property
    def order(self) -> Ints:
        """The columns that are left, the ones to keep first: what verdicts may not take out, then by the share of
        pairs where labels are enough, by weight, by verdicts, as they stand."""
        view, own = self.view, self.places
        share = np.where(view.share.n >= self.settings.min_pairs, view.share.share, 0.5)
        fixed = np.array([j in view.protected for j in own], dtype=np.bool_)
        keys = (own, -view.known[own], -np.abs(view.columns.weights[own]), -share[own], ~fixed)
        return own[np.lexsort(keys)]

    def name(self, j: int) -> str:
        """The id of a column's criterion."""
        return self.view.leaves[j].id


def _unverifiable(at: Standing) -> Said:
    view, most = at.view, at.settings.most_missing
    asked = np.asarray(view.judged.asked)
    counts = asked.sum(0)
    lost = counts - view.known
    found = np.flatnonzero(unverifiable(view.judged.values, asked, most=most) & at.alive)
    reasons = {int(j): f"no verdict on {lost[j]} of {counts[j]} answers" for j in found}
    few = {j: f"{why}, too few to say" for j, why in reasons.items() if counts[j] < at.settings.min_rows}
    return Said({j: why for j, why in reasons.items() if j not in few}, few)


def _constant(at: Standing) -> Said:
    view = at.view
    group = view.groups
    varies = np.zeros(len(at.alive), dtype=np.bool_)
    varies[high_spread(view.good, group)] = True
    member = np.eye(int(group.max(initial=-1)) + 1)[group].T
    n = member @ ~np.isnan(view.good)
    usable = np.where(n >= 2, n, 0).sum(0)
    dropped, noted = {}, {}
    for j in np.flatnonzero(~varies & at.alive & (view.known > 0)):
        reason = _same(view, int(j), len(member))
        if usable[j] < at.settings.min_rows:
            noted[int(j)] = f"{reason}, too few to say"
        else:
            dropped[int(j)] = reason
    return Said(dropped, noted)


def _same(view: View, j: int, prompts: int) -> str:
    own, met = view.good[:, j], view.evidence[j].met
    n = int(view.known[j])
    if np.nanmin(own) < np.nanmax(own):
        return f"never tells answers to one prompt apart ({prompts} prompts)"
    said = "met by all" if met == 1 else "met by none of" if met == 0 else "the same verdict on all"
    return f"{said} {n} answers: no gradient"


def _misaligned(at: Standing) -> Said:
    view, judged = at.view, at.view.judged
    strong, weak = (judged.strong, judged.weak) if len(judged.strong) else (judged.better, judged.worse)
    both = gaps(view.good, strong, weak)
    if not len(both):
        return Said({}, {}, "it needs pairs, or the names of a weak and a strong model")
    known = ~np.isnan(both)
    n = known.sum(0)
    low, high = (_mean_over(view.good[rows], known) for rows in (weak, strong))
    found = np.flatnonzero(misaligned(low, high) & at.alive)
    reasons = {
        int(j): f"good by it are {_percent(low[j])} of the worse answers and {_percent(high[j])} of the better ones"
        f" ({n[j]} pairs)"
        for j in found
    }
    own = wilson_share(matches(both.T, ties="missing"), at.settings.z)
    unsure = (n < at.settings.min_pairs) | ~(own.high < 0.5)
    few = {j: f"{why}, too few to say" for j, why in reasons.items() if unsure[j]}
    return Said({j: why for j, why in reasons.items() if j not in few}, few)


def _mean_over(x: Floats, known: Bools) -> Floats:
    n = known.sum(0)
    return np.divide(np.where(known, x, 0.0).sum(0), n, out=np.full(len(n), np.nan), where=n > 0)


def _reversed(at: Standing) -> Said:
    fit = _fitted(at)
    if isinstance(fit, str):
        return Said({}, {}, fit)
    share = at.view.share
    high = 1.0 - wilson_low(1.0 - share.share, share.n, at.settings.z)
    dropped, noted = {}, {}
    for j in at.places[fit < 0]:
        against = f"{_percent(1 - share.share[j])} of {share.n[j]} pairs"
        reason = f"speaks for the worse answer in {against}; word it the other way"
        sure = share.n[j] >= at.settings.min_pairs and high[j] < 0.5
        if sure:
            dropped[int(j)] = reason
        elif share.share[j] < 0.5:
            noted[int(j)] = f"{reason}? too few to say"
    return Said(dropped, noted)


def _weightless(at: Standing) -> Said:
    fit = _fitted(at)
    if isinstance(fit, str):
        return Said({}, {}, fit)
    gap = at.view.gap
    known = (~np.isnan(gap)).sum(0)
    enough = (known >= at.settings.min_pairs) & (known >= (1 - at.settings.most_missing) * len(gap))
    dropped, noted = {}, {}
    for j in at.places[fit <= 0]:
        reason = f"no weight in a sparse fit to {known[j]} labelled pairs"
        share = at.view.share
        if not enough[j]:
            noted[int(j)] = f"{reason} of {len(gap)}, too few to say"
        elif share.low[j] > 0.5:
            noted[int(j)] = f"{reason}, but right in {_percent(share.share[j])} of those it decides"
        else:
            dropped[int(j)] = f"{reason}, beside the others"
    return Said(dropped, noted)


def _fitted(at: Standing) -> Floats | str:
    """Signed weights of the criteria that are left, or why there is no fit.

    A missing verdict on one side of a pair says nothing about that criterion ("no difference"), as in card 187's use
    here; a criterion that misses many is not judged by the fit.
    """
    gap = at.view.gap[:, at.places]
    pairs = int((~np.isnan(gap)).any(1).sum()) if gap.size else 0
    if pairs < at.settings.min_pairs:
        return f"it needs {at.settings.min_pairs} labelled pairs with verdicts, and has {pairs}"
    selector = SparseSelector(at.settings.penalty, top=gap.shape[1], sign="any", missing="no_difference")
    return selector.fit(gap).weights


def _conflicting(at: Standing) -> Said:
    view, own = at.view, at.places
    found = own[conflicting(view.good[:, own], threshold=at.settings.conflict, min_rows=at.settings.min_common)]
    found = found.reshape(-1, 2)
    strength = [view.alike[i, j] for i, j in found]
    dropped: dict[int, str] = {}
    noted: dict[int, str] = {}
    few = own[conflicting(view.good[:, own], threshold=at.settings.conflict, min_rows=at.settings.min_rows)]
    known = (~np.isnan(view.good)).astype(np.float64)
    common = known.T @ known
    for i, j in few.reshape(-1, 2).tolist():
        if common[i, j] < at.settings.min_common:
            noted[i] = f"may contradict {at.name(j)}: {_common(at, i, j)}"
            noted[j] = f"may contradict {at.name(i)}: {_common(at, i, j)}"
    for i, j in found[np.argsort(strength, kind="stable")].tolist():
        if i in dropped or j in dropped:
            continue
        loser, by = _loser(at, i, j)
        r = f"r = {view.alike[i, j]:+.2f}".replace("-", "−")
        if by:
            other = i if loser == j else j
            dropped[loser] = f"contradicts {at.name(other)} ({r}), which {by}"
            continue
        for one, two in ((i, j), (j, i)):
            noted[one] = f"contradicts {at.name(two)} ({r}) with the same weight; no label says which is meant"
    return Said(dropped, {j: why for j, why in noted.items() if j not in dropped})


def _loser(at: Standing, i: int, j: int) -> tuple[int, str]:
    """Which of two criteria goes, and what speaks for the other; an empty text where nothing does."""
    view = at.view
    fixed = [k for k in (i, j) if k in view.protected]
    if len(fixed) == 1:
        return (j if fixed[0] == i else i), f"is {view.protected[fixed[0]]}"
    share, n = view.share.share, view.share.n
    if min(n[i], n[j]) >= at.settings.min_pairs and share[i] != share[j] and not fixed:
        loser = i if share[i] < share[j] else j
        other = j if loser == i else i
        return loser, f"finds {_percent(share[other])} of its pairs, this one {_percent(share[loser])}"
    weight = np.abs(view.columns.weights)
    if weight[i] != weight[j] and not fixed:
        loser = i if weight[i] < weight[j] else j
        return loser, "weighs more"
    return j, ""


def _redundant(at: Standing) -> Said:
    own, view = at.order, at.view
    twin = redundant(view.good[:, own], threshold=at.settings.repeat, min_rows=at.settings.min_common)
    dropped, noted = {}, {}
    for place, at_twin in enumerate(twin):
        if at_twin >= 0:
            j, other = int(own[place]), int(own[at_twin])
            dropped[j] = f"repeats {at.name(other)} (r = {view.alike[j, other]:.2f})"
    left = np.array([j for j in own if j not in dropped], dtype=np.int64)
    few = redundant(view.good[:, left], threshold=at.settings.repeat, min_rows=at.settings.min_rows)
    for at_few in np.flatnonzero(few >= 0):
        j, other = int(left[at_few]), int(left[few[at_few]])
        noted[j] = f"may repeat {at.name(other)}: {_common(at, j, other)}"
    return Said(dropped, noted)


def _common(at: Standing, i: int, j: int) -> str:
    known = ~np.isnan(at.view.good[:, [i, j]])
    n = int(known.all(1).sum())
    r = f"{at.view.alike[i, j]:+.2f}".replace("-", "−")
    return f"r = {r} over {n} answers, too few to say ({at.settings.min_common})"


def _percent(share: float) -> str:
    return f"{share:.0%}"


CHECKS: dict[str, tuple[Callable[[Standing], Said], str]] = {
    "unverifiable": (_unverifiable, "what cannot be judged cannot be paid (ours)"),
    "constant": (_constant, "DR Tulu"),
    "misaligned": (_misaligned, "card 17"),
    "reversed": (_reversed, "card 187"),
    "weightless": (_weightless, "card 187"),
    "conflicting": (_conflicting, "card 17"),
    "redundant": (_redundant, "cards 17, 94, 208"),
}
