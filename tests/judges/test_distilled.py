"""Verdicts kept in a table or distilled into a classifier."""

import numpy as np
import pytest

from rubricate.errors import ShapeError, UnknownNameError
from rubricate.judges import Distilled

NAN = float("nan")
SEEN = ["you eat the apple", "you hit the wall", "you eat the plum", "you hit the door", "you eat the apple"]
LABELS = [1.0, 0.0, 1.0, 0.0, 0.0]


def test_the_table_averages_what_it_saw_and_says_its_default_of_the_rest():
    table = Distilled(unseen=0.25).fit(SEEN, LABELS)
    assert table.score(["you eat the apple", "you eat the plum", "new"]).tolist() == [0.5, 1.0, 0.25]
    assert Distilled().score(["new"]).tolist() == [0.0]


def test_a_missing_label_is_no_label():
    table = Distilled(unseen=0.25).fit(["a", "b", "a"], [NAN, 1.0, 1.0])
    assert table.score(["a", "b"]).tolist() == [1.0, 1.0]
    assert Distilled(unseen=0.25).fit(["a"], [NAN]).score(["a"]).tolist() == [0.25]
    assert np.isnan(Distilled("classifier").fit(["a"], [NAN]).score(["a"])).all()


def test_the_classifier_reads_words_that_it_knows_in_messages_that_it_does_not():
    model = Distilled("classifier").fit(SEEN[:4], LABELS[:4])
    good, bad = model.score(["you eat the rope", "you hit the rope"])
    assert good > 0.5 > bad
    assert model == Distilled("classifier").fit(SEEN[3::-1], LABELS[3::-1])
    shuffled = (
        Distilled("classifier").fit(SEEN[:4], [1.0, 1.0, 0.0, 0.0]).score(["you eat the rope", "you hit the rope"])
    )
    assert abs(shuffled[0] - shuffled[1]) < good - bad


def test_wrong_use_is_refused():
    with pytest.raises(UnknownNameError):
        Distilled("tabel")
    with pytest.raises(ShapeError):
        Distilled().fit(["a"], [1.0, 0.0])
