"""Watches an installation from outside, and proves that no offset was committed before its effects."""

import asyncio
import contextlib
import struct
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from clickhouse_driver import Client

from streams.encode import decode
from streams.records import OWN_KEY, Event, Outcome
from tests.flow.live import ENRICHED, Installation
from tests.flow.live_client import LiveClient

APPLIED = struct.Struct(">q")


class Witness(threading.Thread):
    """Until ``end``: looks at what is committed, and then at the effects, which must be there already.

    ``looks`` counts how often it could compare; ``ahead`` holds what was committed too early.
    """

    def __init__(self, installation: Installation) -> None:
        super().__init__(name="witness")
        self._of = installation
        self._ended = threading.Event()
        self._seen: dict[int, set[int]] = defaultdict(set)
        self._coordinates: dict[int, list[tuple[int, tuple[int, int]]]] = defaultdict(list)
        self._applied: dict[int, int] = {}
        self.looks = {"enrich": 0, "sessions": 0}
        self.ahead: list[str] = []
        self.failure: BaseException | None = None

    def end(self) -> None:
        """Stop; raises what failed."""
        self._ended.set()
        self.join(60)
        if self.failure is not None:
            raise self.failure

    def run(self) -> None:
        """The thread's work."""
        try:
            client = self._of.client()
            asyncio.run(self._watch(client))
            client.disconnect()
        except BaseException as failure:  # noqa: BLE001 - told by `end`
            self.failure = failure

    async def _watch(self, client: Client) -> None:
        topics = {self._of.enriched: ENRICHED, self._of.changelog: ENRICHED}
        async with reading(self._of.brokers, topics) as consumer, asking(self._of.brokers) as admin:
            while not self._ended.is_set():
                with contextlib.suppress(KafkaError, asyncio.TimeoutError):
                    await self._look(consumer, admin, client)
                await asyncio.sleep(0.1)

    async def _look(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, client: Client) -> None:
        """First what is committed, then the effects: they only grow meanwhile."""
        raw = await committed(admin, f"{self._of.group}-enrich", self._of.raw)
        enriched = await committed(admin, f"{self._of.group}-sessions", self._of.enriched)
        async for record in to_end(consumer):
            self._take(record)
        for partition, offset in raw.items():
            missing = set(range(offset)) - self._seen[partition]
            self.looks["enrich"] += offset > 0
            if missing:
                self.ahead.append(f"raw[{partition}] {offset} is committed, {len(missing)} are not on enriched")
        await asyncio.to_thread(self._compare_store, client, enriched)

    def _take(self, record: ConsumerRecord) -> None:
        if record.topic == self._of.changelog:
            if record.key == OWN_KEY:
                self._applied[record.partition] = APPLIED.unpack(record.value[:8])[0]
            return
        word = decode(record.value)
        if isinstance(word, Event | Outcome):
            self._seen[word.raw_partition].add(word.raw_offset)
            self._coordinates[record.partition].append((record.offset, (word.raw_partition, word.raw_offset)))

    def _compare_store(self, client: Client, committed_: dict[int, int]) -> None:
        folded = dict(client.execute(f"SELECT partition, applied FROM {self._of.database}.progress FINAL"))
        ((stored,),) = client.execute(f"SELECT uniqExact(raw_partition, raw_offset) FROM {self._of.database}.outcomes")
        due = {at for k, offset in committed_.items() for place, at in self._coordinates[k] if place < offset}
        self.looks["sessions"] += bool(due)
        if stored < len(due):
            self.ahead.append(f"{len(due)} raw records are committed on enriched, {stored} have outcomes")
        for partition, offset in committed_.items():
            for where, applied in (("progress", folded), ("the changelog", self._applied)):
                if offset - 1 > applied.get(partition, -1):
                    self.ahead.append(f"enriched[{partition}] {offset} is committed, {where} has {applied}")


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
