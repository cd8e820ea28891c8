"""Chance that is the same on every machine: only ``random()`` and ``getrandbits()``, and no call into libm."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")
Chance = Callable[[], float]
"""A draw from [0, 1)."""

_MASK = (1 << 64) - 1


class Weighted(Generic[T]):
    """Draws items by weight."""

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        self._items = tuple(items)
        self._ends = list(accumulate(weights))
        self._total = self._ends[-1]

    def draw(self, chance: Chance) -> T:
        return self._items[bisect_right(self._ends, chance() * self._total)]


def zipf(items: Sequence[T], shift: float = 1.0) -> Weighted[T]:
    """Items by Zipf-Mandelbrot weights 1 / (rank + shift), the first the most popular."""
    return Weighted(items, [1.0 / (rank + shift) for rank in range(len(items))])


def pick(items: Sequence[T], chance: Chance) -> T:
    """One of the items, all alike likely."""
    return items[int(chance() * len(items))]


def stream(seed: int, *names: int) -> Random:
    """A random stream of its own for (seed, names), so that adding draws to one part leaves the others as they were."""
    state = seed & _MASK
    for name in names:
        state = _mix(state ^ (name * 0x9E3779B97F4A7C15 & _MASK))
    return Random(_mix(state))  # noqa: S311 - simulated data, not secrets


def uuid_text(bits: int) -> str:
    """128 random bits as a UUID of version 4. Source: RFC 9562 §5.4."""
    text = f"{(bits & ~(0xF000 << 64) & ~(0xC000 << 48)) | (0x4000 << 64) | (0x8000 << 48):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _mix(state: int) -> int:
    """The finalizer of SplitMix64. Source: Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return state ^ (state >> 31)
