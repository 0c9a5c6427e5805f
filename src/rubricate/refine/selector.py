"""Which criteria predict the preference: a sparse logistic fit on differences of verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, check
from rubricate.errors import MissingExtraError, PolicyError, SettingError, UnknownNameError

SIGNS = ("positive", "any")
GAPS = ("drop_pair", "no_difference")


class Selected(NamedTuple):
    """``weights[C]`` (0 for what was left out); ``kept`` by weight, heaviest first; ``reversed`` criteria that speak
    for the loser (look at them: the text or its sign is wrong); ``pairs`` that were used."""

    weights: Floats
    kept: Ints
    reversed: Bools
    pairs: int


@dataclass(frozen=True)
class SparseSelector:
    """``min_w mean_q log(1 + exp(-w'x_q)) + penalty |w|_1`` without an intercept, then the ``top`` largest |w|.

    ``x_q`` are the verdicts on the winner less those on the loser. Turning a pair round turns its label, so an
    intercept would only learn the order of presentation. ``sign='positive'`` drops negative weights and reports their
    criteria; ``any`` keeps them. ``missing``: a pair with a missing verdict is left out, or that criterion counts as
    ``no_difference``. Card 187 (arXiv 2605.17602); C = 1 / (penalty Q) in scikit-learn's terms. The penalty of the
    paper was not found; .03 is that of the card's run.

    >>> x = [[1.0, 0.0], [1.0, 0.5], [0.5, -0.5], [1.0, 0.0]]
    >>> SparseSelector(top=1).fit(x).kept.tolist()
    [0]
    """

    penalty: float = 0.03
    top: int = 20
    sign: str = "positive"
    missing: str = "drop_pair"

    def __post_init__(self) -> None:
        if self.penalty <= 0 or self.top < 1:
            raise SettingError(
                f"penalty={self.penalty}, top={self.top}", expected="penalty > 0 and top >= 1",
                hint="With fewer pairs than criteria a fit without a penalty is not unique",
            )  # fmt: skip
        if self.sign not in SIGNS:
            raise UnknownNameError.among("sign", self.sign, SIGNS)
        if self.missing not in GAPS:
            raise UnknownNameError.among("missing policy", self.missing, GAPS)

    def fit(self, gap: ArrayLike) -> Selected:
        """Select from ``gap[Q, C]``, verdicts on winners less those on losers. PolicyError without a usable pair."""
        x = as_floats(gap, "gap")
        check(gap=(x, "Q C"))
        missing = np.isnan(x)
        x = x[~missing.any(1)] if self.missing == "drop_pair" else np.where(missing, 0.0, x)
        if not len(x):
            raise PolicyError(
                "every pair misses a verdict", where="gap", hint="missing='no_difference' uses what there is"
            )
        weights = self._solve(x) if x.any() else np.zeros(x.shape[1])
        against = weights < 0
        if self.sign == "positive":
            weights = np.maximum(weights, 0.0)
        kept = np.argsort(-np.abs(weights), kind="stable")[: self.top]
        kept = kept[weights[kept] != 0]
        weights = np.where(np.isin(np.arange(len(weights)), kept), weights, 0.0)
        return Selected(weights, kept.astype(np.int64), against, len(x))

    def _solve(self, x: Floats) -> Floats:
        """The pairs and their mirror images make two classes of equal size."""
        try:
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            raise MissingExtraError.of("scikit-learn", "learn", purpose="SparseSelector") from None
        both, labels = np.concatenate([x, -x]), np.repeat([1, 0], len(x))
        scale = 1.0 / (self.penalty * len(both))
        older = LogisticRegression().penalty == "l2"  # before scikit-learn 1.8 the penalty went by name
        lasso = {"penalty": "l1"} if older else {"l1_ratio": 1.0}
        model = LogisticRegression(
            **lasso, C=scale, fit_intercept=False, solver="liblinear", tol=1e-6, max_iter=1000, random_state=0
        )
        weights = np.asarray(model.fit(both, labels).coef_[0], dtype=np.float64)
        return np.where(np.abs(weights) > 1e-6, weights, 0.0)
