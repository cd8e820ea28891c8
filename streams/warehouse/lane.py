"""One thread and one connection that insert in order, and try again while a failure may pass."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from clickhouse_driver import errors as driver
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception,
    stop_when_event_set,
    wait_exponential,
    wait_random,
)
from tenacity.nap import sleep_using_event

from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options
from streams.warehouse.failures import InDoubt, Refused, code_of, is_transient
from streams.warehouse.insert import Encoded, InsertClient

logger = logging.getLogger(__name__)

T = TypeVar("T")

INSERT_SETTINGS: Mapping[str, object] = {
    "async_insert": 0,  # the acknowledgement must mean stored
    "insert_deduplicate": 1,
    "deduplicate_insert": "enable",  # takes the place of the one above since 2026; older servers pass over it
    "max_partitions_per_insert_block": 0,  # late events and replays touch many months: else code 252 for ever
}


class Lane:
    """Inserts of one enriched partition: one at a time, in the order asked for."""

    def __init__(
        self,
        settings: ClickHouseSettings,
        password: str,
        name: str,
        waits: tuple[float, float],
        insert_settings: Mapping[str, object] = INSERT_SETTINGS,
    ) -> None:
        """``waits``: seconds before the second attempt, and at most between two. The token joins the settings."""
        self._database = settings.database
        self._client = InsertClient(**client_options(settings, password))
        self._waits = waits
        self._insert_settings = insert_settings
        self._stops: set[threading.Event] = set()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[threading.Event], T]) -> T:
        """Runs ``work(stop)`` in the lane's thread. Cancelled, it sets ``stop`` and lets the attempt under way end."""
        stop = threading.Event()
        self._stops.add(stop)
        under_way = self._thread.submit(work, stop)
        under_way.add_done_callback(lambda _: self._stops.discard(stop))
        try:
            return await asyncio.wrap_future(under_way)
        except asyncio.CancelledError:
            stop.set()
            raise

    def insert(self, encoded: Encoded, token: str, stop: threading.Event, on_retry: Callable[[str], None]) -> None:
        """Inserts, in the calling thread (the lane's), the same bytes until they are acknowledged.

        Raises Refused for what no retry mends, InDoubt once ``stop`` is set.
        """
        settings = {**self._insert_settings, "insert_deduplication_token": token}
        attempts = Retrying(
            retry=retry_if_exception(is_transient),
            wait=wait_exponential(multiplier=self._waits[0], max=self._waits[1]) + wait_random(0, self._waits[0]),
            sleep=sleep_using_event(stop),
            stop=stop_when_event_set(stop),
            before_sleep=lambda state: _report(encoded.table, state, on_retry),
        )
        if stop.is_set():
            raise InDoubt(f"insert into {encoded.table} was given up before it began")
        try:
            attempts(self._client.insert, self._database, encoded, settings)
        except RetryError:
            raise InDoubt(f"insert into {encoded.table} was given up; it may be stored or not") from None
        except driver.Error as refused:
            # The server's message may quote rows: the code must do.
            raise Refused(code_of(refused), encoded.table) from None

    def close(self) -> None:
        """Stops what is under way and waits for the thread. A server that hangs is not waited for."""
        under_way = list(self._stops)
        for stop in under_way:
            stop.set()
        connected = self._client.connection.socket
        if under_way and connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)  # wakes the thread if it waits for the server's word
        self._thread.shutdown(wait=True)  # what is queued finds its stop set
        self._client.disconnect()


def _report(table: str, state: RetryCallState, on_retry: Callable[[str], None]) -> None:
    error = state.outcome.exception() if state.outcome else None
    what = f"code {code_of(error)}" if isinstance(error, driver.Error) else type(error).__name__
    logger.warning("insert into %s failed (%s), attempt %d; trying again", table, what, state.attempt_number)
    on_retry(table)
