"""What chance would give: how often a step stands near a session's end, near its start, or inside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from models.discovery.sample import Ints, Sample

Floats = NDArray[np.float64]
PSEUDO_SESSIONS = 50
"""Weight of plain frequency beside the sessions counted, where those are few."""
LONGEST = 200
"""Regions are looked up to this length; longer ones count as this long."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Tables (LONGEST + 1 or fewer, size): entry [m, b] is the chance that m slots of a place hold step b.

    before: the first m slots of a session longer than m. inside: m slots that are neither first nor last.
    after: the last m slots of a session longer than m.
    """

    before: Floats
    inside: Floats
    after: Floats

    def expected(self, slots: Ints, place: int, of: int) -> Floats:
        """(size,) how many of the sessions with ``slots`` slots in the region hold each step there.

        place, of: the region stands before step ``place`` of a chain of ``of`` steps, or after it where equal.
        """
        table = self.before if place == 0 else self.after if place == of else self.inside
        counts = np.bincount(np.minimum(slots, len(table) - 1), minlength=len(table))
        used = np.flatnonzero(counts)
        expected: Floats = counts[used] @ table[used]
        return expected


def learn_chance(sample: Sample) -> Chance:
    """From all sessions of a half."""
    lengths = sample.lengths()
    longest = int(min(lengths.max(initial=1), LONGEST))
    owners = np.repeat(np.arange(len(sample)), np.diff(sample.entry_starts))
    first = np.full(len(sample.entry_codes), np.iinfo(np.int64).max)
    slots = np.arange(len(sample.codes))
    np.minimum.at(first, sample.slot_entries, slots)
    last = np.zeros(len(sample.entry_codes), dtype=np.int64)
    last[sample.slot_entries] = slots
    from_start = first - sample.starts[owners] + 1
    from_end = sample.starts[owners + 1] - last
    is_inner = np.ones(len(sample.codes), dtype=np.bool_)
    is_inner[sample.starts[:-1][lengths > 0]] = False
    is_inner[sample.starts[1:][lengths > 0] - 1] = False
    everywhere, inner = (_frequency(codes, sample.size) for codes in (sample.codes, sample.codes[is_inner]))
    return Chance(
        before=_near(sample, from_start, lengths, owners, _within(everywhere, longest)),
        inside=_within(inner, longest),
        after=_near(sample, from_end, lengths, owners, _within(everywhere, longest)),
    )


def _frequency(codes: Ints, size: int) -> Floats:
    counts = np.bincount(codes, minlength=size)
    share: Floats = counts / max(len(codes), 1)
    return share


def _within(share: Floats, longest: int) -> Floats:
    table: Floats = 1 - (1 - share)[None, :] ** np.arange(longest + 1)[:, None]
    return table


def _near(sample: Sample, distance: Ints, lengths: Ints, owners: Ints, prior: Floats) -> Floats:
    """Sessions longer than m whose m slots at one end hold the step: from m = distance on, until the session ends."""
    rows = len(prior)
    marks = np.zeros((rows + 1, sample.size))
    np.add.at(marks, (np.minimum(distance, rows), sample.entry_codes), 1)
    np.add.at(marks, (np.minimum(np.maximum(lengths[owners], distance), rows), sample.entry_codes), -1)
    held = np.cumsum(marks, axis=0)[:rows]
    longer = len(sample) - np.cumsum(np.bincount(np.minimum(lengths, rows), minlength=rows + 1))[:rows]
    table: Floats = (held + PSEUDO_SESSIONS * prior) / (longer[:, None] + PSEUDO_SESSIONS)
    table[0] = 0
    return table


def log_p(observed: Floats, expected: Floats, of: Floats) -> Floats:
    """Upper bound of the log of the chance of so many or more among ``of`` independent tries of unequal chances.

    Source: Hoeffding 1963, theorem 1: log p <= -n KL(observed / n || expected / n).
    """
    n = np.maximum(of, 1)
    seen, chance = observed / n, np.clip(expected / n, 1e-12, 1 - 1e-12)
    divergence = xlogy(seen, seen / chance) + xlogy(1 - seen, (1 - seen) / (1 - chance))
    bound: Floats = np.where(seen > chance, -n * divergence, 0.0)
    return bound
