"""The one sink: batches of rows into the warehouse, in order, each insert repeated until the server acknowledges it."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
from clickhouse_driver import errors as driver

from streams.records import Event, Outcome, Progress, SessionRow, VisitorRow
from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.columns import (
    EVENTS,
    OUTCOMES,
    PROGRESS,
    RULES,
    SESSIONS,
    VISITORS,
    RulesRow,
    Table,
    check_columns,
)
from streams.warehouse.failures import InDoubt, unreachable
from streams.warehouse.insert import Encoded, encode
from streams.warehouse.lane import Lane

OnEvent = Callable[[str, int], None]
"""Told what happened and how often: ``rows.TABLE``, ``inserts.TABLE``, ``retries.TABLE``. Called from
the sink's threads."""


class TableRows(msgspec.Struct):
    """One batch of one enriched partition: what the fold of some of its records gave."""

    events: list[Event] = []
    sessions: list[SessionRow] = []
    visitors: list[VisitorRow] = []
    outcomes: list[Outcome] = []
    rules: dict[str, str] = {}
    """Hash → text of rules that came into force."""
    progress: Progress | None = None


class Sink:
    """Inserts batches, one thread and one connection per enriched partition.

    ``store`` returns after the server acknowledged every table's rows; until then nothing is done. An insert is sent
    again with the same bytes and token, for ever, while the failure may pass: the server drops what it has already.
    Source of the protocol: design.md §7; clickhouse.com/docs/guides/developer/deduplicating-inserts-on-retries.
    """

    def __init__(
        self,
        settings: ClickHouseSettings,
        password: str,
        *,
        generation: int,
        on_event: OnEvent | None = None,
        first_wait: float = 0.1,
        longest_wait: float = 30.0,
    ) -> None:
        """``generation`` is the enriched topic's. Waits between attempts grow from first to longest (seconds)."""
        self._settings = settings
        self._password = password
        self._generation = generation
        self._on_event = on_event or _ignore
        self._waits = (first_wait, longest_wait)
        self._lanes: dict[int, Lane] = {}
        self._closed = False

    def check(self) -> None:
        """Raises StoreError where the warehouse does not let us in, or its tables are not what we write.

        Blocks; call it once before the first batch.
        """
        client = make_client(self._settings, self._password)
        try:
            check_columns(client, self._settings.database)
        except (driver.Error, EOFError, OSError) as failed:
            raise unreachable(self._settings, failed) from None
        finally:
            client.disconnect()

    async def store(self, partition: int, rows: TableRows, span: tuple[int, int]) -> None:
        """Stores a batch: rules, events, sessions, visitors, outcomes, and progress last. Call again only after it
        returned.

        ``span`` is the first and last enriched offset the batch was made of. Raises Refused where the server says no
        for good. Cancelled, or closed (InDoubt), the batch may be stored in part: store it again, or a later cut of it.
        """
        lane = self._lane(partition)
        await lane.run(lambda stop: self._store(lane, partition, rows, span, stop))

    async def close(self) -> None:
        """Gives up what is under way (it stays in doubt) and closes all connections."""
        self._closed = True
        lanes, self._lanes = self._lanes, {}
        await asyncio.gather(*(asyncio.to_thread(lane.close) for lane in lanes.values()))

    def _lane(self, partition: int) -> Lane:
        if self._closed:
            raise InDoubt(f"the sink is closed; partition {partition} was not stored")
        if partition not in self._lanes:
            self._lanes[partition] = Lane(self._settings, self._password, f"sink-{partition}", self._waits)
        return self._lanes[partition]

    def _store(self, lane: Lane, partition: int, rows: TableRows, span: tuple[int, int], stop: threading.Event) -> None:
        # All tables are encoded before any is sent: rows that do not fit stop the batch while nothing of it is stored.
        for encoded in list(_encoded(rows)):
            lane.insert(encoded, self._token(encoded, partition, span), stop, self._retried)
            self._on_event(f"inserts.{encoded.table}", 1)
            self._on_event(f"rows.{encoded.table}", encoded.rows)

    def _retried(self, table: str) -> None:
        self._on_event(f"retries.{table}", 1)

    def _token(self, encoded: Encoded, partition: int, span: tuple[int, int]) -> str:
        """Names the insert: the same rows of the same offsets have it again, other rows never.

        Without the content hash a batch cut alike but folded otherwise would be dropped silently.
        """
        return f"{encoded.table}:{self._generation}:{partition}:{span[0]}-{span[1]}:{encoded.digest}"


def _encoded(rows: TableRows) -> Iterator[Encoded]:
    rules = [RulesRow(hash_, text) for hash_, text in rows.rules.items()]
    batches: list[tuple[Table, Sequence[msgspec.Struct]]] = [
        (RULES, rules),
        (EVENTS, rows.events),
        (SESSIONS, rows.sessions),
        (VISITORS, rows.visitors),
        (OUTCOMES, rows.outcomes),
        (PROGRESS, [rows.progress] if rows.progress else []),
    ]
    for table, batch in batches:
        if batch:
            yield encode(table.name, table.columns, table.values(batch))


def _ignore(_name: str, _count: int) -> None:
    pass
