# ruff: noqa: ARG002 - the signatures are Faust's
"""Session state: a Faust table whose changelog is written and read in large batches."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, cast

import faust
from aiokafka.structs import ConsumerRecord
from faust.types import TP, EventT, TopicT

from streams.errors import ContractError
from streams.kafka.app import BatchApp
from streams.kafka.batch import Undecoded
from streams.kafka.fence import take_over
from streams.kafka.producer import BatchProducer
from streams.records import OWN_KEY
from streams.settings import Settings

STATE_NAME = "state"
"""Name of the sessions worker's table."""
STAMP = 8
"""Every value starts with this many bytes: big-endian, the enriched offset applied when it was written."""


MakeMemory = Callable[[], MutableMapping[bytes, bytes]]


class StateTable(faust.Table):  # type: ignore[type-arg]
    """Live values per partition. Changelog partition k belongs to enriched partition k.

    ``make_memory`` gives what holds a partition's values. Reading a changelog the highest stamp per key wins, not the
    last write: a writer that lost the partition cannot put back an old value. None deletes.
    """

    app: BatchApp

    def __init__(self, app: BatchApp, make_memory: MakeMemory = dict, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self._make_memory = make_memory
        self._live: dict[int, MutableMapping[bytes, bytes]] = {}
        self._read: dict[int, int] = {}
        self._writers: dict[int, BatchProducer] = {}

    def view(self, partition: int) -> Mapping[bytes, bytes]:
        """Live values of one partition, its own record (``OWN_KEY``) among them. Read only, and current."""
        return MappingProxyType(self.memory(partition))

    def memory(self, partition: int) -> MutableMapping[bytes, bytes]:
        """What ``make_memory`` gave for the partition; only this table may change it."""
        live = self._live.get(partition)
        if live is None:
            live = self._live[partition] = self._make_memory()
        return live

    async def publish(self, partition: int, changes: Mapping[bytes, bytes | None], own: bytes) -> None:
        """Write ``changes`` and last ``own`` to the changelog; when acknowledged, apply them to memory.

        Raises what ``BatchProducer.send`` raises, and ContractError when ``own`` goes back; memory is then as before.
        """
        live = self.memory(partition)
        if own[:STAMP] < live.get(OWN_KEY, b"")[:STAMP]:
            raise ContractError(f"state of partition {partition} goes back", "this is a bug: please report it")
        outgoing = [(key, value, ()) for key, value in changes.items()]
        writer = self._writers.get(partition, self.app.batch_producer)
        last = await writer.send(self.changelog_topic_name, partition, [*outgoing, (OWN_KEY, own, ())])
        for key, value in changes.items():
            if value is None:
                live.pop(key, None)
            else:
                live[key] = value
        live[OWN_KEY] = own
        self._note_written(partition, last, len(outgoing) + 1)

    def _note_written(self, partition: int, last: int, count: int) -> None:
        """Spare a kept partition the reading of its own writes, unless someone else wrote in between."""
        tp = TP(self.changelog_topic_name, partition)
        if self._read.get(partition, -1) == last - count:
            self._read[partition] = last
            self._offsets()[tp] = last
        else:
            self._read.pop(partition, None)

    def _offsets(self) -> dict[TP, int]:
        """Faust's book of how far each changelog partition was read."""
        tables: Any = self.app.tables
        return cast("dict[TP, int]", tables.recovery.active_offsets)

    def apply_records(self, partition: int, records: Iterable[ConsumerRecord]) -> None:
        """Apply a run of changelog records, in log order. What was applied before is passed over."""
        live = self.memory(partition)
        read = self._read.get(partition, -1)
        floor = live.get(OWN_KEY, b"")[:STAMP]
        for record in records:
            if record.offset <= read:
                continue
            key, value, read = record.key, record.value, record.offset
            if value is None:
                live.pop(key, None)
                continue
            old = live.get(key)
            if value[:STAMP] < (floor if old is None else old[:STAMP]):
                continue
            live[key] = value
            if key == OWN_KEY:
                floor = value[:STAMP]
        self._read[partition] = read

    # what Faust calls

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Nothing left to do: the consumer applied the slice (``apply_records``)."""

    def persisted_offset(self, tp: TP) -> int | None:
        """The changelog offset up to which memory has everything; None: read from the start."""
        return self._read.get(tp.partition)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Drop what is lost, and memory that someone else may have written past: it is read anew."""
        topic = self.changelog_topic_name
        kept = {tp.partition for tp in assigned if tp.topic == topic and tp.partition in self._read}
        for partition in self._live.keys() - kept:
            self._live.pop(partition).clear()
        for partition in self._read.keys() - kept:
            del self._read[partition]
        offsets = self._offsets()
        for tp in [tp for tp in offsets if tp.topic == topic and tp.partition not in kept]:
            del offsets[tp]
        await self._take_over({tp.partition for tp in assigned if tp.topic == topic})

    async def _take_over(self, partitions: set[int]) -> None:
        """Fence off whoever owned these before, also ourselves: nobody knows who wrote in between."""
        await self._close_writers()
        if self.app.settings.kafka.idempotent:
            await asyncio.gather(*(self._fence(partition) for partition in sorted(partitions)))

    async def _fence(self, partition: int) -> None:
        topic, stops = self.changelog_topic_name, lambda: bool(self.app.should_stop)
        writer, offset = await take_over(self.app.settings, topic, partition, stops)
        self._writers[partition] = writer
        if self._read.get(partition, -1) == offset - 1:
            self._read[partition] = offset

    async def _close_writers(self) -> None:
        writers, self._writers = list(self._writers.values()), {}
        await asyncio.gather(*(writer.stop() for writer in writers))

    async def on_stop(self) -> None:
        """Disconnect."""
        await self._close_writers()

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Memory is complete; there is no store of Faust's to tidy."""
        await self.call_recover_callbacks()

    async def on_start(self) -> None:
        """No store of Faust's, and the topic is there already."""

    def _new_changelog_topic(self, **_: Any) -> TopicT:
        return self.app.topic(
            self._changelog_topic_name(),
            schema=Undecoded(),
            partitions=self.partitions,
            acks=False,
        )


def changelog_topic(settings: Settings, role: str = "sessions", name: str = STATE_NAME) -> str:
    """The changelog's topic: it must exist, compacted, with as many partitions as the topic the worker reads."""
    return f"{settings.kafka.group_prefix}-{role}-{name}-changelog"


def make_state(app: BatchApp, name: str, partitions: int, make_memory: MakeMemory = dict) -> StateTable:
    """The table ``name`` with its changelog topic ``{app id}-{name}-changelog`` of ``partitions`` partitions."""
    table = StateTable(app, make_memory, name=name, partitions=partitions)
    app.tables.add(table)
    return table
