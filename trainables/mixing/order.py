"""Which images come, in which order, and with which augmentation: all randomness of the stream.

Every function is a pure function of its arguments, so there is no generator whose state would have to be
saved. Only numpy's seed sequence and raw 64-bit words are used, which numpy promises not to change between
versions; the order of `Generator.permutation` has no such promise.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def image_at(number: int, size: int, seed: int, source: str) -> int:
    """Index of the image that `source` gives as number `number`, counted from 0 over all passes."""
    pass_number, position = divmod(number, size)
    return int(_shuffled_pass(size, seed, source, pass_number)[position])


def members_of_set(count: int, size: int, seed: int, source: str) -> list[int]:
    """Indices of `count` of the `size` images of `source`. A larger set of the same seed holds a smaller."""
    return [int(index) for index in _shuffled(size, _seeds(seed, "set", source))[:count]]


def slot_order(batch: int, batch_size: int, seed: int) -> NDArray[np.intp]:
    """A shuffle of the slots of batch number `batch`; shape (batch_size,)."""
    return _shuffled(batch_size, _seeds(seed, "slots", batch))


def augmentation_seeds(batch: int, batch_size: int, seed: int) -> list[int]:
    """Seed of the augmentation of every slot of batch number `batch`, each in 0 .. 2**63 - 1."""
    words = _seeds(seed, "augmentation", batch).generate_state(batch_size, np.uint64)
    return [int(word) >> 1 for word in words]


@lru_cache(maxsize=64)  # a pass is asked for image by image; no trial has this many sources
def _shuffled_pass(size: int, seed: int, source: str, pass_number: int) -> NDArray[np.intp]:
    return _shuffled(size, _seeds(seed, "source", source, pass_number))


def _shuffled(size: int, seeds: np.random.SeedSequence) -> NDArray[np.intp]:
    keys = np.random.PCG64(seeds).random_raw(size)
    return np.argsort(keys, kind="stable")


def _seeds(seed: int, *purpose: str | int) -> np.random.SeedSequence:
    """An independent stream for every purpose. Not `hash()`: that differs between processes."""
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return np.random.SeedSequence(int.from_bytes(digest, "little"))
