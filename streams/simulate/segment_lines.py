"""Visits as lines of Segment messages, with what goes wrong on the way: late sends, copies, disorder, broken lines."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from streams.simulate.chance import Chance, pick, uuid_text
from streams.simulate.line import Line
from streams.simulate.segment_message import MessageWriter
from streams.simulate.segment_sending import (
    Sending,
    latency,
    offline_wait,
    retry_wait,
    send,
    send_after_jump,
    send_by_server,
)
from streams.simulate.steps import SERVER, Visit, dwell_ms
from streams.simulate.truth import BROKEN, COPY, EVENT, LATE
from streams.simulate.visitors import SHOP

STORED_TWICE = 0.006
"""Share of messages the collector stores twice: the same bytes."""
SENT_TWICE = 0.006
"""Share of messages the device sends again: the same message id, a new sentAt."""
BROKEN_LINES = 0.0008
OUT_OF_ORDER = 0.02
CLOCK_JUMPS = 0.0004
_DISORDER_MS = 4_000
_TYPE_NULL, _TYPE_UNKNOWN = '{"type":null,', '{"type":"pageview2",'


class SegmentLines:
    """``lines(visit)``: its messages in the order they were made, copies after their originals."""

    def __init__(self, random: Random, lateness_ms: int) -> None:
        self._chance: Chance = random.random
        self._bits: Callable[[int], int] = random.getrandbits
        self._lateness_ms = lateness_ms
        self._numbers: Iterator[int] = count()

    def lines(self, visit: Visit) -> list[Line]:
        chance, bits, out = self._chance, self._bits, list[Line]()
        writer = MessageWriter(visit, bits)
        offline = offline_wait(chance) if visit.offline else 0
        happened = visit.start_ms
        for step in visit.steps:
            message_id = self._message_id(visit, happened)
            front = writer.write(step, message_id)
            wait = offline + 3 + int(chance() * 700)
            way = latency(chance)
            is_steady = step.kind != SERVER and chance() >= CLOCK_JUMPS
            if is_steady:
                sending = send(visit.visitor, happened, wait, way)
            elif step.kind == SERVER:
                sending = send_by_server(happened, way)
            else:
                sending = send_after_jump(visit.visitor, happened, wait, way)
            line = self._line(visit, message_id, front, sending)
            out.append(line)
            fate = chance()
            if fate < STORED_TWICE:
                out.append(self._stored_twice(line))
            elif fate < STORED_TWICE + SENT_TWICE and is_steady:
                out.append(self._sent_twice(visit, line, front, (happened, wait, way)))
            elif fate > 1 - BROKEN_LINES:
                out.append(self._broken(line))
            happened += dwell_ms(visit, step, chance)
        return out

    def _message_id(self, visit: Visit, happened: int) -> str:
        """A browser's library makes ids of its own form, an app's library UUIDs."""
        number = self._bits(128)
        if visit.visitor.app == SHOP:
            return f"ajs-next-{happened + visit.visitor.skew_ms}-{number:032x}"
        return uuid_text(number)

    def _line(self, visit: Visit, message_id: str, front: str, sending: Sending) -> Line:
        time, received, stamps = sending
        visitor = visit.visitor
        return Line(
            received if self._chance() >= OUT_OF_ORDER else received + int(self._chance() * _DISORDER_MS),
            next(self._numbers),
            front + stamps,
            visitor.app,
            LATE if received - time > self._lateness_ms else EVENT,
            visitor.anonymous_id,
            message_id,
            time,
            visitor.is_bot,
            visit.journey,
        )

    def _stored_twice(self, line: Line) -> Line:
        kind = LATE if line.kind == LATE else COPY
        return line._replace(
            position=line.position + int(self._chance() * 30_000), number=next(self._numbers), kind=kind
        )

    def _sent_twice(self, visit: Visit, line: Line, front: str, first: tuple[int, int, int]) -> Line:
        """Later and by a slower way than at first, so its event time is not before the original's."""
        happened, wait, way = first
        slower = way + int(self._chance() * 200)
        again = self._line(
            visit,
            line.message_id,
            front,
            send(visit.visitor, happened, wait + retry_wait(self._chance), slower),
        )
        return again if again.kind == LATE else again._replace(kind=COPY)

    def _broken(self, line: Line) -> Line:
        """A second line beside a good one, cut in half, without a type, or of a type nobody knows."""
        rest = line.text[line.text.index(",") + 1 :]
        text, reason = pick(
            (
                (line.text[: len(line.text) // 2], "syntax"),
                (_TYPE_NULL + rest, "field_missing"),
                (_TYPE_UNKNOWN + rest, "event_unknown"),
            ),
            self._chance,
        )
        return line._replace(
            position=line.position + 1, number=next(self._numbers), text=text, kind=BROKEN, message_id="", reason=reason
        )
