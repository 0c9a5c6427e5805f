import math

import numpy as np
import pytest

from rubricate.errors import ShapeError
from rubricate.rewards import field_agreement


@pytest.mark.parametrize("seed", range(30))
def test_equals_a_loop_over_completions(seed):
    """1 or 0 where every completion says so, else NaN."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (8, 3)).astype(float)
    labels[rng.random((8, 3)) < 0.3] = math.nan
    for row, got in zip(labels, field_agreement(labels), strict=True):
        said = {x for x in row if not math.isnan(x)}
        expected = 0.0 if len(said) == 2 else math.nan if np.isnan(row).any() else 1.0
        assert got == expected or (math.isnan(got) and math.isnan(expected))


def test_one_field_agrees_with_nothing():
    with pytest.raises(ShapeError, match="F >= 2"):
        field_agreement([[1.0], [2.0]])
