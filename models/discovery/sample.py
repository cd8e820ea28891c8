"""Sessions of one half of the visitors as arrays that answer quickly who does a step, and where."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.paths import Paths

Ints = NDArray[np.int64]
OTHER = 0
"""Code of every step too rare to be part of a funnel."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Sessions without repeats in a row. An entry is a (session, step) pair that occurs, in that order.

    visitors: (sessions,) whose each is. codes: (slots,) step codes below ``size``. starts: (sessions + 1,).
    sessions: (slots,) whose slot it is.
    slot_entries: (slots,) entry of each slot. entry_codes, entry_counts: (entries,) step, and how often the session
    holds it. entry_starts: (sessions + 1,). slots_of: for each code its slots, rising.
    """

    size: int
    visitors: Ints
    codes: Ints
    starts: Ints
    sessions: Ints
    slot_entries: Ints
    entry_codes: Ints
    entry_counts: Ints
    entry_starts: Ints
    slots_of: list[Ints]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def lengths(self) -> Ints:
        """(sessions,) slots of each."""
        return np.diff(self.starts)

    def supports(self) -> Ints:
        """(size,) sessions that hold each step."""
        return np.bincount(self.entry_codes, minlength=self.size)


def make_sample(codes: Ints, starts: Ints, visitors: Ints, size: int) -> Sample:
    """Index ``codes``; session i is ``codes[starts[i]:starts[i + 1]]``."""
    n = len(starts) - 1
    sessions = np.repeat(np.arange(n), np.diff(starts))
    keys, slot_entries, counts = np.unique(sessions * size + codes, return_inverse=True, return_counts=True)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(size + 1))
    return Sample(
        size=size,
        visitors=visitors,
        codes=codes,
        starts=starts,
        sessions=sessions,
        slot_entries=slot_entries,
        entry_codes=keys % size,
        entry_counts=counts,
        entry_starts=np.searchsorted(keys // size, np.arange(n + 1)),
        slots_of=[order[bounds[code] : bounds[code + 1]] for code in range(size)],
    )


def ranges(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """The numbers of all [start, end), one range after another, and which range each is of."""
    lengths = ends - starts
    owners = np.repeat(np.arange(len(starts)), lengths)
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + (starts - before)[owners], owners


@dataclass(frozen=True, slots=True)
class Halves:
    """Both halves over one numbering: code k > 0 is step ``steps[k]`` of the vocabulary; 0 is any other."""

    found_on: Sample
    confirmed_on: Sample
    steps: Ints


def split(paths: Paths, seed: int, per_visitor: int, least: int) -> Halves:
    """``paths``, folded, in halves by a hash of the visitor, the first ``per_visitor`` sessions of each.

    Steps that fewer than ``least`` sessions of the first half hold become OTHER: no funnel can need them.
    """
    is_first = halves_of(paths.visitor_ids, seed)[paths.visitors]
    firsts = np.searchsorted(paths.visitors, paths.visitors)
    keeps = np.arange(len(paths)) - firsts < per_visitor
    size = len(paths.vocabulary)
    slots = np.repeat(is_first & keeps, np.diff(paths.starts))
    owners = np.repeat(np.arange(len(paths)), np.diff(paths.starts))[slots]
    held = np.bincount(np.unique(owners * size + paths.codes[slots]) % size, minlength=size)
    steps = np.concatenate([[-1], np.flatnonzero(held >= least)])
    renumbered = np.zeros(size, dtype=np.int64)
    renumbered[steps[1:]] = np.arange(1, len(steps))
    first, second = (
        chosen_sample(paths, np.flatnonzero(keeps & half), len(steps), renumbered) for half in (is_first, ~is_first)
    )
    return Halves(first, second, steps)


def chosen_sample(paths: Paths, chosen: Ints, size: int, renumbered: Ints | None = None) -> Sample:
    """The sessions at these places of ``paths``, folded; ``renumbered``: code → its code in the sample."""
    begins, ends = paths.starts[chosen], paths.starts[chosen + 1]
    places, _ = ranges(begins, ends)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(ends - begins)])
    codes = paths.codes[places].astype(np.int64) if renumbered is None else renumbered[paths.codes[places]]
    return make_sample(codes, starts, paths.visitors[chosen], size)


def halves_of(visitor_ids: NDArray[np.uint64], seed: int) -> NDArray[np.bool_]:
    """(visitors,) who is of the first half: the same for the same id and seed, whoever else is there.

    Source: the finalizer of SplitMix64, Steele, Lea, Flood 2014.
    """
    start = (seed * 0x9E3779B97F4A7C15) % 2**64
    mixed = visitor_ids[:, 0] ^ (visitor_ids[:, 1] + np.uint64(start))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    is_first: NDArray[np.bool_] = ((mixed ^ (mixed >> np.uint64(31))) & np.uint64(1)).astype(np.bool_)
    return is_first
