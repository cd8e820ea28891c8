"""The sessions worker: enriched slices in, rows in ClickHouse out, state in the changelog, then the acknowledgement.

Effects in this order, each acknowledged before the next (invariant 5): insert, changelog, offset. The fold works on a
copy until then, so a batch that failed anywhere is simply folded again.
"""

import time
from collections.abc import Callable
from typing import cast

from faust.types import TP

from streams.agents.hooks import Hooks
from streams.encode import decode
from streams.errors import ContractError
from streams.kafka.app import BatchApp
from streams.kafka.batch import BatchMessage
from streams.kafka.consumer import BatchConsumer
from streams.kafka.dispatch import Dispatcher, Limits
from streams.kafka.state import StateTable
from streams.metrics import Metrics
from streams.sessionize.effects import Effects
from streams.sessionize.partition import PartitionFold
from streams.sessionize.shared import SharedTexts
from streams.settings import Settings
from streams.warehouse.sink import Sink, TableRows

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
        app.on_commit = lambda: hooks.reached("sessions.after_commit")
        app.on_end = sink.close  # an insert that waits for a frozen warehouse would hold the process up
        self.dispatcher = Dispatcher(app, settings.kafka.enriched_topic, self.work, limits, self._forget)

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
        fold = self._fold(partition)
        effects = fold.fold((record.offset, decode(record.value)) for piece in slices for record in piece.records)
        self._metrics.folded(partition, effects, time.process_time() - began)
        self._hooks.reached("sessions.before_insert")
        await self._sink.store(partition, rows_of(effects), effects.span)
        self._hooks.reached("sessions.after_insert")
        await self._state.publish(partition, effects.changes, effects.own)
        self._hooks.reached("sessions.after_changelog")
        fold.commit(effects)

    def _fold(self, partition: int) -> PartitionFold:
        fold = self._folds.get(partition)
        if fold is None:
            fold = self._folds[partition] = self._make_fold(partition, self._state)
            if not self._settings.bounded:  # an embedded broker begins empty, and does not tell its end truly
                self._refuse_other_topic(partition, fold.applied)
        return fold

    def _refuse_other_topic(self, partition: int, applied: int) -> None:
        """A topic that ends below what was folded from it was made anew: its records would be taken for old ones."""
        topic = self._settings.kafka.enriched_topic
        consumer = cast("BatchConsumer", self._app.consumer)
        end = consumer.highwater(TP(topic, partition))
        if end <= applied:
            raise ContractError(
                f"{topic}[{partition}] ends at {end}, but offset {applied} was folded: the topic was made anew",
                "raise kafka.generation, and give the workers a new kafka.group_prefix",
            )

    def _forget(self, partitions: set[int]) -> None:
        for partition in partitions:
            self._folds.pop(partition, None)


def rows_of(effects: Effects) -> TableRows:
    """The rows of one batch, table by table."""
    return TableRows(
        events=effects.events,
        sessions=effects.sessions,
        visitors=effects.visitors,
        outcomes=effects.outcomes,
        rules=effects.rules,
        progress=effects.progress,
    )
