"""Agreement of a judge with people, and with itself on variants of one item: kappas. Pure numpy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, check


def quadratic_weighted_kappa(a: ArrayLike, b: ArrayLike, *, low: int, high: int) -> float:
    """``1 - sum w O / sum w E`` with ``w_ij = (i - j)^2``, O the table of pairs, E that of independent raters.

    ``a[N]`` and ``b[N]`` are whole numbers in [low, high]; pairs with a NaN are left out. NaN when both raters give one
    and the same constant. Used by cards 197 and 209.

    >>> quadratic_weighted_kappa([1, 2, 3], [1, 2, 3], low=1, high=3)
    1.0
    >>> round(quadratic_weighted_kappa([1, 2, 3, 3], [1, 2, 2, 3], low=1, high=3), 4)
    0.8
    """
    x, y = as_floats(a, "a"), as_floats(b, "b")
    check(a=(x, "N"), b=(y, "N"))
    known = ~np.isnan(x) & ~np.isnan(y)
    n = high - low + 1
    i, j = (x[known] - low).astype(np.int64), (y[known] - low).astype(np.int64)
    seen = np.bincount(i * n + j, minlength=n * n).reshape(n, n).astype(np.float64)
    expected = np.outer(seen.sum(1), seen.sum(0)) / max(seen.sum(), 1.0)
    weight = (np.arange(n)[:, None] - np.arange(n)[None, :]) ** 2
    below = (weight * expected).sum()
    return float(1.0 - (weight * seen).sum() / below) if below > 0 else float("nan")


def cross_variant_kappa(choice: ArrayLike) -> Floats:
    """Cohen's kappa of the choices on the same items in each pair of variants: ``choice[Q, V]`` -> [V, V].

    ``kappa = (p_o - p_e) / (1 - p_e)`` with p_e from the two marginals. A choice names a *side* of the item (the id of
    the chosen response, or 1 and -1 in one fixed order), never whether it was right: with accuracy .8 and independent
    errors kappa is .36 on sides and 0 on rightness. Variants are languages (card 89), paraphrases, or orders. NaN
    leaves the item out of that pair of variants; NaN comes out where both always make one and the same choice.

    >>> cross_variant_kappa([[1, 1], [1, 1], [2, 2], [2, 1]]).round(3).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    c = as_floats(choice, "choice")
    check(choice=(c, "Q V"))
    out = np.full((c.shape[1], c.shape[1]), np.nan)
    for i in range(c.shape[1]):
        for j in range(i + 1):
            known = ~np.isnan(c[:, i]) & ~np.isnan(c[:, j])
            out[i, j] = out[j, i] = _kappa(c[known, i], c[known, j])
    return out


def _kappa(a: Floats, b: Floats) -> float:
    if not len(a):
        return float("nan")
    names, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    one, two = (np.bincount(part, minlength=len(names)) / len(a) for part in (codes[: len(a)], codes[len(a) :]))
    expected = float(one @ two)
    return (float(np.mean(a == b)) - expected) / (1.0 - expected) if expected < 1.0 else float("nan")


class VariantAgreement(NamedTuple):
    """``accuracy[V]`` of each variant, ``kappa[V, V]`` between them, and the number of ``judged[V]`` choices."""

    accuracy: Floats
    kappa: Floats
    judged: Ints


def variant_agreement(choice: ArrayLike, label: ArrayLike) -> VariantAgreement:
    """How often each variant of an item is judged rightly, and whether it is the same items.

    ``choice[Q, V]`` names sides as in ``cross_variant_kappa``, ``label[Q]`` the right one. Two languages of accuracy
    .8 have kappa .36 when their errors are independent and 1 when they are shared, so accuracy alone cannot tell. A
    choice that is missing (NaN) is left out. Card 89 (arXiv 2410.15522).

    >>> variant_agreement([[1, 1], [1, 2], [2, 2], [2, 1]], [1, 1, 2, 2]).accuracy.tolist()
    [1.0, 0.5]
    """
    c, truth = as_floats(choice, "choice"), as_floats(label, "label")
    check(choice=(c, "Q V"), label=(truth, "Q"))
    known = ~np.isnan(c) & ~np.isnan(truth)[:, None]
    n = known.sum(0)
    hits = (known & (c == truth[:, None])).sum(0)
    accuracy = np.divide(hits, n, out=np.full(c.shape[1], np.nan), where=n > 0)
    return VariantAgreement(accuracy, cross_variant_kappa(c), n)
