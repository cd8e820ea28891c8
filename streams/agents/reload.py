"""Takes changed files of data and keys into use between two batches; an alarm for one that cannot be used."""

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from streams.metrics import Metrics
from streams.pipeline import Pipeline
from streams.watched import Change

logger = logging.getLogger(__name__)


class Files(Protocol):
    """Files in use, which may change: DataFiles, KeyFile."""

    def check(self) -> list[Change]:
        """Look at them once, and open what changed."""
        ...


class Reload:
    """``build`` makes the stages of what the files hold now; ``use`` takes them, between the loop's turns."""

    def __init__(
        self,
        files: Sequence[Files],
        build: Callable[[], Pipeline],
        use: Callable[[Pipeline], None],
        metrics: Metrics,
    ) -> None:
        self._files = files
        self._build = build
        self._use = use
        self._metrics = metrics
        self._busy = asyncio.Lock()
        self._replaced = False

    async def look(self) -> None:
        """Look at the files once. Opening and compiling takes a second or so, and happens in another thread.

        What was replaced leaves the memory at the next look, when the batches that began with it have ended.
        """
        async with self._busy:
            if self._replaced:  # it is full of cycles, and a worker looks for these too seldom for a forgotten key
                await asyncio.to_thread(gc.collect)
            changes = await asyncio.to_thread(self._check)
            self._replaced = any(not change.problem for change in changes)
            if self._replaced:
                self._use(await asyncio.to_thread(self._build))
        for change in changes:
            self._metrics.data_file(change.setting, is_loaded=not change.problem)
            if change.problem:
                logger.error("what is in use stays: %s", change.problem)
            else:
                logger.info("%s: the changed file is in use", change.setting)

    def _check(self) -> list[Change]:
        return [change for files in self._files for change in files.check()]
