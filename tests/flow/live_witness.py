"""Watches an installation from outside, and proves that no offset was committed before its effects."""

import asyncio
import contextlib
import os
import struct
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from streams.encode import decode
from streams.records import OWN_KEY, Event, Outcome
from tests.flow.live import ENRICHED, Installation
from tests.flow.live_client import LiveClient
from tests.kafka.waiting import wait_until

APPLIED = struct.Struct(">q")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_SECONDS = 0.2
LOOK_PATIENCE = 5.0
"""How long the store may take for an answer until the look is given up."""


class Witness(threading.Thread):
    """Until ``end``: looks at what is committed, and then at the effects, which must be there already.

    ``looks`` counts how often it could compare; ``ahead`` holds what was committed too early, ``overtaken`` records
    that came to the enriched topic behind a later one of their raw partition. ``rss_mib`` is the most memory that a
    worker was seen with.
    """

    def __init__(self, installation: Installation) -> None:
        super().__init__(name="witness")
        self._of = installation
        self._ended = threading.Event()
        self._fronts: dict[int, Front] = defaultdict(Front)
        self._places: dict[int, deque[tuple[int, int, int]]] = defaultdict(deque)
        self._heard: dict[tuple[int, int], tuple[int, int]] = {}
        self._applied: dict[int, int] = {}
        self.looks = {"enrich": 0, "sessions": 0}
        self._done = 0
        self.blind = 0
        """Looks at which a broker or the store was away."""
        self.ahead: list[str] = []
        self.overtaken: list[str] = []
        self.rss_mib = 0.0
        self.failure: BaseException | None = None

    def end(self) -> None:
        """Stop; raises what failed."""
        self._ended.set()
        self.join(60)
        if self.failure is not None:
            raise self.failure

    def look(self) -> None:
        """Return after a look that began after the call."""
        before = self._done
        wait_until(lambda: self._done > before + 1 or not self.is_alive(), 60, "the witness looks")

    def run(self) -> None:
        """The thread's work."""
        client = self._of.client(patience=LOOK_PATIENCE)
        try:
            while not self._ended.is_set():  # a broker that is made anew is asked anew
                with contextlib.suppress(KafkaError, TimeoutError):
                    asyncio.run(self._watch(client))
                self._ended.wait(LOOK_SECONDS)
        except BaseException as failure:  # noqa: BLE001 - told by `end`
            self.failure = failure
        finally:
            client.disconnect()

    async def _watch(self, client: Client) -> None:
        topics = {self._of.enriched: ENRICHED, self._of.changelog: ENRICHED}
        self._fronts.clear()
        self._places.clear()
        self._heard.clear()
        async with reading(self._of.brokers, topics) as consumer, asking(self._of.brokers) as admin:
            while not self._ended.is_set():
                try:
                    await self._look(consumer, admin, client)
                except (TimeoutError, KafkaError, driver.Error, OSError, EOFError):
                    self.blind += 1
                    client.disconnect()
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, client: Client) -> None:
        """First what is committed, then the effects: they only grow meanwhile."""
        self._weigh()
        raw = await committed(admin, f"{self._of.group}-enrich", self._of.raw)
        enriched = await committed(admin, f"{self._of.group}-sessions", self._of.enriched)
        async for record in to_end(consumer):
            self._take(record)
        for partition, offset in raw.items():
            front = self._fronts[partition].offset
            self.looks["enrich"] += offset > 0
            if offset > front:
                self.ahead.append(f"raw[{partition}] {offset} is committed, {front} is not on enriched")
        await asyncio.to_thread(self._compare_store, client, enriched)
        self._done += 1

    def _weigh(self) -> None:
        for worker in self._of.running:
            if worker.poll() is None:
                self.rss_mib = max(self.rss_mib, resident_mib(worker.pid))

    def _take(self, record: ConsumerRecord) -> None:
        if record.topic == self._of.changelog:
            if record.key == OWN_KEY:
                self._applied[record.partition] = APPLIED.unpack(record.value[:8])[0]
            return
        word = decode(record.value)
        if isinstance(word, Event | Outcome):
            self._note(record.partition, record.offset, word.raw_partition, (word.raw_offset, word.raw_index))

    def _note(self, enriched: int, place: int, raw: int, at: tuple[int, int]) -> None:
        if self._fronts[raw].add(*at):
            if at < self._heard.get((enriched, raw), (-1, -1)):
                self.overtaken.append(f"raw[{raw}] {at} stands on enriched[{enriched}] behind a later one")
            self._heard[enriched, raw] = at
        self._places[enriched].append((place, raw, at[0]))

    def _compare_store(self, client: Client, committed_: dict[int, int]) -> None:
        folded = dict(client.execute(f"SELECT partition, max(applied) FROM {self._of.database}.progress GROUP BY 1"))
        due = self._due(committed_)
        self.looks["sessions"] += bool(due)
        for partition, offsets in due.items():
            missing = offsets - self._stored(client, partition, offsets)
            if missing:
                self.ahead.append(f"raw[{partition}] {sorted(missing)[:5]} are committed on enriched without outcomes")
        for partition, offset in committed_.items():
            for where, applied in (("progress", folded), ("the changelog", self._applied)):
                if offset - 1 > applied.get(partition, -1):
                    self.ahead.append(f"enriched[{partition}] {offset} is committed, {where} has {applied}")

    def _due(self, committed_: dict[int, int]) -> dict[int, set[int]]:
        """The raw offsets, by partition, of what was committed on enriched since the last look."""
        due: dict[int, set[int]] = defaultdict(set)
        for enriched, offset in committed_.items():
            places = self._places[enriched]
            while places and places[0][0] < offset:
                _, raw, at = places.popleft()
                due[raw].add(at)
        return due

    def _stored(self, client: Client, partition: int, offsets: set[int]) -> set[int]:
        """Which raw offsets between these have outcomes."""
        rows = client.execute(
            f"SELECT DISTINCT raw_offset FROM {self._of.database}.outcomes WHERE raw_topic = %(topic)s"
            " AND raw_partition = %(partition)s AND raw_offset BETWEEN %(first)s AND %(last)s",
            {"topic": f"{self._of.raw}@1", "partition": partition, "first": min(offsets), "last": max(offsets)},
        )
        return {offset for (offset,) in rows}


class Front:
    """The first offset of a partition that has not been seen, while they come in any order."""

    def __init__(self) -> None:
        self.offset = 0
        self._beyond: set[tuple[int, int]] = set()

    def add(self, offset: int, index: int) -> bool:
        """Whether it is seen for the first time. Records of several events count with the first of them."""
        if offset < self.offset or (offset, index) in self._beyond:
            return False
        self._beyond.add((offset, index))
        while (self.offset, 0) in self._beyond:
            self._beyond.remove((self.offset, 0))
            self.offset += 1
        return True


def resident_mib(pid: int) -> float:
    """The memory of a process; 0 where it has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * PAGE_BYTES / 2**20


@contextlib.contextmanager
def live_traffic(installation: Installation, seed: int) -> Iterator[tuple[LiveClient, Witness]]:
    """A client, not started yet, and a witness who is; both are ended at the end."""
    client, witness = LiveClient(installation, seed), Witness(installation)
    witness.start()
    try:
        yield client, witness
    finally:
        for thread in (client, witness):
            if thread.is_alive():
                thread.end()


async def committed(admin: AIOKafkaAdminClient, group: str, topic: str) -> dict[int, int]:
    """Partition → committed offset."""
    offsets = await admin.list_consumer_group_offsets(group)
    return {tp.partition: found.offset for tp, found in offsets.items() if tp.topic == topic and found.offset > 0}


@contextlib.asynccontextmanager
async def asking(brokers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def reading(brokers: str, topics: dict[str, int]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group at the beginning of all partitions."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, k) for topic, count in topics.items() for k in range(count)])
        yield consumer
    finally:
        await consumer.stop()


async def to_end(consumer: AIOKafkaConsumer) -> AsyncIterator[ConsumerRecord]:
    """What stands behind its positions now."""
    ends = await consumer.end_offsets(consumer.assignment())
    async with asyncio.timeout(20):
        while [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    yield record


def end_offsets(brokers: str, topic: str, partitions: int) -> dict[int, int]:
    """Partition → offset of the next record."""

    async def ask() -> dict[int, int]:
        async with reading(brokers, {topic: partitions}) as consumer:
            ends = await consumer.end_offsets(consumer.assignment())
            return {tp.partition: end for tp, end in ends.items()}

    return asyncio.run(ask())


def read_all(brokers: str, topics: dict[str, int]) -> list[ConsumerRecord]:
    """Every record of the topics."""

    async def read() -> list[ConsumerRecord]:
        async with reading(brokers, topics) as consumer:
            return [record async for record in to_end(consumer)]

    return asyncio.run(read())
