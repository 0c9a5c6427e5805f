import numpy as np
import pytest

from rubricate.audit import Centroids, probe_dims
from rubricate.errors import SettingError, ShapeError

NAN = float("nan")


def hidden(rng, n):
    """16 features that hold factors 0 and 1 of three; easy labels, and a hard one with three classes."""
    factors = rng.normal(size=(n, 3))
    x = factors[:, :2] @ rng.normal(size=(2, 16)) + 0.2 * rng.normal(size=(n, 16))
    labels = (factors > 0).astype(float)
    return x, np.column_stack([labels, np.digitize(factors[:, 0], [-0.5, 0.5])])


def test_a_probe_finds_what_is_there_and_nothing_else():
    rng = np.random.default_rng(0)
    x, y = hidden(rng, 600)
    y[:100, 1] = NAN
    found = probe_dims(x, y, rng=rng)
    assert (found.accuracy[:2] > 0.85).all()
    assert abs(found.accuracy[2] - 0.5) < 0.08
    assert found.accuracy[3] > found.majority[3] + 0.2
    assert found.rows.tolist() == [600, 500, 600, 600]
    assert abs(found.mean - found.accuracy.mean()) < 1e-12
    shuffled = probe_dims(x, rng.permutation(y), rng=rng)
    assert (shuffled.accuracy[:2] < 0.6).all()


def test_the_probe_is_scored_on_rows_that_it_has_not_seen():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 60))  # more features than rows: any labels can be fitted
    found = probe_dims(x, rng.integers(0, 2, (40, 1)), rng=rng, ridge=1e-6)
    assert found.accuracy[0] < 0.75


def test_too_little_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ShapeError, match="labelled rows"):
        probe_dims(np.ones((9, 2)), np.full((9, 1), NAN), rng=rng)
    with pytest.raises(SettingError, match="folds"):
        probe_dims(np.ones((9, 2)), np.ones((9, 1)), rng=rng, folds=1)


def test_confidence_is_low_far_from_the_training_data():
    rng = np.random.default_rng(0)
    x, y = hidden(rng, 400)
    centroids = Centroids.of(x, y)
    inside, outside = centroids.confidence(hidden(np.random.default_rng(0), 400)[0]), centroids.confidence(x + 9)
    assert 0.4 < inside.mean() < 0.6  # uniform over the training data
    assert outside.max() < 0.05
    assert np.isnan(centroids.confidence(np.where(np.arange(16) == 0, NAN, x)))[0]
    assert centroids.distance(x).shape == (400, 4)


def test_distances_by_hand():
    centroids = Centroids.of([[0.0], [2.0], [10.0], [12.0]], [[0], [0], [1], [1]])
    spread = np.std([0, 2, 10, 12])
    np.testing.assert_allclose(centroids.distance([[1.0], [5.0], [12.0]])[:, 0], np.array([0, 4, 1]) / spread)
    assert centroids.confidence([[1.0], [5.0], [12.0]]).tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(ShapeError, match="no labelled row"):
        Centroids.of([[0.0]], [[NAN]])
