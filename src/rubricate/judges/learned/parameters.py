"""Fitted arrays as a value: read-only, equal and hashed by content, so that a fitted model is a frozen value too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats
from rubricate.errors import SettingError


class Parameters(Mapping[str, Floats]):
    """Named float arrays that do not change.

    >>> a, b = Parameters(w=[1.0, 2.0]), Parameters(w=[1.0, 2.0])
    >>> a == b, hash(a) == hash(b), a["w"].flags.writeable
    (True, True, False)
    """

    def __init__(self, **arrays: ArrayLike) -> None:
        self._arrays = {name: np.array(value, dtype=np.float64) for name, value in sorted(arrays.items())}
        for array in self._arrays.values():
            array.flags.writeable = False

    def __getitem__(self, name: str) -> Floats:
        if not self._arrays:
            raise SettingError("the model has not been fitted", expected="model.fit(...) before scores")
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def digest(self) -> str:
        """16 hex digits over names, shapes and numbers."""
        state = hashlib.sha256()
        for name, array in self._arrays.items():
            state.update(f"{name}{array.shape}".encode() + array.tobytes())
        return state.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameters) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}{list(array.shape)}" for name, array in self._arrays.items())
        return f"Parameters({shapes}, digest={self.digest})" if shapes else "Parameters()"
