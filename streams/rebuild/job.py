"""A rebuild with all it needs: clients, the sink, the way to live workers, and the lease that keeps others out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from streams.errors import ConfigError
from streams.rebuild.announcing import announcing
from streams.rebuild.pending import Pending, find_pending
from streams.rebuild.progress import read_reached
from streams.rebuild.rebuild import WRITTEN_ROWS, Plan, Tell, Warehouse, run_rebuild
from streams.rebuild.report import Report
from streams.rebuild.scope import Scope
from streams.rebuild.writing import Reached, Store, open_sink, silent
from streams.sessionize.options import make_options_of
from streams.settings import Settings
from streams.warehouse.client import make_client
from streams.warehouse.lease import SECONDS, Lease, held
from streams.warehouse.sink import TableRows
from streams.warehouse.target import Target

REBUILD = "rebuild"
"""What the lease says is held."""
PATIENCE = 600
"""Seconds without a word from the server: it may sort all that visitors in scope have."""


class Job:
    """An open rebuild: any number of scopes, one after another."""

    def __init__(self, plan: Plan, warehouse: Warehouse, store: Store) -> None:
        self._plan, self._warehouse, self._store = plan, warehouse, store

    async def rebuild(self, scope: Scope, report: Report) -> None:
        """Counts go into ``report``. Raises what the driver raises, StoreError, and SendFailed."""
        await run_rebuild(self._plan, scope, self._warehouse, self._store, report)

    def pending(self, window_days: int, app_id: str | None = None) -> list[Pending]:
        """Which apps have late events that wait."""
        client = self._warehouse.connect()
        try:
            return find_pending(client, self._warehouse.database, window_days, app_id)
        finally:
            client.disconnect()


@asynccontextmanager
async def open_job(  # noqa: PLR0913 - how it differs between the commands that rebuild
    target: Target,
    settings: Settings,
    *,
    adopts: bool = True,
    dry_run: bool = False,
    tell: Tell | None = None,
    written_rows: int = WRITTEN_ROWS,
    reached: Reached = silent,
    lease_seconds: float = SECONDS,
    wait: float = 1.0,
) -> AsyncIterator[Job]:
    """Where ``settings`` name a broker, live workers are told of what changes.

    Of a store folder the caller is the only writer (``alone``); over a ClickHouse by URL the lease sees to it, and
    ``wait`` is how many seconds the end of another rebuild may take.
    Raises ConfigError (settings of another generation), StoreError (LeaseTakenError), ContractError (no broker).
    """
    database = target.clickhouse.database
    connect = partial(make_client, target.clickhouse, target.password, answer_timeout=PATIENCE)
    warehouse = Warehouse(connect, database)
    async with AsyncExitStack() as stack:
        client = connect()
        stack.callback(client.disconnect)
        store = await stack.enter_async_context(open_sink(target, newest := read_reached(client, database).generation))
        if target.folder is None and not dry_run:
            store = fenced(
                store, stack.enter_context(held(connect, database, REBUILD, seconds=lease_seconds, wait=wait))
            )
        announce = None
        if adopts and not dry_run and "brokers" in settings.kafka.model_fields_set:
            _check_generation(settings, newest)
            announce = await stack.enter_async_context(announcing(settings))
        options_of = make_options_of(settings.sessions, settings.apps)
        yield Job(Plan(options_of, adopts, dry_run, written_rows, announce, tell, reached), warehouse, store)


def fenced(store: Store, lease: Lease) -> Store:
    """Looks at the lease before an insert and after it."""

    async def insert(rows: TableRows) -> None:
        lease.check()
        await store(rows)
        lease.check()

    return insert


def _check_generation(settings: Settings, newest: int) -> None:
    if settings.kafka.generation != newest:
        raise ConfigError(
            f"kafka.generation is {settings.kafka.generation}, but the newest of this store is {newest}",
            "give the settings of the workers that write to this store, or leave out kafka.brokers if there are none",
        )
