"""The simulation itself: hour by hour, visits become lines, lines go to the file in order of arrival."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import TextIO

import msgspec

from streams.simulate.chance import stream
from streams.simulate.clock import MS_PER_HOUR, hour_shares, midnight
from streams.simulate.combined_lines import CombinedLines
from streams.simulate.line import Line
from streams.simulate.options import SimulationOptions, SimulationSummary
from streams.simulate.segment_lines import SegmentLines
from streams.simulate.steps import Visit
from streams.simulate.truth import BROKEN, COPY, EVENT, LATE, Ledger
from streams.simulate.visits import ENDLESS_HOURS, endless_visit, make_visits

_VISITS, _LINES, _ENDLESS = 11, 12, 13
_ENDLESS_FROM_EVENTS = 2_000


def simulate(options: SimulationOptions, out: Path, truth: Path) -> SimulationSummary:
    """Write ``options.events`` lines to ``out`` and what is true of them to ``truth``; equal options, equal bytes.

    ``truth`` is JSON lines. For each line of ``out``, in order: line (from 1), kind (event, copy, late, broken), app,
    visitor (anonymousId; for ``combined`` address and agent), message_id, time (ms; what derived_tstamp must be), bot,
    journey, and for a broken one reason. Then one of kind ``visitor`` for each: app, visitor, bot, sessions as
    [start, end, events].

    Memory: lines of about two hours, 8 bytes an event, and each visitor's key. Raises OSError.
    """
    with (
        out.open("w", encoding="utf-8", newline="\n") as lines,
        truth.open("w", encoding="utf-8", newline="\n") as truths,
    ):
        ledger, journeys = Ledger(), Counter[str]()
        writer = Writer(lines, truths, ledger)
        _write_hours(options, writer, journeys)
        return _finish(options, ledger, journeys, truths)


class Writer:
    """Writes lines in order of their position, each with its truth."""

    def __init__(self, lines: TextIO, truths: TextIO, ledger: Ledger) -> None:
        self._lines = lines
        self._truths = truths
        self._ledger = ledger
        self._written = 0
        self._waiting: list[Line] = []

    def add(self, lines: list[Line]) -> None:
        self._waiting += lines

    def write_until(self, position: int | None) -> None:
        """Write all lines before a position; None: all there are."""
        waiting = self._waiting
        waiting.sort()
        end = len(waiting)
        if position is not None:
            end = bisect_left(waiting, position, key=attrgetter("position"))
        ready = waiting[:end]
        self._waiting = waiting[end:]
        self._lines.write("".join([f"{line.text}\n" for line in ready]))
        self._truths.write("".join([_truth(line, n) for n, line in enumerate(ready, self._written + 1)]))
        self._written += end
        add = self._ledger.add
        for line in ready:
            add(line.app, line.visitor, line.kind, line.time, is_bot=line.is_bot)


def _write_hours(options: SimulationOptions, writer: Writer, journeys: Counter[str]) -> None:
    lines_of = _lines_of(options)
    next_visit = make_visits(options.seed, stream(options.seed, _VISITS), with_reader=options.format == "segment")
    endless = stream(options.seed, _ENDLESS)
    shares = hour_shares(options.start, options.days)
    total, passed, made = sum(shares), 0, 0
    hour_start = midnight(options.start)
    for hour, share in enumerate(shares):
        passed += share
        target = options.events * passed // total
        if options.events >= _ENDLESS_FROM_EVENTS and hour < ENDLESS_HOURS:
            made += _add(writer, lines_of(endless_visit(options.seed, endless, hour_start)), options.events - made)
        while made < target:
            visit = next_visit(hour_start)
            journeys[visit.journey] += 1
            made += _add(writer, lines_of(visit), options.events - made)
        hour_start += MS_PER_HOUR
        writer.write_until(hour_start)
    writer.write_until(None)


def _lines_of(options: SimulationOptions) -> Callable[[Visit], list[Line]]:
    random = stream(options.seed, _LINES)
    if options.format == "combined":
        return CombinedLines(random).lines
    return SegmentLines(random, options.lateness * 1000).lines


def _add(writer: Writer, lines: list[Line], room: int) -> int:
    """The last visit is cut to fit; a copy stands after its original, so none stays alone."""
    fitting = lines[:room]
    writer.add(fitting)
    return len(fitting)


def _truth(line: Line, number: int) -> str:
    _, _, _, app, kind, visitor, message_id, time, is_bot, journey, reason = line
    bot = "true" if is_bot else "false"
    why = f',"reason":"{reason}"' if reason else ""
    return (
        f'{{"line":{number},"kind":"{kind}","app":"{app}","visitor":"{visitor}","message_id":"{message_id}",'
        f'"time":{time},"bot":{bot},"journey":"{journey}"{why}}}\n'
    )


def _finish(options: SimulationOptions, ledger: Ledger, journeys: Counter[str], truths: TextIO) -> SimulationSummary:
    visitors = sessions = 0
    encode = msgspec.json.encode
    for visitor in ledger.visitors(options.gap * 1000, options.longest * 1000):
        truths.write(encode(visitor).decode() + "\n")
        visitors += 1
        sessions += len(visitor.sessions)
    kinds = ledger.kinds
    return SimulationSummary(
        lines=kinds.total(),
        events=kinds[EVENT],
        copies=kinds[COPY],
        late=kinds[LATE],
        broken=kinds[BROKEN],
        bots=ledger.bots,
        visitors=visitors,
        sessions=sessions,
        apps=dict(sorted(ledger.apps.items())),
        journeys=dict(sorted(journeys.items())),
    )
