"""Takes changed data files into use between two batches, and raises the alarm for one that cannot be used."""

import asyncio
import logging
from collections.abc import Callable

from streams.enrich.enricher import Lookups
from streams.enrich.reload import DataFiles
from streams.metrics import Metrics
from streams.pipeline import Pipeline

logger = logging.getLogger(__name__)


class DataReload:
    """``build`` makes the stages for look-ups; ``use`` takes them: called between the loop's turns, whole or not."""

    def __init__(
        self,
        files: DataFiles,
        build: Callable[[Lookups], Pipeline],
        use: Callable[[Pipeline], None],
        metrics: Metrics,
    ) -> None:
        self._files = files
        self._build = build
        self._use = use
        self._metrics = metrics
        self._busy = asyncio.Lock()

    async def look(self) -> None:
        """Look at the files once. Opening and compiling takes a second or so, and happens in another thread."""
        async with self._busy:
            changes = await asyncio.to_thread(self._files.check)
            if any(not change.problem for change in changes):
                self._use(await asyncio.to_thread(self._build, self._files.lookups))
        for change in changes:
            self._metrics.data_file(change.setting, is_loaded=not change.problem)
            if change.problem:
                logger.error("the data in use stay: %s", change.problem)
            else:
                logger.info("%s: the changed file is in use", change.setting)
