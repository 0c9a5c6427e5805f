"""Named arrays into one: weighted sums, products and ratios of whole terms.

``aggregate`` reduces the criteria of a rubric; here the terms are rewards that already have one value per row (or per
step, or per criterion). A term is an array or a number, all arrays have one shape, and what has the coefficient 0 is
not read: a missing value (NaN) there does not matter. Everywhere else NaN in gives NaN out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats
from rubricate.errors import SettingError, ShapeError


def aligned(**named: ArrayLike) -> tuple[Floats, ...]:
    """Arguments as float arrays of one shape; a plain number stands for every place. ShapeError names the odd one."""
    arrays = {name: as_floats(x, name) for name, x in named.items()}
    first = next(((name, a.shape) for name, a in arrays.items() if a.ndim), None)
    for name, array in arrays.items():
        if first and array.ndim and array.shape != first[1]:
            raise ShapeError(
                f"{name} has shape {array.shape}", where=name, expected=f"a number or {first[1]}, as {first[0]}"
            )
    return tuple(arrays.values())


def weigh(coefficient: Floats, x: Floats) -> Floats:
    """``coefficient * x``, and 0 where the coefficient is 0, whatever ``x`` is (NaN included)."""
    return np.where(coefficient == 0, 0.0, coefficient * x)


def combine(
    terms: Sequence[ArrayLike], coefficients: Sequence[ArrayLike] | None = None, *, constant: float = 0.0
) -> Floats:
    """Weighted sum of terms: ``constant + sum_k coefficients[k] * terms[k]``.

    Terms and coefficients are numbers or arrays of one shape; without coefficients each is 1. Raises SettingError when
    the counts differ or there is no term, ShapeError for unequal shapes.

    >>> combine(([1.0, 0.0], [0.5, 0.5]), (1.0, -2.0), constant=1.0).tolist()
    [1.0, 0.0]
    """
    factors = [1.0] * len(terms) if coefficients is None else coefficients
    if not len(terms) or len(terms) != len(factors):
        raise SettingError(
            f"{len(terms)} terms and {len(factors)} coefficients", expected="one term or more, a coefficient for each"
        )
    named = {f"terms[{k}]": x for k, x in enumerate(terms)} | {f"coefficients[{k}]": c for k, c in enumerate(factors)}
    arrays = aligned(**named)
    for k, c in enumerate(arrays[len(terms) :]):
        if not c.ndim and np.isnan(c):
            raise ShapeError(f"coefficients[{k}] is NaN", where=f"coefficients[{k}]", expected="a finite number")
    total: Floats = np.asarray(constant, dtype=np.float64)
    for x, c in zip(arrays[: len(terms)], arrays[len(terms) :], strict=True):
        total = total + weigh(c, x)
    return total


def multiply(terms: Sequence[ArrayLike]) -> Floats:
    """Product of terms, place by place: ``prod_k terms[k]`` (cards 54, 134, 202).

    >>> multiply(([0.5, 1.0], [0.5, 0.0], 2.0)).tolist()
    [0.5, 0.0]
    """
    if not len(terms):
        raise SettingError("no terms", expected="one term or more")
    total: Floats = np.asarray(1.0)
    for x in aligned(**{f"terms[{k}]": x for k, x in enumerate(terms)}):
        total = total * x
    return total


def ratio(x: ArrayLike, by: ArrayLike) -> Floats:
    """``x / by``, NaN where ``by`` is 0; such as a length over the mean length of the correct rows (card 60).

    >>> ratio([1.0, 2.0], [4.0, 0.0]).tolist()
    [0.25, nan]
    """
    above, below = np.broadcast_arrays(*aligned(x=x, by=by))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
