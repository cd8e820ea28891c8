# ruff: noqa: SLF001 - this folder is where private names are used
"""The thread that runs the Kafka client: keeps membership under back-pressure and notes where the head was found."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from mode import Service

TOUCH_SECONDS = 2.0


class BatchConsumerThread(AIOKafkaConsumerThread):
    """Faust's consumer thread, with two additions of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.heads: dict[tuple[str, int], tuple[int, float]] = {}

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
        """An answer without records at the high watermark: the head, as of the moment the fetch was sent."""
        for topic, partitions in request.topics:
            for partition, offset, _ in partitions:
                tp = TopicPartition(topic, partition)
                state = assignment.state_value(tp)
                if tp in fetcher._records or state is None or not state.has_valid_position:
                    continue
                if state.position == offset and state.highwater is not None and state.highwater <= offset:
                    self.heads[topic, partition] = (offset, sent)

    @Service.task
    async def _stay_member(self) -> None:
        """Aiokafka leaves the group when nothing was fetched for max_poll_interval: say that we are alive."""
        while not self.should_stop:
            await self.sleep(TOUCH_SECONDS)
            if self._consumer is not None:
                with self._consumer._fetcher._subscriptions.fetch_context():
                    pass
