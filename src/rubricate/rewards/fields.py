"""Whether the fields of a record say the same: the emotion of the text and that of the voice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import ShapeError


def field_agreement(labels: ArrayLike) -> Floats:
    """1 where all fields of a record carry one label, 0 where two differ: [N].

    ``labels[N, F]`` are ids read off each field. A missing label (NaN) gives NaN unless two others differ already.
    Card 183 (abstract only).

    >>> field_agreement([[2, 2, 2], [2, 1, np.nan], [2, 2, np.nan]]).tolist()
    [1.0, 0.0, nan]
    """
    values = as_floats(labels, "labels")
    check(labels=(values, "N F"))
    if values.shape[1] < 2:
        raise ShapeError(f"labels has shape {values.shape}", where="labels", expected="[N F] with F >= 2")
    missing = np.isnan(values)
    low, high = np.where(missing, np.inf, values).min(1), np.where(missing, -np.inf, values).max(1)
    return np.where(low < high, 0.0, np.where(missing.any(1), np.nan, 1.0))
