"""From the agent to one lane per partition: slices are worked off in order and acknowledged after the work."""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any, cast

from faust.types import TP, EventT

from streams.kafka.app import BatchApp
from streams.kafka.batch import BatchMessage, Undecoded
from streams.kafka.consumer import BatchConsumer
from streams.kafka.lane import Lane, Limits, Pressure, Work

__all__ = ["Dispatcher", "Limits", "Work"]

logger = logging.getLogger(__name__)
CANCEL_SECONDS = 5.0
QUEUE_SLICES = 4096
EXIT_STUCK = 70


class Dispatcher:
    """The agent of ``topic``. ``work(partition, slices)`` is awaited, one at a time per partition, in log order.

    After it returns the slices are acknowledged. If it raises, nothing of it is acknowledged, the kind of error is
    logged once and the process ends with 70. At a revocation the running batch and one more are finished under
    ``app.drain_seconds``, acknowledged and committed; what is not done by then is cancelled and comes again, and
    last ``on_revoked(partitions)`` lets owners drop their state. Make one per topic, before the app starts.

    ``limits`` are of each partition, or where they are ``shared`` of all together, so that memory does not grow with
    their number.
    """

    def __init__(
        self,
        app: BatchApp,
        topic: str,
        work: Work,
        limits: Limits,
        on_revoked: Callable[[set[int]], None] | None = None,
        *,
        shared: bool = False,
    ) -> None:
        self.app, self.topic = app, topic
        self._work, self._whole, self._on_revoked = work, limits, on_revoked
        self._shared = shared
        self._lanes: dict[int, Lane] = {}
        app.batch_topics[topic] = limits
        app.drains.append(self)
        channel = app.topic(topic, schema=Undecoded(), maxsize=QUEUE_SLICES)
        app.agent(channel, name=f"{topic}-slices")(self._deliver)

    async def _deliver(self, stream: Any) -> None:
        async for event in stream.noack().events():
            self._accept(event)

    def _accept(self, event: EventT[Any]) -> None:
        partition = event.message.partition
        lane = self._lanes.get(partition)
        if lane is None:
            lane = self._lanes[partition] = self._open(partition)
            self._share()
        if lane.broken:
            self._consumer.abandon(cast("BatchMessage", event.message))
        else:
            lane.put(event)

    def _open(self, partition: int) -> Lane:
        tp = TP(self.topic, partition)

        def failed(messages: list[BatchMessage], error: Exception) -> None:
            self._fail(partition, messages, error)

        consumer = self._consumer
        return Lane(partition, self._work, self._whole, Pressure(tp, consumer.hold, consumer.release), failed)

    def _share(self) -> None:
        """Each lane's share of the limits, and the largest slice that is delivered to it."""
        if not self._shared:
            return
        limits = self._whole.among(max(len(self._lanes), 1))
        self.app.batch_topics[self.topic] = limits
        for lane in self._lanes.values():
            lane.limit(limits)

    @property
    def _consumer(self) -> BatchConsumer:
        return cast("BatchConsumer", self.app.consumer)

    def flush(self) -> None:
        """Work off one batch of what waits in every partition, without waiting for the limits, and let the rest go."""
        for lane in self._lanes.values():
            for event in lane.flush():
                self._consumer.abandon(cast("BatchMessage", event.message))

    async def forget(self, revoked: set[TP]) -> None:
        """Drop lanes of partitions we no longer own; their owners are told last."""
        lanes = [lane for lane in (self._lanes.pop(tp.partition, None) for tp in revoked) if lane is not None]
        for lane in lanes:
            self._abandon(lane)
            lane.close()
        if lanes:
            self._share()
            await self._ended([lane.task for lane in lanes])
        if revoked and self._on_revoked is not None:
            self._on_revoked({tp.partition for tp in revoked})

    async def stop(self) -> None:
        """At the end of the app: as after a revocation of all partitions."""
        await self.forget({TP(self.topic, partition) for partition in self._lanes})

    def _abandon(self, lane: Lane) -> None:
        for event in lane.leftovers():
            self._consumer.abandon(cast("BatchMessage", event.message))

    async def _ended(self, tasks: list[asyncio.Task[None]]) -> None:
        """Old work must not run beside the new owner's: what does not stop is stopped with the process."""
        _, running = await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
        if running:
            logger.critical("work on %s goes on after its partition was lost: leaving", self.topic)
            os._exit(EXIT_STUCK)

    def _fail(self, partition: int, messages: list[BatchMessage], error: Exception) -> None:
        first, last = messages[0].first_offset, messages[-1].next_offset - 1
        self._abandon(self._lanes[partition])
        self.app.fail(f"work on {self.topic}[{partition}] offsets {first} to {last}", error)
