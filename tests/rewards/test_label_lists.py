"""Lists of labels: macro F1 with absent labels, exact lists, missing labels."""

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.rewards import label_agreement


def loop(given, known, labels):
    if not len(given) or np.isnan(given).any() or np.isnan(known).any():
        return np.nan, np.nan
    scores = []
    for c in range(labels):
        hit = sum(a == c == b for a, b in zip(given, known, strict=True))
        size = sum(a == c for a in given) + sum(b == c for b in known)
        scores.append(2 * hit / size if size else 1.0)
    return np.mean(scores), float(list(given) == list(known))


def test_it_agrees_with_a_plain_loop():
    rng = np.random.default_rng(0)
    for seed in range(50):
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 6, 7))])
        given, known = rng.integers(0, 4, (2, off[-1])).astype(float)
        given[rng.random(off[-1]) < 0.1 * (seed % 2)] = np.nan
        expected = [loop(given[a:b], known[a:b], 4) for a, b in zip(off[:-1], off[1:], strict=True)]
        for k, of in enumerate(("macro_f1", "exact")):
            found = label_agreement(given, known, off, of=of, labels=4)
            np.testing.assert_allclose(found, [e[k] for e in expected], atol=1e-12)


def test_the_figures_of_the_card():
    nine_and_one = label_agreement([0] * 10, [0] * 9 + [2], [0, 10])
    one_wrong = label_agreement([0] * 5 + [1, 2] + [2] * 3, [0] * 5 + [1] * 2 + [2] * 3, [0, 10])
    assert (round(float(nine_and_one[0]), 3), round(float(one_wrong[0]), 3)) == (0.649, 0.841)


@pytest.mark.parametrize("bad", [3.0, -1.0, 0.5])
def test_a_label_that_is_no_code_is_refused(bad):
    with pytest.raises(SettingError, match=r"0 \.\. 2"):
        label_agreement([bad], [0.0], [0, 1])


def test_unknown_measures_and_other_shapes_are_refused():
    with pytest.raises(UnknownNameError):
        label_agreement([0.0], [0.0], [0, 1], of="f2")
    with pytest.raises(ShapeError):
        label_agreement([0.0], [0.0, 1.0], [0, 1])
