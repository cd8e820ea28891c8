"""`thalweg worker rebuild`: every so often the late events that wait are adopted, of all apps."""

import asyncio
import logging
from contextlib import ExitStack

from clickhouse_driver import errors as driver

from streams.errors import ConfigError, ThalwegError
from streams.metrics import Metrics
from streams.rebuild.job import open_job
from streams.rebuild.pending import Pending
from streams.rebuild.report import Report
from streams.rebuild.scope import of_days
from streams.settings import Settings
from streams.warehouse.lease import LeaseLostError, LeaseTakenError
from streams.warehouse.target import Target

logger = logging.getLogger(__name__)


def run_schedule(settings: Settings) -> None:
    """Until SIGTERM: what is under way then is left as it is, and the next rebuild does it.

    Raises ConfigError where the settings are not those of the workers that write to the store.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    metrics = Metrics()
    with ExitStack() as stack:
        if settings.metrics_port:
            stack.enter_context(metrics.serve(settings.metrics_port, settings.metrics_host))
        try:
            asyncio.run(Schedule(settings, metrics).run())
        except KeyboardInterrupt:
            logger.info("the rebuild worker ends")


class Schedule:
    """Rebuilds, one after another. What fails is told, counted, and tried again the next time."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._doubtful: list[Pending] = []
        """Of a rebuild that lost its lease: another one's rows may have met its own."""

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.once()
            await asyncio.sleep(self._settings.rebuild.every)

    async def once(self) -> None:
        """One rebuild of what waits. Raises ConfigError only."""
        report = Report(dry_run=False)
        try:
            await self._rebuild(report)
        except LeaseTakenError as taken:
            self._metrics.rebuilds.labels("held").inc()
            logger.info("%s", taken)
        except ConfigError:
            raise
        except (ThalwegError, driver.Error, EOFError, OSError) as error:
            self._metrics.rebuilds.labels("failed").inc()
            # the server's message may quote rows
            logger.warning("rebuild failed: %s", error if isinstance(error, ThalwegError) else type(error).__name__)
        else:
            self._metrics.rebuilt(report)
            logger.info(
                "rebuild done: %d late events adopted, %d wait, %d visitors changed",
                report.late_adopted,
                report.late_waiting,
                report.visitors_changed,
            )

    async def _rebuild(self, report: Report) -> None:
        settings = self._settings
        target = Target(clickhouse=settings.clickhouse, password=settings.clickhouse_password.get_secret_value())
        async with open_job(target, settings) as job:
            doubtful, found = self._doubtful, job.pending(settings.rebuild.window_days)
            try:
                for each in doubtful:
                    await job.rebuild(of_days(each.app_id, each.days, late_only=False), report)
                for each in found:
                    await job.rebuild(of_days(each.app_id, each.days), report)
            except LeaseLostError:
                self._doubtful = [*doubtful, *found]
                raise
            self._doubtful = []
