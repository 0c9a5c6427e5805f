"""One run seed gives every part its own generator, by name, the same on every machine.

A generator is derived by hashing the seed together with a path of names, so that adding a prompt or a criterion does
not shift the random numbers of the others.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive(seed: int, *path: str | int) -> int:
    """64-bit child seed of ``seed`` for the place named by ``path``.

    >>> derive(0, "judge", "sample-1") == derive(0, "judge", "sample-1")
    True
    >>> derive(0, "a", "b") == derive(0, "ab")
    False
    """
    text = "\x1f".join([str(int(seed)), *(f"{type(p).__name__}:{p}" for p in path)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """A numpy generator for the place named by ``path``.

    >>> a, b = generator(7, "prompt", 1), generator(7, "prompt", 2)
    >>> bool(a.random() == b.random())
    False
    """
    return np.random.default_rng(derive(seed, *path))
