import io
import json

import numpy as np
import pytest

from rubricate.errors import DataError, UnknownNameError
from rubricate.judges import (
    BradleyTerry,
    EnsembleReward,
    FailureDetector,
    Logistic,
    MixtureReward,
    MLPReward,
    MultiHeadReward,
    OnlineUpdate,
    OrdinalProbReward,
    Parameters,
    PolicyDiscriminator,
    ReferenceConditionedReward,
    StepScorer,
    load_model,
    save_model,
)
from rubricate.judges.learned.saved import _KINDS

RNG = np.random.default_rng(0)
B, W = RNG.normal(size=(2, 20, 3))
Y = (RNG.random(20) < 0.5).astype(float)
FITTED = [
    BradleyTerry(smoothing=0.1).fit(B, W).zero_mean_on_reference(W),
    Logistic().fit(B, Y),
    MLPReward(epochs=2).fit(B, W),
    OrdinalProbReward(steps=5).fit(B, W),
    MultiHeadReward().fit(B, W),
    MixtureReward().fit(B, W, np.arange(20) % 2, B),
    EnsembleReward(MLPReward(epochs=1), size=2).fit(B, W),
    OnlineUpdate().update(B, W),
    ReferenceConditionedReward().fit(B, W, Y),
    PolicyDiscriminator().fit(B, B, W),
    StepScorer().fit(B, Y, [0, 20]),
    FailureDetector().fit(B, Y),
    MixtureReward().fit(B, W, np.arange(20) % 2, B).router,
]


@pytest.mark.parametrize("model", FITTED, ids=lambda m: type(m).__name__)
def test_a_model_comes_back_equal(model, tmp_path):
    save_model(model, tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert again == model
    assert hash(again) == hash(model)
    assert type(again) is type(model)


def test_every_kind_is_tried():
    assert {type(m).__name__ for m in FITTED} == set(_KINDS)


def test_what_is_no_model_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    for model in (object(), {"a": 1}):
        with pytest.raises(UnknownNameError, match="learned reward"):
            save_model(model, path)
    assert not path.exists()
    with pytest.raises(DataError, match="not a saved reward model"):
        load_model(path)
    save_model(FITTED[0], path)
    whole = path.read_bytes()
    for broken in (b"", b"hello", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match="not a saved reward model"):
            load_model(path)


def written(path, head, **arrays):
    buffer = io.BytesIO()
    np.savez(buffer, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)
    path.write_bytes(buffer.getvalue())


def test_other_formats_strange_kinds_and_pickles_are_refused(tmp_path):
    path = tmp_path / "m.npz"
    for head in ({"format": 2, "model": {}}, [1], {}):
        written(path, head)
        with pytest.raises(DataError, match="expected format 1"):
            load_model(path)
    for model in ({"kind": "os.system", "fields": {}}, {"kind": "BradleyTerry", "fields": {"ridge": -1}}, {"x": 1}):
        written(path, {"format": 1, "model": model})
        with pytest.raises(DataError, match="cannot be rebuilt"):
            load_model(path)
    buffer = io.BytesIO()
    np.savez(buffer, head=np.array([{"a": 1}], dtype=object))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="not a saved reward model"):
        load_model(path)


def test_parameters_do_not_change():
    given = np.ones(2)
    p = Parameters(w=given)
    given[0] = 5
    assert p["w"].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        p["w"][0] = 2
    assert p != Parameters(w=[1.0, 2.0])
    assert len({p, Parameters(w=[1.0, 1.0])}) == 1
    assert "w[2]" in repr(p)
    assert list(p) == ["w"]
