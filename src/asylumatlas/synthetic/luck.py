"""Random draws by key: (seed, case, purpose, number), so that nothing reshuffles anything else.

A draw is a pure function of its key. A case has the same luck whatever the number of cases, of
worker processes or the day of the release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

STEPS = 4096  # steps of a lottery: weights are rounded to parts of this


@njit(cache=True, nogil=True)
def _mixed(base: np.uint64, keys: NDArray[Any]) -> NDArray[np.uint64]:
    """64 random bits for each key (SplitMix64's finalizer twice)."""
    found = np.empty(keys.size, np.uint64)
    for i in range(keys.size):
        x = base + np.uint64(keys[i]) * np.uint64(0x9E3779B97F4A7C15)
        for _ in range(2):
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            x = x ^ (x >> np.uint64(31))
        found[i] = x
    return found


class Luck:
    """Draws of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, purpose: str, keys: NDArray[Any]) -> NDArray[np.uint64]:
        """64 random bits for each key of a purpose, shape as `keys`."""
        digest = hashlib.blake2b(f"{self.seed}/{purpose}".encode(), digest_size=8).digest()
        base = np.uint64(int.from_bytes(digest, "little"))
        found: NDArray[np.uint64] = _mixed(base, np.ascontiguousarray(keys, np.int64))
        return found

    def below(self, purpose: str, keys: NDArray[Any], limit: int | NDArray[Any]) -> NDArray[Any]:
        """Whole numbers from 0 to below `limit`, int64."""
        high = self.bits(purpose, keys) >> np.uint64(33)
        return (high.astype(np.int64) * limit) >> 31

    def happens(self, purpose: str, keys: NDArray[Any], share: float) -> NDArray[np.bool_]:
        """True with a probability of `share`, independently for each key."""
        limit = np.uint64(min(int(share * 2**53), 2**53))
        return (self.bits(purpose, keys) >> np.uint64(11)) < limit

    def pick(
        self, purpose: str, keys: NDArray[Any], weights: Sequence[float] | Mapping[Any, float]
    ) -> NDArray[np.int16]:
        """Numbers of the weights, each as often as its weight says, int16."""
        values = list(weights.values()) if isinstance(weights, Mapping) else list(weights)
        table = lottery(values)
        picked: NDArray[np.int16] = table[(self.bits(purpose, keys) >> np.uint64(52)).astype(int)]
        return picked


def lottery(weights: Sequence[float]) -> NDArray[np.int16]:
    """A table of `STEPS` numbers in which each weight's number stands as often as it says."""
    edges = np.round(np.cumsum(weights) / sum(weights) * STEPS).astype(int)
    found = np.searchsorted(edges, np.arange(STEPS), side="right")
    table: NDArray[np.int16] = np.minimum(found, len(weights) - 1).astype(np.int16)
    return table
