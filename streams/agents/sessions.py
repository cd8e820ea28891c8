"""The sessions worker: enriched slices in, rows in ClickHouse out, state in the changelog, then the acknowledgement.

Effects in this order, each acknowledged before the next (invariant 5): insert, changelog, offset. The fold works on a
copy until then, so a batch that failed anywhere is simply folded again.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from faust.types import TP

from streams.agents.bisect import store_apart
from streams.agents.hooks import Hooks
from streams.agents.standing import Standing
from streams.encode import decode
from streams.kafka.app import BatchApp
from streams.kafka.batch import BatchMessage
from streams.kafka.consumer import BatchConsumer
from streams.kafka.dispatch import Dispatcher, Limits
from streams.kafka.state import StateTable
from streams.metrics import Metrics
from streams.records import Event, Record
from streams.sessionize.effects import Effects
from streams.sessionize.partition import PartitionFold
from streams.sessionize.shared import SharedTexts
from streams.sessionize.unstorable import is_alone, removal, unstorable
from streams.settings import Settings
from streams.warehouse.failures import Refused
from streams.warehouse.sink import Sink, TableRows

logger = logging.getLogger(__name__)

Numbered = tuple[int, Record]
"""A record and its enriched offset."""
MakeFold = Callable[[int, StateTable], PartitionFold]


class SessionsWorker:
    """One process of the consumer group PREFIX-sessions."""

    def __init__(  # noqa: PLR0913 - the parts are composed once, in agents/worker.py
        self,
        app: BatchApp,
        settings: Settings,
        state: StateTable,
        make_fold: MakeFold,
        sink: Sink,
        metrics: Metrics,
        hooks: Hooks,
    ) -> None:
        self._app, self._settings = app, settings
        self._state = state
        self._make_fold = make_fold
        self._sink = sink
        self._metrics = metrics
        self._hooks = hooks
        self._folds: dict[int, PartitionFold] = {}
        flush = settings.flush
        limits = Limits(rows=flush.rows, bytes=flush.bytes, interval=flush.interval)
        app.on_loss, app.signs = metrics.lost, lambda: metrics.attempts
        app.on_commit = lambda: hooks.reached("sessions.after_commit")
        app.on_end = sink.close  # an insert that waits for a frozen warehouse would hold the process up
        topic = settings.kafka.enriched_topic
        self.dispatcher = Dispatcher(app, topic, self.work, limits, self._forget, shared=True)

    async def work(self, partition: int, slices: list[BatchMessage]) -> None:
        """Fold, insert, publish. Only when all three are done may the slices be acknowledged."""
        with self._metrics.timed("sessions"):
            await self._store(partition, slices)
        memory = self._state.memory(partition)
        self._metrics.open_visitors.labels(partition).set(len(memory))
        if isinstance(memory, SharedTexts):
            self._metrics.state_bytes.labels(partition).set(memory.nbytes)

    async def _store(self, partition: int, slices: list[BatchMessage]) -> None:
        began = time.process_time()
        records = [(record.offset, decode(record.value)) for piece in slices for record in piece.records]
        self._metrics.spent("sessions", time.process_time() - began)
        await store_apart(records, partial(self._take_effect, partition), partial(self._give_up, partition))

    async def _take_effect(self, partition: int, records: Sequence[Numbered], trace: Event | None = None) -> None:
        """Fold, insert, publish: all of ``records`` and the ``trace`` of an earlier attempt, or nothing."""
        fold = await self._fold(partition)
        began = time.process_time()
        effects = fold.fold(records)
        spent = time.process_time() - began
        self._hooks.reached("sessions.before_insert")
        await self._sink.store(partition, rows_of(effects, trace), effects.span)
        self._hooks.reached("sessions.after_insert")
        await self._state.publish(partition, effects.changes, effects.own)
        self._hooks.reached("sessions.after_changelog")
        fold.commit(effects)
        self._metrics.folded(partition, effects, spent)

    async def _give_up(self, partition: int, numbered: Numbered, refused: Refused) -> None:
        """The event that is refused becomes an outcome: dead, ``unstorable``."""
        offset, event = numbered
        if not isinstance(event, Event):
            raise refused
        effects = (await self._fold(partition)).fold([numbered])
        trace = removal(event) if is_alone(event, effects) else None
        logger.error("offset %d of enriched partition %d is unstorable: %s", offset, partition, refused)
        instead = [(offset, unstorable(event))]
        try:
            await self._take_effect(partition, instead, trace)
        except Refused as again:
            if trace is None or not again.by_event:
                raise
            # what refuses the tombstone too has kept the row out; where a view fails, both are stored all the same
            await self._take_effect(partition, instead)

    async def _fold(self, partition: int) -> PartitionFold:
        fold = self._folds.get(partition)
        if fold is None:
            fold = self._make_fold(partition, self._state)
            if not self._settings.bounded:  # an embedded broker begins empty, and does not tell its end truly
                standing = await self._standing(partition, fold.applied)
                standing.check()
                if standing.unread:
                    self._app.on_lost(TP(standing.topic, partition), fold.applied + 1, standing.unread)
            self._folds[partition] = fold
        return fold

    async def _standing(self, partition: int, applied: int) -> Standing:
        consumer = cast("BatchConsumer", self._app.consumer)
        changelog = self._state.changelog_topic_name
        read, logged = TP(self._settings.kafka.enriched_topic, partition), TP(changelog, partition)
        begins = await consumer.earliest_offsets(read, logged)
        return Standing(
            read.topic,
            partition,
            changelog,
            applied,
            consumer.committed(read),
            begins[read],
            consumer.highwater(read),
            begins[logged],
        )

    def _forget(self, partitions: set[int]) -> None:
        for partition in partitions:
            self._folds.pop(partition, None)


def rows_of(effects: Effects, trace: Event | None = None) -> TableRows:
    """The rows of one batch, table by table, and the tombstone of what an earlier attempt may have left."""
    return TableRows(
        events=effects.events if trace is None else [*effects.events, trace],
        sessions=effects.sessions,
        visitors=effects.visitors,
        outcomes=effects.outcomes,
        rules=effects.rules,
        progress=effects.progress,
    )
