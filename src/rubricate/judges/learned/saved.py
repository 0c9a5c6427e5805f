"""A learned reward in one file: settings as JSON, numpy arrays, a version, and nothing that runs on reading."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rubricate.errors import DataError, SettingError, UnknownNameError
from rubricate.files import write_atomic
from rubricate.judges.learned.bradley_terry import BradleyTerry, Logistic
from rubricate.judges.learned.ensemble import EnsembleReward
from rubricate.judges.learned.guard import FailureDetector
from rubricate.judges.learned.heads import MultiHeadReward
from rubricate.judges.learned.mixture import MixtureReward, Router
from rubricate.judges.learned.network import MLPReward
from rubricate.judges.learned.online import OnlineUpdate
from rubricate.judges.learned.ordinal import OrdinalProbReward
from rubricate.judges.learned.parameters import Parameters
from rubricate.judges.learned.process import StepScorer
from rubricate.judges.learned.reference import PolicyDiscriminator, ReferenceConditionedReward

FORMAT = 1
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        BradleyTerry, EnsembleReward, FailureDetector, Logistic, MixtureReward, MLPReward, MultiHeadReward,
        OnlineUpdate, OrdinalProbReward, PolicyDiscriminator, ReferenceConditionedReward, Router, StepScorer,
    )
}  # fmt: skip


def save_model(model: Any, path: str | Path) -> None:
    """Write a learned reward to one ``.npz`` file, whole or not at all; ``load_model`` gives back an equal value.

    Raises UnknownNameError for a class that is not a learned reward of this package.
    """
    arrays: dict[str, np.ndarray] = {}
    head = json.dumps({"format": FORMAT, "model": _pack(model, arrays)})
    buffer = io.BytesIO()
    np.savez_compressed(buffer, head=np.frombuffer(head.encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]
    write_atomic(path, buffer.getvalue())


def load_model(path: str | Path) -> Any:
    """Read a learned reward. Raises DataError for a file that is none, is cut, or is of a later format."""
    try:
        with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as file:
            head = json.loads(bytes(file["head"]).decode())
            arrays = {name: file[name] for name in file.files if name != "head"}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"not a saved reward model ({type(error).__name__}: {error})", where=str(path),
            expected="a file written by save_model",
        ) from error  # fmt: skip
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        found = head.get("format") if isinstance(head, dict) else None
        raise DataError(f"format {found!r}", where=str(path), expected=f"format {FORMAT}", hint="Update rubricate")
    try:
        return _unpack(head["model"], arrays)
    except (KeyError, TypeError, UnknownNameError, SettingError) as error:
        raise DataError(f"the model cannot be rebuilt: {error}", where=str(path)) from error


def _pack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, Parameters):
        names = {}
        for name, array in value.items():
            names[name] = f"a{len(arrays)}"
            arrays[names[name]] = array
        return {"arrays": names}
    if isinstance(value, tuple):
        return [_pack(v, arrays) for v in value]
    if is_dataclass(value):
        kind = type(value).__name__
        if _KINDS.get(kind) is not type(value):
            raise UnknownNameError.among("learned reward", kind, _KINDS)
        return {"kind": kind, "fields": {f.name: _pack(getattr(value, f.name), arrays) for f in fields(value)}}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise UnknownNameError.among("learned reward", type(value).__name__, _KINDS)


def _unpack(data: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(data, list):
        return tuple(_unpack(v, arrays) for v in data)
    if isinstance(data, dict) and "arrays" in data:
        return Parameters(**{name: arrays[key] for name, key in data["arrays"].items()})
    if isinstance(data, dict):
        if data["kind"] not in _KINDS:
            raise UnknownNameError.among("learned reward", data["kind"], _KINDS)
        return _KINDS[data["kind"]](**{name: _unpack(v, arrays) for name, v in data["fields"].items()})
    return data
