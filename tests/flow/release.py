"""One raw log, made once, and released to an installation's workers in different ways."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from clickhouse_driver import Client

from streams.load.sort_time import segment_time
from streams.warehouse.migrate import migrate
from tests.flow.live import ENRICHED, RAW, Installation

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
HEADERS = [("format", b"segment")]
LONGEST_DELAY_MS = 480_000
"""Of a broker behind a collector. With what the lines are out of order (34 s) it stays below ``disorder``, 10 min."""


class RawRecord(NamedTuple):
    """``tstamp`` is Kafka's, milliseconds. A record without value is the last of its partition."""

    partition: int
    tstamp: int
    value: bytes | None


class RawLog(msgspec.Struct, frozen=True):
    """Records in the order the broker took them; per partition their times never go back (LogAppendTime)."""

    records: list[RawRecord]
    lasts: list[RawRecord]
    """One for each partition, a day after all others: an empty record, which says how late it is."""

    @property
    def first_tstamp(self) -> int:
        """The earliest time."""
        return self.records[0].tstamp

    @property
    def size(self) -> int:
        """How many records, the last ones included."""
        return len(self.records) + len(self.lasts)

    def of(self, partitions: Iterable[int]) -> list[RawRecord]:
        """The records of some partitions, without the last ones."""
        wanted = set(partitions)
        return [record for record in self.records if record.partition in wanted]


def make_log(lines: Path, seed: int) -> RawLog:
    """Simulated lines in file order, which is that of arrival, dealt at random: copies lie in other partitions too.

    Kafka's time is the collector's and a little more, now and then minutes; so arrival time is the collector's.
    """
    chance = random.Random(seed)
    tstamps = [0] * RAW
    records = []
    collector = 0
    with lines.open("rb") as file:
        for line in file:
            collector = max(collector, segment_time(line) or 0)
            partition = chance.randrange(RAW)
            delay = chance.randrange(LONGEST_DELAY_MS) if chance.random() < 0.001 else chance.randrange(2_000)
            tstamps[partition] = max(tstamps[partition], collector + delay)
            records.append(RawRecord(partition, tstamps[partition], line.rstrip()))
    end = max(tstamps) + DAY_MS
    return RawLog(records, [RawRecord(partition, end, None) for partition in range(RAW)])


class Release:
    """Puts records on the raw topic of an installation, whose tables it makes. What a call sends is acknowledged."""

    def __init__(self, installation: Installation, log: RawLog) -> None:
        self._of, self._log = installation, log
        self._client: Client = installation.client()
        migrate(self._client, installation.database)
        self.sent = 0

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()

    def send(self, records: Sequence[RawRecord]) -> None:
        """In their order, each partition's in whole batches."""
        asyncio.run(_send(self._of, records))
        self.sent += len(records)

    def in_order_with_pauses(self, pauses: int) -> None:
        """A piece at a time, in the order of arrival; the next when the workers have nothing more to do."""
        records = self._log.records
        size = -(-len(records) // pauses)
        for start in range(0, len(records), size):
            self.send(records[start : start + size])
            self.await_stored()
        self.send(self._log.lasts)

    def at_once(self) -> None:
        """All of it."""
        self.send(self._log.records)
        self.send(self._log.lasts)

    def held(self, partition: int) -> None:
        """One partition only when the others are worked off to their ends."""
        self.send(self._log.of(set(range(RAW)) - {partition}))
        self.send([last for last in self._log.lasts if last.partition != partition])
        self.await_stored()
        self.send(self._log.of([partition]))
        self.send([last for last in self._log.lasts if last.partition == partition])

    def await_stored(self) -> None:
        """Until what was sent is in ``outcomes``."""
        query = f"SELECT count() FROM {self._of.database}.outcomes FINAL"
        _await_progress(lambda: int(self._client.execute(query)[0][0]), self.sent, "outcomes")

    def await_closed(self) -> None:
        """Until the watermark of every enriched partition has passed all sessions."""
        self.await_stored()
        query = (
            f"SELECT countIf(watermark > {self._log.lasts[0].tstamp - HOUR_MS}) FROM {self._of.database}.progress FINAL"
        )
        _await_progress(lambda: int(self._client.execute(query)[0][0]), ENRICHED, "closed partitions")


def _await_progress(count: Callable[[], int], wanted: int, what: str, patience: float = 120.0) -> None:
    """Wait as long as the count grows now and then. Asking takes a fifth of the time at most."""
    best, since = -1, time.monotonic()
    while best < wanted:
        began = time.monotonic()
        now = count()
        asked = time.monotonic()
        if now > best:
            best, since = now, asked
        assert asked - since < patience, f"{best} of {wanted} {what}, and no more for {patience} s"
        time.sleep(max(0.05, 4 * (asked - began)))


async def _send(installation: Installation, records: Sequence[RawRecord]) -> None:
    """With the records' own times, so that every release of a log is the same log."""
    producer = AIOKafkaProducer(bootstrap_servers=installation.brokers, acks="all", max_batch_size=1 << 20)
    await producer.start()
    try:
        builders: dict[int, Any] = {}
        for partition, tstamp, value in records:
            builder = builders.get(partition) or builders.setdefault(partition, producer.create_batch())
            if builder.append(timestamp=tstamp, key=None, value=value, headers=HEADERS) is None:
                await _acknowledged(producer, installation.raw, partition, builder)
                builder = builders[partition] = producer.create_batch()
                builder.append(timestamp=tstamp, key=None, value=value, headers=HEADERS)
        for partition, builder in builders.items():
            await _acknowledged(producer, installation.raw, partition, builder)
    finally:
        await producer.stop()


async def _acknowledged(producer: AIOKafkaProducer, topic: str, partition: int, builder: Any) -> None:
    builder.close()
    await (await producer.send_batch(builder, topic, partition=partition))
