"""Random numbers keyed by who and why, never by order.

A draw is a pure function of (seed, person, purpose, visit): two rounds of the 64-bit finaliser of
splitmix64 (Steele, Lea and Flood 2014). A policy that changes one person's path leaves everyone
else's luck alone, so two scenarios can be compared person by person (common random numbers).
The same functions serve compiled code, NumPy arrays and plain integers (`mix_int`).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numba import njit

U = np.uint64
K1 = U(0x9E3779B97F4A7C15)
K2 = U(0xBF58476D1CE4E5B9)
K3 = U(0x94D049BB133111EB)
K4 = U(0xD1342543DE82EF95)
MASK = (1 << 64) - 1
PATIENCE_PURPOSE = U(1 << 20)
LEAVE_PURPOSE = U(2 << 20)
RELEASE_SALT = U(0x52454C4541534521)


@njit(_nrt=False, cache=True, forceinline=True)
def mix(x: np.uint64) -> np.uint64:
    """Finaliser of splitmix64: 64 bits in, 64 well-mixed bits out."""
    x = (x ^ (x >> U(30))) * K2
    x = (x ^ (x >> U(27))) * K3
    return x ^ (x >> U(31))


@njit(_nrt=False, cache=True, forceinline=True)
def draw(key: np.uint64, purpose: np.uint64) -> np.uint64:
    """64 random bits for a person's key and a purpose (station salt plus visit number)."""
    return mix(mix(key) + purpose * K4)


def mix_int(x: int) -> int:
    """`mix` on a plain integer."""
    x = ((x ^ (x >> 30)) * int(K2)) & MASK
    x = ((x ^ (x >> 27)) * int(K3)) & MASK
    return x ^ (x >> 31)


def draw_int(key: int, purpose: int) -> int:
    """`draw` on plain integers."""
    return mix_int((mix_int(key & MASK) + purpose * int(K4)) & MASK)


def salt(*words: str | int) -> int:
    """A 64-bit key for a name such as ("station", "fear_interview"); stable across runs."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(*words: str | int) -> float:
    """A number in [0, 1) that depends on nothing but its name."""
    return (mix_int(salt(*words)) >> 11) / float(1 << 53)
