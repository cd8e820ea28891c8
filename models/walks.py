"""How far each session or visitor walks a funnel: ClickHouse's windowFunnel over arrays, with the times it drops."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.funnel import Order

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps of ``n`` units (sessions or visitors), in any order.

    units, times_ms, codes: (steps,) whose step it is, when, and which.
    """

    units: Indices
    times_ms: Indices
    codes: NDArray[np.int32]
    n: int


@dataclass(frozen=True, slots=True)
class Walks:
    """What one funnel of K steps found among n units.

    levels: (n,) how many steps each took, 0 to K. since_last_ms, since_first_ms: K arrays; the k-th holds, for each
    unit that took step k + 1, in order of units, the milliseconds from the step before, and from the first one, to its
    first arrival there (empty at the first step).
    """

    levels: NDArray[np.int8]
    since_last_ms: list[Indices]
    since_first_ms: list[Indices]


@dataclass(frozen=True, slots=True)
class _Entries:
    """Steps that matter, in order of unit, time and place in the funnel. place: 0 for a step that is none of it."""

    units: Indices
    times: Indices
    places: NDArray[np.int8]

    def firsts(self) -> Indices:
        """For each entry the first of its unit."""
        is_first = np.ones(len(self.units), dtype=np.bool_)
        is_first[1:] = self.units[1:] != self.units[:-1]
        return np.maximum.accumulate(np.where(is_first, np.arange(len(self.units)), 0))


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """Entries that reach one place of the funnel in time, each with the entry of the place before that led there.

    ``last``: for each entry the last arrival not after it, of any unit; -1 where there is none.
    """

    at: Indices
    previous: Indices
    last: Indices


def walk(timeline: Timeline, matches: Sequence[NDArray[np.bool_]], within_ms: int, order: Order) -> Walks:
    """How far each unit walks. matches: for each of the funnel's K steps, (vocabulary,) which codes mean it.

    Equal to windowFunnel(within_ms) for loose, and to its mode ``strict_order`` for strict: steps of one millisecond
    count in the order of the funnel, those that are none of it before them.
    Source: https://clickhouse.com/docs/sql-reference/aggregate-functions/parametric-functions#windowfunnel
    """
    entries = _entries(timeline, matches, strict=order is Order.STRICT)
    firsts, start = entries.firsts(), entries.times.copy()
    arrivals = [_first_arrivals(entries)]
    breaks = entries.places == 0
    for place in range(2, len(matches) + 1):
        arrivals.append(_arrivals(entries, place, arrivals[-1].last, firsts, start, breaks, within_ms))
    breaks &= arrivals[0].last >= firsts
    ends = np.full(timeline.n, len(start), dtype=np.int64)
    if order is Order.STRICT:
        places = np.flatnonzero(breaks)
        np.minimum.at(ends, entries.units[places], places)
    return _walks(entries, arrivals, start, ends)


def _first_arrivals(entries: _Entries) -> _Arrivals:
    at = np.flatnonzero(entries.places == 1)
    return _Arrivals(at, np.zeros(0, dtype=np.int64), _last(at, len(entries.places)))


def _arrivals(  # noqa: PLR0913 - the state of one pass
    entries: _Entries,
    place: int,
    last: Indices,
    firsts: Indices,
    start: Indices,
    breaks: NDArray[np.bool_],
    within: int,
) -> _Arrivals:
    """Arrivals at ``place``; notes in ``start`` when their walks began, and in ``breaks`` who came there too early.

    The last arrival at the place before has the latest start (windowFunnel writes over the older), so it decides.
    """
    at = np.flatnonzero(entries.places == place)
    previous = np.where(at > 0, last[at - 1], -1)
    has_previous = previous >= firsts[at]
    breaks[at[~has_previous]] = True
    in_time = has_previous & (entries.times[at] - start[previous] <= within)
    at, previous = at[in_time], previous[in_time]
    start[at] = start[previous]
    return _Arrivals(at, previous, _last(at, len(entries.places)))


def _last(at: Indices, n: int) -> Indices:
    marks = np.full(n, -1, dtype=np.int64)
    marks[at] = at
    return np.maximum.accumulate(marks)


def _entries(timeline: Timeline, matches: Sequence[NDArray[np.bool_]], *, strict: bool) -> _Entries:
    """A step that means several places of the funnel counts once for each. Units without the first one are left out."""
    units, times_ms = timeline.units, timeline.times_ms
    enters = np.zeros(timeline.n, dtype=np.bool_)
    enters[units[matches[0][timeline.codes]]] = True
    inside = np.flatnonzero(enters[units])
    codes_inside = timeline.codes[inside]
    rows = [inside[match[codes_inside]] for match in matches]
    places = [np.full(len(row), place, dtype=np.int8) for place, row in enumerate(rows, 1)]
    if strict:
        rows.append(inside[~np.logical_or.reduce([match[codes_inside] for match in matches])])
        places.append(np.zeros(len(rows[-1]), dtype=np.int8))
    row, place = np.concatenate(rows), np.concatenate(places)
    order = np.lexsort((place, times_ms[row], units[row]))
    row, place = row[order], place[order]
    return _Entries(units[row], times_ms[row], place)


def _walks(entries: _Entries, arrivals: list[_Arrivals], start: Indices, ends: Indices) -> Walks:
    levels = np.zeros(len(ends), dtype=np.int8)
    since_last, since_first = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for place, arrived in enumerate(arrivals, 1):
        counts = arrived.at < ends[entries.units[arrived.at]]
        at = arrived.at[counts]
        walkers, first = np.unique(entries.units[at], return_index=True)
        levels[walkers] = place
        if place > 1:
            arrival, previous = at[first], arrived.previous[counts][first]
            since_last.append(entries.times[arrival] - entries.times[previous])
            since_first.append(entries.times[arrival] - start[arrival])
    return Walks(levels, since_last, since_first)
