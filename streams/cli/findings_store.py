"""The store of a run that finds something: one run of an app writes at a time, and says how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from clickhouse_driver import Client
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from streams.cli.failure import as_store_error
from streams.settings import load_settings
from streams.warehouse.client import client_options, make_client
from streams.warehouse.insert import InsertClient
from streams.warehouse.lease import SECONDS, Lease, held
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target

if TYPE_CHECKING:
    from models.discovery.discover import Progress as Report

WAIT = SECONDS
"""How long the end of another run of the same app may take: as long as one that died is waited for."""


class FindingsStore(msgspec.Struct, frozen=True):
    """An open one. report: takes what is done, how much of it, of how much."""

    client: InsertClient
    connect: Callable[[], Client]
    database: str
    report: "Report"

    @contextmanager
    def alone(self, app: str) -> "Iterator[Lease]":
        """Brings the schema up to date; then no other run writes the app's findings meanwhile. Raises StoreError where
        another one does not end, and where this one was held up for so long that another one may have begun."""
        migrate(self.client, self.database)
        self.report("waiting for another run", 0, 0)
        name = f"discover of app {app}" if app else "discover of all apps together"
        with held(self.connect, self.database, name, wait=WAIT) as lease:
            yield lease
            lease.check()


@contextmanager
def open_findings(store: str) -> Iterator[FindingsStore]:
    """A folder or an address. Raises ConfigError, StoreError."""
    with as_store_error(), open_target(store, load_settings(None), must_exist=True) as target, _progress() as report:
        client = InsertClient(**client_options(target.clickhouse, target.password))
        try:
            connect = partial(make_client, target.clickhouse, target.password)
            yield FindingsStore(client, connect, target.clickhouse.database, report)
        finally:
            client.disconnect()


@contextmanager
def _progress() -> "Iterator[Report]":
    """On stderr, where it is a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, of: progress.update(task, description=what, completed=done, total=of or None)
