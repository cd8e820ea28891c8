"""One partition's waiting slices and the task that works them off: by rows, bytes, time, or when asked to flush."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, cast

from faust.types import TP, EventT

from streams.kafka.batch import BatchMessage

Work = Callable[[int, list[BatchMessage]], Awaitable[None]]
FEWEST_ROWS = 1_000
"""A batch is not cut smaller for the sake of other lanes: an insert costs as much as some hundred rows."""
FEWEST_BYTES = 1 << 20


class Limits(NamedTuple):
    """When waiting slices are worked off: at the first limit reached. ``interval`` in seconds; 0 is at once."""

    rows: int
    bytes: int
    interval: float

    def among(self, lanes: int) -> "Limits":
        """The share of each of so many lanes: together what one alone may hold, or the fewest worth it."""
        return Limits(
            max(self.rows // lanes, min(self.rows, FEWEST_ROWS)),
            max(self.bytes // lanes, min(self.bytes, FEWEST_BYTES)),
            self.interval,
        )


class Pressure(NamedTuple):
    """What a lane calls when as much waits as a batch may hold, and when there is room again."""

    tp: TP
    hold: Callable[[TP], None]
    release: Callable[[TP], None]


class Lane:
    """Slices of one partition, in order, one ``work`` at a time.

    ``failed`` is called once, with the error, when ``work`` raises; nothing more is worked off then.
    """

    def __init__(
        self,
        partition: int,
        work: Work,
        limits: Limits,
        pressure: Pressure,
        failed: Callable[[list[BatchMessage], Exception], None],
    ) -> None:
        self._partition = partition
        self._work = work
        self._limits = limits
        self._pressure, self._full_told = pressure, False
        self._failed, self.broken = failed, False
        self._waiting: deque[tuple[EventT[Any], float]] = deque()
        self._rows = self._bytes = 0
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._flushing = False
        self._loop = asyncio.get_running_loop()
        self.busy: list[EventT[Any]] = []
        self.task = asyncio.create_task(self._run(), name=f"lane-{partition}")

    def put(self, event: EventT[Any]) -> None:
        """A slice has come."""
        message = _message(event)
        self._waiting.append((event, self._loop.time()))
        self._rows += len(message.records)
        self._bytes += message.nbytes
        self._schedule()

    def limit(self, limits: Limits) -> None:
        """From now on these hold."""
        self._limits = limits
        self._schedule()

    def flush(self) -> list[EventT[Any]]:
        """Work off one more batch, now, after the one that runs. What waits beyond it is given back: it is not begun.

        So the time a rebalance waits is that of two batches, however much was fetched.
        """
        self._flushing = True
        batch = self._take()
        beyond = [event for event, _ in self._waiting]
        self._waiting.clear()
        self._rows = self._bytes = 0
        for event in batch:
            self.put(event)
        return beyond

    def leftovers(self) -> list[EventT[Any]]:
        """Slices that are not done."""
        return [*self.busy, *(event for event, _ in self._waiting)]

    def close(self) -> None:
        """Stop the timer and the task."""
        if self._timer is not None:
            self._timer.cancel()
        self.task.cancel()

    def _full(self) -> bool:
        return self._rows >= self._limits.rows or self._bytes >= self._limits.bytes

    def _schedule(self) -> None:
        """Set ``due`` now or arm the timer; tell whether more may come."""
        full, tell = self._full(), self._pressure
        if full != self._full_told:
            self._full_told = full
            (tell.hold if full else tell.release)(tell.tp)
        if not self._waiting:
            return
        wait = self._waiting[0][1] + self._limits.interval - self._loop.time()
        if self._flushing or full or wait <= 0:
            self._due.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(wait, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._due.set()

    def _take(self) -> list[EventT[Any]]:
        """The next batch: whole slices, at least one, within the limits."""
        taken: list[EventT[Any]] = []
        rows = size = 0
        while self._waiting:
            message = _message(self._waiting[0][0])
            rows, size = rows + len(message.records), size + message.nbytes
            if taken and (rows > self._limits.rows or size > self._limits.bytes):
                break
            taken.append(self._waiting.popleft()[0])
            self._rows -= len(message.records)
            self._bytes -= message.nbytes
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return taken

    async def _run(self) -> None:
        while not self.broken:
            await self._due.wait()
            self._due.clear()
            self.busy = self._take()
            if self.busy:
                self._schedule()
                await self._do([_message(event) for event in self.busy])

    async def _do(self, messages: list[BatchMessage]) -> None:
        try:
            await self._work(self._partition, messages)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is acknowledged and the process ends
            self.broken = True
            self._failed(messages, error)
            return
        for event in self.busy:
            event.ack()
        self.busy = []
        self._schedule()


def _message(event: EventT[Any]) -> BatchMessage:
    return cast("BatchMessage", event.message)
