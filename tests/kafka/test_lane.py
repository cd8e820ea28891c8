import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from faust.types import TP, EventT

from streams.kafka.batch import BatchMessage
from streams.kafka.lane import Lane, Limits, Pressure
from tests.kafka.records import piece

HOUR = 3600.0


class Delivered:
    """A slice as the agent hands it on."""

    def __init__(self, message: BatchMessage) -> None:
        self.message = message

    def ack(self) -> None:
        self.message.acked = True


class Trial:
    """A lane, what it worked off, and what it told. While ``gate`` is shut, work waits."""

    def __init__(self, limits: Limits, error: Exception | None = None) -> None:
        self.batches: list[list[int]] = []
        self.pressure: list[str] = []
        self.failures: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._error = error
        tell = Pressure(TP("t", 0), lambda _: self.pressure.append("hold"), lambda _: self.pressure.append("release"))
        self.lane = Lane(0, self._work, limits, tell, lambda _, error: self.failures.append(type(error).__name__))

    async def _work(self, partition: int, batches: list[BatchMessage]) -> None:
        assert partition == 0
        self.batches.append([batch.first_offset for batch in batches])
        await self.gate.wait()
        if self._error is not None:
            raise self._error

    def put(self, first: int, count: int) -> BatchMessage:
        message = piece(first, count)
        self.lane.put(cast("EventT[Any]", Delivered(message)))
        return message

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110 - any condition
                await asyncio.sleep(0)


def test_slices_gather_until_the_rows_are_reached() -> None:
    """Nothing happens before; then all that fits goes in one batch and is acknowledged after the work."""

    async def story() -> None:
        trial = Trial(Limits(10, 1000, HOUR))
        first = trial.put(0, 4)
        await asyncio.sleep(0.05)
        assert trial.batches == []
        second = trial.put(4, 6)
        await trial.until(lambda: second.acked)
        assert first.acked
        assert trial.batches == [[0, 4]]
        trial.lane.close()

    asyncio.run(story())


def test_limits_may_change_while_slices_wait() -> None:
    """What waits is worked off at once when it is more than the new share, and in batches that fit it."""

    async def story() -> None:
        trial = Trial(Limits(100, 1000, HOUR))
        for number in range(4):
            last = trial.put(5 * number, 5)
        await asyncio.sleep(0.05)
        assert trial.batches == []
        trial.lane.limit(Limits(10, 1000, HOUR))
        await trial.until(lambda: last.acked)
        assert trial.batches == [[0, 5], [10, 15]]
        assert trial.pressure == ["hold", "release"]
        trial.lane.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("lanes", "rows", "size"),
    [(1, 50_000, 64 << 20), (4, 12_500, 16 << 20), (1_000, 1_000, 1 << 20)],
)
def test_lanes_share_the_limits_down_to_a_batch_that_is_worth_an_insert(lanes: int, rows: int, size: int) -> None:
    """Small limits stay as they were asked for."""
    assert Limits(50_000, 64 << 20, 1.0).among(lanes) == Limits(rows, size, 1.0)
    assert Limits(1, 10, 0.0).among(lanes) == Limits(1, 10, 0.0)


def test_interval_0_takes_all_that_waits() -> None:
    """While a batch is worked on, slices gather for the next."""

    async def story() -> None:
        trial = Trial(Limits(100, 1000, 0.0))
        trial.gate.clear()
        trial.put(0, 1)
        await trial.until(lambda: trial.batches == [[0]])
        trial.put(1, 1)
        last = trial.put(2, 1)
        trial.gate.set()
        await trial.until(lambda: last.acked)
        assert trial.batches == [[0], [1, 2]]
        trial.lane.close()

    asyncio.run(story())


def test_time_flushes_what_waits() -> None:
    """Counted from the first waiting slice."""

    async def story() -> None:
        trial = Trial(Limits(100, 1000, 0.05))
        message = trial.put(0, 1)
        await trial.until(lambda: message.acked)
        trial.lane.close()

    asyncio.run(story())


def test_a_full_lane_asks_to_hold_and_then_to_release() -> None:
    """Back-pressure: fetching stops while a whole batch waits behind the running one."""

    async def story() -> None:
        trial = Trial(Limits(10, 1000, HOUR))
        trial.gate.clear()
        trial.put(0, 10)
        await trial.until(lambda: trial.batches == [[0]])
        last = trial.put(10, 10)
        assert trial.pressure[-1] == "hold"
        trial.gate.set()
        await trial.until(lambda: last.acked)
        assert trial.pressure[-1] == "release"
        trial.lane.close()

    asyncio.run(story())


def test_a_flush_works_off_one_batch_and_gives_the_rest_back() -> None:
    """A rebalance waits for two batches at most, however much was fetched."""

    async def story() -> None:
        trial = Trial(Limits(10, 1000, HOUR))
        trial.gate.clear()
        for first in range(0, 40, 5):
            trial.put(first, 5)
        await trial.until(lambda: trial.batches == [[0, 5]])
        beyond = trial.lane.flush()
        assert [event.message.records[0].offset for event in beyond] == [20, 25, 30, 35]  # type: ignore[attr-defined]
        trial.gate.set()
        await trial.until(lambda: trial.batches == [[0, 5], [10, 15]] and not trial.lane.leftovers())
        trial.lane.close()

    asyncio.run(story())


@pytest.mark.parametrize("error", [ValueError("x"), OSError("y")])
def test_a_failure_is_told_once_and_nothing_is_acknowledged(error: Exception) -> None:
    """The lane then works off nothing more."""

    async def story() -> None:
        trial = Trial(Limits(1, 1000, 0.0), error)
        first, second = trial.put(0, 1), trial.put(1, 1)
        await trial.until(lambda: bool(trial.failures))
        await asyncio.wait([trial.lane.task], timeout=5)
        assert trial.failures == [type(error).__name__]
        assert not first.acked
        assert not second.acked
        assert [event.message for event in trial.lane.leftovers()] == [first, second]

    asyncio.run(story())
