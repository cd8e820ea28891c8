"""Every step tested at every place of a chain at once: whether it belongs there, by order and by association."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from models.discovery.chance import Chance, Floats, log_p
from models.discovery.limits import Limits
from models.discovery.sample import OTHER, Ints, Sample, ranges

Chain = tuple[int, ...]


@dataclass(frozen=True)
class Trial:
    """All steps at one place of a chain, (size,) each, over the sessions that walk the chain.

    walkers: how many walk it. taken: of those, how many have the step there. doers: how many have it anywhere.
    shuffled: expected of ``taken`` were the step put back anywhere in each session, the others left in their order.
    frequent: expected from how often the step stands in as many slots of such a place in any session.
    """

    place: int
    walkers: int
    taken: Floats
    doers: Floats
    shuffled: Floats
    frequent: Floats

    @cached_property
    def order_log_p(self) -> Floats:
        """Against the shuffle."""
        return log_p(self.taken, self.shuffled, self.doers)

    @cached_property
    def association_log_p(self) -> Floats:
        """Against frequency and length."""
        return log_p(self.taken, self.frequent, np.full(len(self.taken), float(self.walkers)))

    @cached_property
    def worse_log_p(self) -> Floats:
        """Of both tests."""
        return np.maximum(self.order_log_p, self.association_log_p)

    @cached_property
    def continuation(self) -> Floats:
        """Share of the walkers that take the step, beyond chance."""
        excess: Floats = (self.taken - self.frequent) / np.maximum(self.walkers - self.frequent, 1e-9)
        return excess

    @cached_property
    def order(self) -> Floats:
        """Share of the doers that do it here, beyond a shuffle."""
        excess: Floats = (self.taken - self.shuffled) / np.maximum(self.doers - self.shuffled, 1e-9)
        return np.where(self.doers > self.shuffled, excess, 0.0)

    @cached_property
    def lift(self) -> Floats:
        """Takers over those expected by chance."""
        ratio: Floats = self.taken / np.maximum(self.frequent, 1e-9)
        return ratio

    def is_seed(self, log_alpha: float, limits: Limits, support: int) -> NDArray[np.bool_]:
        """(size,) which steps may begin a chain with the one walked: sure, but not yet a large part of it."""
        passed: NDArray[np.bool_] = (
            (self.worse_log_p <= log_alpha) & (self.lift >= limits.lift) & (self.taken >= support)
        )
        return passed

    def passes(self, log_alpha: float, limits: Limits, support: int) -> NDArray[np.bool_]:
        """(size,) which steps belong at this place."""
        passed: NDArray[np.bool_] = (
            (self.worse_log_p <= log_alpha)
            & (self.continuation >= limits.continuation)
            & (self.order >= limits.order)
            & (self.lift >= limits.lift)
            & (self.taken >= support)
        )
        return passed


@dataclass(frozen=True, slots=True)
class Walkers:
    """Sessions that walk a chain. ends[k]: where the leftmost walk of its first k + 1 steps ends, begins[k]: where the
    rightmost walk of its steps from k on begins."""

    sessions: Ints
    ends: list[Ints]
    begins: list[Ints]


def walkers_of(sample: Sample, chain: Chain) -> Walkers:
    """Who walks ``chain`` (one step or more), anything between its steps."""
    fewest = min((sample.slots_of[code] for code in chain), key=len)
    sessions, ends = _leftmost(sample, _distinct(sample.sessions[fewest]), chain)
    return Walkers(sessions, ends, _rightmost(sample, sessions, chain))


def _distinct(rising: Ints) -> Ints:
    return rising[np.diff(rising, prepend=-1) > 0]


def _leftmost(sample: Sample, sessions: Ints, chain: Chain) -> tuple[Ints, list[Ints]]:
    """Those of ``sessions`` that walk the chain, and where each step of it is first reached."""
    ends: list[Ints] = []
    after = sample.starts[sessions] - 1
    for code in chain:
        slots = sample.slots_of[code]
        place = np.searchsorted(slots, after, side="right")
        after = np.append(slots, _FAR)[place]
        goes_on = np.flatnonzero(after < sample.starts[sessions + 1])
        sessions, after = sessions[goes_on], after[goes_on]
        ends = [*(end[goes_on] for end in ends), after]
    return sessions, ends


def _rightmost(sample: Sample, sessions: Ints, chain: Chain) -> list[Ints]:
    """Of sessions that are known to walk the chain."""
    begins, before = [], sample.starts[sessions + 1]
    for code in reversed(chain):
        slots = sample.slots_of[code]
        before = slots[np.searchsorted(slots, before) - 1]
        begins.append(before)
    return begins[::-1]


_FAR = np.iinfo(np.int64).max


def trials(sample: Sample, chance: Chance, chain: Chain, places: Sequence[int] | None = None) -> Iterator[Trial]:
    """One for each of ``places`` (0: before the first step; k: after step k), by default all of them."""
    walkers = walkers_of(sample, chain)
    sessions = walkers.sessions
    starts, ends = sample.starts[sessions], sample.starts[sessions + 1]
    slots, owners = ranges(starts, ends)
    entries, entry_owners = ranges(sample.entry_starts[sessions], sample.entry_starts[sessions + 1])
    entries_before = np.searchsorted(entry_owners, np.arange(len(sessions)))
    places_of_entries = sample.slot_entries[slots] - sample.entry_starts[sessions][owners] + entries_before[owners]
    codes, counts = sample.entry_codes[entries], sample.entry_counts[entries]
    others = (ends - starts)[entry_owners] - counts
    barred = [OTHER, *chain]
    doers = np.bincount(codes, minlength=sample.size).astype(np.float64)
    for place in range(len(chain) + 1) if places is None else places:
        low = walkers.ends[place - 1] if place else starts - 1
        high = walkers.begins[place] if place < len(chain) else ends
        inside = (slots > low[owners]) & (slots < high[owners])
        within = np.bincount(places_of_entries[inside], minlength=len(entries))
        odds = _reinserted(others, (high - low - 1)[entry_owners] - within, counts)
        hit = within > 0
        trial = Trial(
            place=place,
            walkers=len(sessions),
            taken=np.bincount(codes[hit], minlength=sample.size).astype(np.float64),
            doers=doers,
            shuffled=np.bincount(codes, weights=odds, minlength=sample.size).astype(np.float64),
            frequent=chance.expected(high - low - 1, place, len(chain)),
        )
        trial.taken[barred] = 0
        yield trial


def _reinserted(others: Ints, within: Ints, counts: Ints) -> Floats:
    """Chance that one of ``counts`` slots or more falls into the region, put back anywhere among ``others`` slots.

    within: how many of the others the region holds. All ways to put them back are equally likely: there are
    C(others + counts, counts), and C(others - within - 1 + counts, counts) of them miss the region.
    """
    factorial = gammaln(np.arange(int((others + counts).max(initial=0)) + 2) + 1.0)
    missing = others - within - 1
    base = np.maximum(missing, 0)
    logs = factorial[base + counts] - factorial[base] - factorial[others + counts] + factorial[others]
    odds: Floats = np.where(missing >= 0, -np.expm1(np.minimum(logs, 0)), 1.0)
    return odds
