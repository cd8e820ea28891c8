# ruff: noqa: SLF001, ASYNC109 - this folder is where Faust's private names are used; the signatures are Faust's
"""The consumer that delivers one Faust message per fetched slice and commits only what was acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from aiokafka.structs import ConsumerRecord
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP
from faust.types.tuples import Message, ack_lock
from mode.utils.futures import notify

from streams.kafka.batch import BatchMessage, slices
from streams.kafka.continuity import Continuity
from streams.kafka.inflight import InFlight
from streams.kafka.thread import BatchConsumerThread


class BatchConsumer(Consumer):
    """Topics in ``app.batch_topics`` come as slices, changelogs of our tables are applied in slices, others as stock.

    Stock behaviour that is replaced: gaps counted as acknowledged at delivery, commits beyond unacknowledged
    messages, bookkeeping wiped before the last commit at a rebalance, a wait without end for agents that do not
    acknowledge, a sleep of a second whenever a buffer is full, fetching before the seek to the committed offset.
    """

    app: Any  # a BatchApp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._inflight = InFlight()
        self._delivered: dict[TP, int] = {}
        self._handed_out: dict[TP, int] = {}
        self._held: set[TP] = set()
        self._continuity = Continuity(self)
        self._told: Mapping[TP, int | None] = {}
        self._sought = False
        self._wake = asyncio.Event()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # back-pressure

    def hold(self, tp: TP) -> None:
        """Fetch no more of this partition until ``release``."""
        self._held.add(tp)

    def release(self, tp: TP) -> None:
        """Fetch this partition again."""
        self._held.discard(tp)
        self._wake.set()

    def on_buffer_drop(self, tp: TP) -> None:
        super().on_buffer_drop(tp)
        self._wake.set()

    def resume_partitions(self, tps: Any) -> None:
        super().resume_partitions(tps)
        self._wake.set()

    def heard_head(self, tp: TP) -> float | None:
        """Unix time at which a fetch was sent that found ``tp`` at its end, all before that end being acknowledged.

        None while something is in flight or on its way to it, or when records came after that fetch.
        """
        thread = self._own_thread
        found = thread.heads.get((tp.topic, tp.partition))  # before the next line: a head is noted after the taking
        if found is None or not self._sought or tp in thread.on_its_way or not self._inflight.empty(tp):
            return None
        offset, sent = found
        return sent if offset >= self._delivered.get(tp, 0) else None

    def committed(self, tp: TP) -> int:
        """The offset that is committed; 0 or less where none is."""
        return self._committed_offset.get(tp) or 0

    def known_end(self, tp: TP) -> int:
        """As the thread knows it."""
        return self._own_thread.known_end(tp)

    # delivery

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Yield slices (batch topics) or messages. What a rebalance overtakes is put back: it is fetched again."""
        records, _ = await self._wait_next_records(timeout)
        if not records or self.should_stop:
            return
        generation = self._own_thread.fetched_generation
        for tp, fetched in records.items():
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            if tp.topic in self.app.batch_topics and self._current(generation):
                await self._continuity.check(tp, self._delivered.get(tp), fetched[0].offset)
            for message in self._messages(tp, fetched, generation):
                if not self._current(generation):
                    break
                if isinstance(message, BatchMessage):
                    self._delivered[tp] = message.next_offset
                    self._inflight.deliver(message)
                self._handed_out[tp] = message.offset
                yield tp, message
            if not self._current(generation):
                await self._put_back(tp, fetched)
            self._own_thread.on_its_way.discard(tp)

    def _current(self, generation: int) -> bool:
        """False when a rebalance has begun since the fetch."""
        return self.flow_active and bool(self.app.consumer_generation_id == generation)

    async def _put_back(self, tp: TP, fetched: list[ConsumerRecord]) -> None:
        done = self._handed_out.get(tp, -1)
        rest = next((record.offset for record in fetched if record.offset > done), None)
        if rest is not None:
            await self._own_thread.call_thread(self._own_thread.put_back, tp, rest)

    @property
    def _own_thread(self) -> BatchConsumerThread:
        return cast("BatchConsumerThread", self._thread)

    def _messages(self, tp: TP, fetched: list[ConsumerRecord], generation: int) -> Iterator[Message]:
        limits = self.app.batch_topics.get(tp.topic)
        if limits is not None:
            yield from self._slices(tp, fetched, limits, generation)
        elif self._apply_changelog(tp, fetched, generation):
            yield self._to_message(tp, fetched[-1])
        else:
            for record in fetched:
                yield self._to_message(tp, record)

    def _slices(self, tp: TP, fetched: list[ConsumerRecord], limits: Any, generation: int) -> Iterator[BatchMessage]:
        start = self._delivered.get(tp, -1)
        fresh = fetched if fetched[0].offset >= start else [each for each in fetched if each.offset >= start]
        if fresh and self._sought:
            for records, nbytes in slices(fresh, limits.rows, limits.bytes):
                yield BatchMessage(tp, records, nbytes, generation)

    def _apply_changelog(self, tp: TP, fetched: list[ConsumerRecord], generation: int) -> bool:
        """Apply a changelog's slice to its table at once; Faust then sees only the last record, for its offsets."""
        tables = self.app.tables
        table = tables._changelogs.get(tp.topic)
        apply_records = getattr(table, "apply_records", None)
        if apply_records is None or tp not in tables.recovery.active_tps:
            return False
        if self._current(generation):
            apply_records(tp.partition, fetched)
        return True

    async def _wait_next_records(self, timeout: float) -> tuple[Any, set[TP]]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # as stock: any event
        active = self._fetchable()
        if active:
            return await self._getmany(active_partitions=active, timeout=timeout), active
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        return {}, active

    def _fetchable(self) -> set[TP]:
        """Active partitions that nobody holds; batch topics only once they stand at their committed offset."""
        active = self._get_active_partitions() - self._held
        if not self._sought:
            active = {tp for tp in active if tp.topic not in self.app.batch_topics}
        return active

    async def perform_seek(self) -> None:
        """Put every partition at its committed offset; slices delivered before are void."""
        self._sought = False
        self._inflight.clear()
        self._delivered.clear()
        await super().perform_seek()
        told = self._told  # the next rebalance may take partitions from the other books meanwhile
        committed = {tp: offset for tp, offset in told.items() if offset is not None}
        self._delivered.update(committed)
        self._continuity.note(committed)
        await self._continuity.check_begin(told)
        if self.app.failed:
            return
        self._own_thread.void_heads()
        self._sought = True
        self._wake.set()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """As stock. What the group has committed, None where it has not, is kept."""
        offsets = await super().seek_to_committed()
        self._told = {TP(*tp): offset for tp, offset in offsets.items()}
        return offsets

    # progress

    def waits(self) -> bool:
        """True while something of a batch topic is fetched and not committed, or known and not fetched."""
        if not self._inflight.all_empty():
            return True
        topics, thread = self.app.batch_topics, self._own_thread
        return any(
            self.known_end(tp) > self._delivered.get(tp, 0) and thread.has_more(tp)
            for tp in self._active_partitions or ()
            if tp.topic in topics
        )

    def done(self) -> object:
        """A value that changes with every commit, every rebalance, and what is read of a changelog."""
        offsets = self.app.tables.recovery.active_offsets
        return (dict(self._committed_offset), self.app.consumer_generation_id, dict(offsets))

    async def seek(self, partition: TP, offset: int) -> None:
        """Go on reading at ``offset``; slices delivered before are void."""
        self._inflight.clear(partition)
        self._delivered[partition] = offset
        await super().seek(partition, offset)
        self._own_thread.heads.pop((partition.topic, partition.partition), None)

    # acknowledging and committing

    def ack(self, message: Message) -> bool:
        """Mark a slice as done. Refused (False) when its partition was taken away since its delivery."""
        if not isinstance(message, BatchMessage):
            return super().ack(message)
        with ack_lock:
            message.acked = True
            self._unacked_messages.discard(message)
            held = self._inflight.holds(message)
            if held:
                self._acked.setdefault(message.tp, [])
                self._n_acked += 1
            notify(self._waiting_for_ack)
            return held

    def abandon(self, message: BatchMessage) -> None:
        """Nobody will acknowledge this slice: do not wait for it. It is not committed and will come again."""
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        if tp.topic not in self.app.batch_topics:
            await super()._add_gap(tp, offset_from, offset_to)

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic in self.app.batch_topics:
            return self._inflight.pop_head(tp)
        return super()._new_offset(tp)

    async def wait_empty(self) -> None:
        """Have everything delivered worked off, under a deadline, and commit it. Called at revocation and stop."""
        for drain in self.app.drains:
            drain.flush()
        deadline = self.loop.time() + self.app.drain_seconds
        while self._unacked_messages and not self.should_stop:
            if self.loop.time() >= deadline:
                self.log.warning("%d slices are not done in time: they will come again", len(self._unacked_messages))
                break
            await self._wait_for_ack(timeout=1)
            self._clean_unacked_messages()
        await self._commit_heads()

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT002 - stock
        """Commit acknowledged heads, and tell ``app.on_commit`` when something was committed."""
        committed = await super().commit(topics, start_new_transaction)
        if committed:
            self.app.on_commit()
        return committed

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done = bool(await super()._commit(offsets))
        if done:
            self._continuity.note(offsets)
        return done

    async def _commit_heads(self) -> None:
        """Commit, also what was acknowledged while another commit was under way."""
        while True:
            await self.maybe_wait_for_commit_to_finish()
            await self.commit(start_new_transaction=False)
            if self.should_stop or not self._inflight.head_acked():
                return

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Drain and commit first (the app's callback), then forget, last tell the owners of state."""
        self._sought = False
        await self._on_partitions_revoked(revoked)
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        self._held.difference_update(revoked)
        for tp in revoked:
            self._inflight.clear(tp)
            for book in (self._delivered, self._handed_out, self._gap, self._acked, self._acked_index):
                book.pop(tp, None)
            self._read_offset.pop(tp, None)
            self._committed_offset.pop(tp, None)
        for drain in self.app.drains:
            await drain.forget({tp for tp in revoked if tp.topic == drain.topic})
