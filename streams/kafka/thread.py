# ruff: noqa: SLF001, ASYNC109 - this folder is where private names are used
"""The thread that runs the Kafka client: keeps membership under back-pressure and notes where the head was found."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from mode import Service

TOUCH_SECONDS = 2.0
STOP_SECONDS = 10.0
"""How long it may take to leave the group: all else is done by then."""


class BatchConsumerThread(AIOKafkaConsumerThread):
    """Faust's consumer thread, which also remembers what the last fetch belonged to."""

    shutdown_timeout = STOP_SECONDS

    def __post_init__(self) -> None:
        super().__post_init__()
        self.fetched_generation = -1
        self._fetched_up_to: dict[TP, int] = {}
        self.heads: dict[tuple[str, int], tuple[int, float]] = {}
        self.on_its_way: set[TP] = set()

    async def on_start(self) -> None:
        """Start the client, then watch its fetches."""
        await super().on_start()
        fetcher: Any = self._ensure_consumer()._fetcher
        fetcher._proc_fetch_request = self._watched(fetcher, fetcher._proc_fetch_request)

    def _watched(self, fetcher: Any, fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        async def proc_fetch_request(assignment: Any, node_id: int, request: Any) -> bool:
            sent = time.time()
            woken = await fetch(assignment, node_id, request)
            if assignment.active:
                self._note_heads(fetcher, assignment, request, sent)
            return woken

        return proc_fetch_request

    def _note_heads(self, fetcher: Any, assignment: Any, request: Any, sent: float) -> None:
        """An answer without records at the high watermark: the head, as of the moment the fetch was sent.

        A fetch that failed leaves the high watermark of an earlier one standing; the time of the answer tells.
        """
        for topic, partitions in request.topics:
            for partition, offset, _ in partitions:
                tp = TopicPartition(topic, partition)
                state = assignment.state_value(tp)
                if tp in fetcher._records or state is None or not state.has_valid_position:
                    continue
                if state.timestamp is None or state.timestamp < int(sent * 1000):
                    continue
                if state.position == offset and state.highwater is not None and state.highwater <= offset:
                    self.heads[topic, partition] = (offset, sent)

    def void_heads(self) -> None:
        """After a seek of all: what was found before says nothing about what lies behind the new positions."""
        self.heads.clear()
        self.on_its_way.clear()

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        """As stock. Generation and positions are noted here, in the thread where a rebalance changes them.

        What is taken counts as on its way until the event loop's thread has handed it out: a head found meanwhile
        stands behind records that nobody has seen yet.
        """
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        self.on_its_way.update(records)
        self.fetched_generation = self.app.consumer_generation_id
        self._fetched_up_to = {tp: position for tp in records if (position := self._position(tp)) is not None}
        return records

    def known_end(self, tp: TP) -> int:
        """The end of the log as the last fetch told it; -1 before any, or where the partition is not ours."""
        state = self._state(tp)
        return -1 if state is None or state.highwater is None else int(state.highwater)

    def has_more(self, tp: TP) -> bool:
        """Whether the client has still to read up to the known end, or took records that nobody was handed yet.

        A log may end without records: in a transaction's marker, or where retention has deleted them all.
        """
        position = self._position(tp)
        return tp in self.on_its_way or position is None or position < self.known_end(tp)

    def _state(self, tp: TP) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        return assignment.state_value(tp) if assignment is not None else None

    def _position(self, tp: TP) -> int | None:
        state = self._state(tp)
        return int(state.position) if state is not None and state.has_valid_position else None

    async def put_back(self, tp: TP, offset: int) -> None:
        """Read again from ``offset`` what the last fetch took and nobody got, unless someone has sought since."""
        if self._position(tp) is not None and self._position(tp) == self._fetched_up_to.get(tp):
            self._ensure_consumer()._fetcher.seek_to(tp, offset)
            self.heads.pop((tp.topic, tp.partition), None)

    @Service.task
    async def _stay_member(self) -> None:
        """Aiokafka leaves the group when nothing was fetched for max_poll_interval: say that we are alive."""
        while not self.should_stop:
            await self.sleep(TOUCH_SECONDS)
            if self._consumer is not None:
                with self._consumer._fetcher._subscriptions.fetch_context():
                    pass
