"""The Faust app of a worker: batch transport, the settings we ship, and an end with an exit code."""

import asyncio
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn

import faust
from aiokafka.errors import KafkaError
from faust.types import TP
from faust.types.transports import TransportT

from streams.errors import ConfigError, ThalwegError
from streams.kafka.admin import no_answer
from streams.kafka.ending import end_process
from streams.kafka.lane import Limits
from streams.kafka.producer import BatchProducer
from streams.kafka.repeats import thin_out
from streams.kafka.security import credentials, servers
from streams.kafka.transport import BatchTransport
from streams.kafka.watchdog import LOOKS, Diligence, Watchdog
from streams.settings import KafkaSettings, Settings

if TYPE_CHECKING:
    from streams.kafka.dispatch import Dispatcher

logger = logging.getLogger(__name__)
EXIT_FAILED = 70
SIGNALLED = 128
"""Exit code of a process that a signal ended: this plus its number. Source: POSIX shells."""
GRACE_SECONDS = 15.0
YEAR_SECONDS = 31_536_000.0
METADATA_MS = 30_000
"""How often partitions are counted: a new one is read, and heard of, no later."""
SWITCH_SECONDS = 0.0005
"""How long a thread that works may keep another waiting. With Python's 5 ms the thread that fetches loses them at every
read from its socket while the main thread works, and then the main thread waits for its next slice.
Source: docs.python.org/3/library/sys.html (setswitchinterval).
"""


class BatchApp(faust.App):
    """A Faust app whose ``batch_topics`` are delivered in slices. ``batch_producer`` starts and stops with it."""

    batch_topics: dict[str, Limits]
    drains: list["Dispatcher"]
    drain_seconds: float
    batch_producer: BatchProducer
    settings: Settings
    failed: bool = False
    on_commit: Callable[[], None] = staticmethod(lambda: None)
    on_end: Callable[[], Awaitable[None]] | None = None
    signs: Callable[[], object] = staticmethod(lambda: None)
    """Changes while work gets on before a commit, or waits for another system and knows it: inserts acknowledged (a
    batch may be cut into many) or tried again. That is not stuck."""
    on_loss: Callable[[str, int, int], None] = staticmethod(lambda _topic, _partition, _records: None)

    def _new_transport(self) -> TransportT:
        return BatchTransport(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        """The producer first: agents may use it from their first slice on."""
        await self.batch_producer.start()
        await super().on_start()
        if self.settings.watchdog:
            self.add_future(self._watch(self.settings.watchdog))

    async def _watch(self, patience: float) -> None:
        """Feed the watchdog until the app stops; then it goes on watching that the app does stop."""
        watchdog = Watchdog(patience)
        watchdog.start()
        consumer: Any = self.consumer
        diligence = Diligence(watchdog, consumer.waits, lambda: (consumer.done(), self.signs()))
        while not self.should_stop:
            diligence.look()
            await asyncio.sleep(patience / LOOKS)

    def on_lost(self, tp: TP, offset: int, records: int) -> None:
        """Retention was faster than we: count it, and say which records nobody will ever see."""
        logger.error("LOST: %s[%d] offsets %d to %d were deleted unread", *tp, offset, offset + records - 1)
        self.on_loss(tp.topic, tp.partition, records)

    async def on_stop(self) -> None:
        """Drain and commit (stock), then end the lanes."""
        await super().on_stop()
        for drain in self.drains:
            await drain.stop()

    async def on_shutdown(self) -> None:
        """After everything else; ``on_end`` lets go of what the work used, so that no thread of it outlives the app."""
        await super().on_shutdown()
        await self.batch_producer.stop()
        if self.on_end is not None:
            await self.on_end()

    def fail(self, what: str, error: Exception) -> None:
        """Log what failed, without any event's content, and end the process with 70: others commit, then it leaves."""
        if self.failed:
            return
        self.failed = True
        text = str(error) if isinstance(error, ThalwegError) else type(error).__name__
        logger.error("%s failed: %s\n%s", what, text, "".join(traceback.format_tb(error.__traceback__)))
        exit_later = threading.Timer(GRACE_SECONDS, os._exit, (EXIT_FAILED,))
        exit_later.daemon = True
        exit_later.start()
        self.add_future(self.crash(ThalwegError(f"{what} failed")))


class Worker(faust.Worker):
    """Faust's, which takes a second signal at its word."""

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        if self._signal_stop_time:
            logger.warning("a second signal: leaving at once, what is under way comes again")
            os._exit(SIGNALLED + signal.value)
        super()._schedule_shutdown(signal)


def make_app(role: str, settings: Settings) -> BatchApp:
    """The app ``PREFIX-ROLE``. It creates no topics: they must be there (``admin.create_topics``).

    Raises ConfigError where ``data_dir`` can be no folder.
    """
    kafka = settings.kafka
    data_dir = settings.data_dir.absolute() / f"faust-{role}"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"data_dir {settings.data_dir}: {error.strerror}", "name a folder we may write to") from None
    app = BatchApp(
        f"{kafka.group_prefix}-{role}",
        broker=[f"kafka://{each}" for each in servers(kafka.brokers)],
        datadir=str(data_dir),
        broker_credentials=credentials(settings),
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        processing_guarantee="at_least_once",
        stream_wait_empty=True,
        worker_redirect_stdouts=False,
        **_client_settings(kafka),
    )
    app.settings = settings
    app.batch_topics, app.drains = {}, []
    app.drain_seconds = kafka.rebalance_timeout * 0.7
    app.batch_producer = BatchProducer(settings)
    return app


def _client_settings(kafka: KafkaSettings) -> dict[str, Any]:
    """Limits of the client. A year between polls: leaving the group under back-pressure helps nobody."""
    return {
        "broker_max_poll_interval": YEAR_SECONDS,
        "broker_session_timeout": kafka.session_timeout,
        "broker_heartbeat_interval": kafka.heartbeat_interval,
        "broker_rebalance_timeout": kafka.rebalance_timeout,
        "broker_request_timeout": max(kafka.request_timeout, kafka.session_timeout + 1),
        "broker_commit_interval": kafka.commit_interval,
        "consumer_auto_offset_reset": "earliest",
        "consumer_metadata_max_age_ms": METADATA_MS,
        "consumer_max_fetch_size": kafka.fetch_max_bytes,
        "producer_acks": -1,
        "producer_request_timeout": kafka.request_timeout,
    }


def run_worker(app: BatchApp, loglevel: str = "INFO") -> NoReturn:
    """Run the app until a signal: exit 0, or 70 when work failed. Raises ContractError when no broker lets it start."""
    sys.setswitchinterval(SWITCH_SECONDS)
    worker = Worker(app, loglevel=loglevel, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes to stdout
    thin_out()
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        if isinstance(end.__context__, KafkaError) and not app.failed:
            raise no_answer(app.settings.kafka.brokers, end.__context__) from None
        code = EXIT_FAILED if app.failed else int(end.code or 0)
    except BaseException:
        if not app.failed:
            raise
        code = EXIT_FAILED
    end_process(code)
