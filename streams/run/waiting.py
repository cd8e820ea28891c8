"""Waits until the store itself says that a bounded run is complete."""

import asyncio
from collections.abc import Callable, Sequence

from clickhouse_driver import Client

from streams.errors import StoreError
from streams.warehouse.queries import ended, outcome_counts, raw_holes

POLL_SECONDS = 0.3
STALL_SECONDS = 300.0
"""Without one more outcome in this time the run is given up: slower than any fault it heals from."""


class Completion:
    """Complete means: the watermark of every enriched partition is +∞ and ``outcomes`` holds every raw offset."""

    def __init__(self, client: Client, database: str, generation: int, partitions: int, raw_topic: str) -> None:
        self._client = client
        self._database = database
        self._generation = generation
        self._partitions = partitions
        self._raw_topic = raw_topic
        self.stored = 0

    async def wait(self, counts: Sequence[int], on_stored: Callable[[int], None]) -> None:
        """Return when complete. ``counts``: records of each raw partition. Raises StoreError on a stall."""
        still = 0.0
        while not await asyncio.to_thread(self._complete, counts):
            now = await asyncio.to_thread(self._stored)
            on_stored(now)
            still = 0.0 if now != self.stored else still + POLL_SECONDS
            self.stored = now
            if still > STALL_SECONDS:
                raise StoreError(
                    f"no progress for {STALL_SECONDS:.0f} s at {self.stored} outcomes",
                    "read the workers' logs in the store's folder run/",
                )
            await asyncio.sleep(POLL_SECONDS)
        on_stored(sum(counts))

    def _stored(self) -> int:
        return sum(each.n for each in outcome_counts(self._client, self._database, self._raw_topic))

    def _complete(self, counts: Sequence[int]) -> bool:
        if not ended(self._client, self._database, self._generation, self._partitions):
            return False
        return not any(
            raw_holes(self._client, self._database, self._raw_topic, partition, 0, size - 1)
            for partition, size in enumerate(counts)
        )
