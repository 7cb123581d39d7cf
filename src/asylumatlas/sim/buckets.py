"""Buckets: double-ended lists of tokens in chunks of one pool.

Every line of every desk and every day of the calendar is a bucket. Chunks are recycled, so the pool
grows to the most that is ever alive and memory is written and read in streams.

Positions are unsigned where they index: NumPy's rule for negative numbers would cost a comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from asylumatlas.sim import tables as t

U = np.uint64
WORDS_IN_LINE = 8  # 64-bit words in one line of the processor's cache
SOON = 16  # tokens at the front of a line that are worth fetching before its turn


@intrinsic
def fetch(typing_context: Any, array: Any, index: Any) -> tuple[Any, Callable[..., Any]]:
    """Ask the processor to load `array[index]` into its cache, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.gep(view.data, [arguments[1]])
        pointer = builder.bitcast(address, cgutils.voidptr_t)
        number = cgutils.ir.IntType(32)
        wants = [pointer.type, number, number, number]
        kind = cgutils.ir.FunctionType(cgutils.ir.VoidType(), wants)
        hint = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
        builder.call(hint, [pointer, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.none(array, types.int64), generate


@njit(_nrt=False, cache=True, forceinline=True)
def fetch_chunk(s: t.State, chunk: int) -> None:
    """Have a chunk in the cache soon: chunks lie anywhere, so no processor guesses the next."""
    if chunk >= 0:
        first = chunk * t.CHUNK * 2
        for word in range(first, first + t.CHUNK * 2, WORDS_IN_LINE):
            fetch(s.pool, word)


@njit(_nrt=False, cache=True, forceinline=True)
def fetch_head(s: t.State, b: int) -> None:
    """Have the first tokens of a bucket in the cache soon, those of its first chunk."""
    if s.buckets[b, t.SIZE] > 0:
        offset = s.buckets[b, t.OFFSET]
        first = 2 * (s.buckets[b, t.HEAD] * t.CHUNK + offset)
        for word in range(first, first + 2 * min(SOON, t.CHUNK - offset), WORDS_IN_LINE):
            fetch(s.pool, word)


@njit(_nrt=False, cache=True)
def take_chunk(s: t.State) -> int:
    """A free chunk, recycled if possible."""
    chunk = s.counters[t.FREE_CHUNK]
    if chunk >= 0:
        s.counters[t.FREE_CHUNK] = s.after[chunk]
        return chunk
    chunk = s.counters[t.FRESH_CHUNK]
    if chunk >= s.after.size:
        s.counters[t.FAULT] = 3
        return 0
    s.counters[t.FRESH_CHUNK] = chunk + 1
    return chunk


@njit(_nrt=False, cache=True)
def give_chunk(s: t.State, chunk: int) -> None:
    """Return a chunk for use by any bucket."""
    s.after[chunk] = s.counters[t.FREE_CHUNK]
    s.counters[t.FREE_CHUNK] = chunk


@njit(_nrt=False, cache=True)
def grow(s: t.State, b: int) -> int:
    """Give bucket `b` a new tail chunk; returns the write position in it."""
    chunk = take_chunk(s)
    tail = s.buckets[b, t.TAIL]
    s.after[chunk] = -1
    s.before[chunk] = tail
    if tail >= 0:
        s.after[tail] = chunk
    else:
        s.buckets[b, t.HEAD] = chunk
        s.buckets[b, t.OFFSET] = 0
    s.buckets[b, t.TAIL] = chunk
    return chunk * t.CHUNK


@njit(_nrt=False, cache=True, forceinline=True)
def push(s: t.State, b: int, w0: np.uint64, w1: np.uint64) -> None:
    """Append a token to bucket `b`."""
    p = s.buckets[U(b), t.WRITE]
    # a write position at a chunk's border means: nothing written yet, or the tail is full
    if p % t.CHUNK == 0:
        p = grow(s, b)
    s.pool[U(2 * p)] = w0
    s.pool[U(2 * p + 1)] = w1
    s.buckets[U(b), t.WRITE] = p + 1
    s.buckets[U(b), t.SIZE] += 1


@njit(_nrt=False, cache=True)
def clear(s: t.State, b: int) -> None:
    """Empty bucket `b`, which holds no token and one chunk."""
    give_chunk(s, s.buckets[b, t.HEAD])
    s.buckets[b, t.HEAD] = -1
    s.buckets[b, t.TAIL] = -1
    s.buckets[b, t.WRITE] = 0
    s.buckets[b, t.OFFSET] = 0


@njit(_nrt=False, cache=True, forceinline=True)
def head(s: t.State, b: int) -> int:
    """Position of the oldest token of a bucket that is not empty."""
    if s.buckets[b, t.OFFSET] == t.CHUNK:
        chunk = s.buckets[b, t.HEAD]
        following = s.after[chunk]
        give_chunk(s, chunk)
        s.before[following] = -1
        s.buckets[b, t.HEAD] = following
        s.buckets[b, t.OFFSET] = 0
    return s.buckets[b, t.HEAD] * t.CHUNK + s.buckets[b, t.OFFSET]


@njit(_nrt=False, cache=True, forceinline=True)
def run_length(s: t.State, b: int, most: int) -> int:
    """How many tokens, at most `most`, follow each other in the chunk of `head`."""
    return min(t.CHUNK - s.buckets[b, t.OFFSET], most)


@njit(_nrt=False, cache=True, forceinline=True)
def drop_head(s: t.State, b: int, tokens: int) -> None:
    """Remove tokens from `head` on, all of them in its chunk."""
    s.buckets[b, t.OFFSET] += tokens
    s.buckets[b, t.SIZE] -= tokens
    if s.buckets[b, t.SIZE] == 0:
        clear(s, b)


@njit(_nrt=False, cache=True)
def drop_tail(s: t.State, b: int) -> None:
    """Remove the newest token."""
    p = s.buckets[b, t.WRITE] - 1
    s.buckets[b, t.SIZE] -= 1
    if s.buckets[b, t.SIZE] == 0:
        if s.buckets[b, t.HEAD] != s.buckets[b, t.TAIL]:
            give_chunk(s, s.buckets[b, t.HEAD])
            s.buckets[b, t.HEAD] = s.buckets[b, t.TAIL]
        clear(s, b)
        return
    chunk = s.buckets[b, t.TAIL]
    if p == chunk * t.CHUNK:
        previous = s.before[chunk]
        give_chunk(s, chunk)
        s.after[previous] = -1
        s.buckets[b, t.TAIL] = previous
        p = (previous + 1) * t.CHUNK
    s.buckets[b, t.WRITE] = p


@njit(_nrt=False, cache=True)
def people_inside(s: t.State) -> int:
    """Tokens in all buckets: everybody in a line or on the calendar."""
    inside = 0
    for b in range(len(s.buckets)):
        inside += s.buckets[b, t.SIZE]
    return inside
