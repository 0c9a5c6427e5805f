"""The nearest scored answer against plain distances."""

import numpy as np
import pytest

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.learned import NearestAnswers


class Table:
    """An encoder that reads its vector from the text."""

    def encode(self, texts):
        return np.array([[float(v) for v in t.split()] for t in texts])


def canberra(x, y):
    return sum(abs(a - b) / (abs(a) + abs(b)) for a, b in zip(x, y, strict=True) if abs(a) + abs(b) > 0)


def cosine(x, y):
    return 1 - sum(a * b for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize(("metric", "distance"), [("canberra", canberra), ("cosine", cosine)])
def test_it_agrees_with_a_plain_loop(metric, distance):
    rng = np.random.default_rng(0)
    for seed in range(30):
        new, bank = rng.integers(-2, 3, (4, 5)).astype(float), rng.integers(-2, 3, (70, 5)).astype(float)
        scores = rng.random(70)
        scores[rng.random(70) < 0.2] = np.nan
        as_text = [[" ".join(map(str, v)) for v in rows] for rows in (new, bank)]
        k = 1 + seed % 3
        found = NearestAnswers(Table(), metric, k).score(*as_text, scores)
        for i, x in enumerate(new):
            order = sorted((round(distance(x, y), 9), j) for j, y in enumerate(bank) if scores[j] == scores[j])
            assert found.distance[i] == pytest.approx(order[0][0])
            # Ties at the last place may be broken by the last digit of a float.
            if len(order) > k and order[k][0] > order[k - 1][0]:
                assert found.scores[i] == pytest.approx(np.mean([scores[j] for _, j in order[:k]]))


def test_the_same_answer_has_its_own_score():
    found = NearestAnswers().score(["x equals four"], ["no idea", "X equals four."], [0.0, 4.0])
    assert (found.scores[0], found.place[0], found.distance[0]) == (4.0, 1, 0.0)


def test_bad_settings_and_too_few_answers_are_refused():
    with pytest.raises(UnknownNameError):
        NearestAnswers(metric="x")
    with pytest.raises(SettingError, match="at least 1"):
        NearestAnswers(k=0)
    with pytest.raises(SettingError, match="0 scored answers"):
        NearestAnswers().score(["a"], ["b"], [np.nan])
