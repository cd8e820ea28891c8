"""`thalweg migrate`: bring the warehouse's schema and its retention up to date."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.settings import Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import MigrationStatus
from streams.warehouse.migrate import migrate as migrate_schema
from streams.warehouse.retention import TableTtl, set_retention
from streams.warehouse.target import Target, open_target


def migrate(
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", help="A folder, or clickhouse://user@host:port/database; else as the settings say"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")] = False,
) -> None:
    """Apply the migrations that are missing, set the tables' TTL, and show the state of each."""
    settings = load_settings(config)
    with as_store_error(), _target(settings, store) as target:
        client = make_client(target.clickhouse, target.password)
        database = target.clickhouse.database
        statuses = migrate_schema(client, database, dry_run=dry_run)
        ttls = set_retention(client, database, settings.retention, dry_run=dry_run)
        client.disconnect()
    Console().print(_schema(statuses))
    Console().print(_retention(ttls))


def _target(settings: Settings, store: str | None) -> AbstractContextManager[Target]:
    if store is not None:
        return open_target(store, settings, must_exist=True)
    return nullcontext(Target(clickhouse=settings.clickhouse, password=settings.clickhouse_password.get_secret_value()))


def _schema(statuses: list[MigrationStatus]) -> Table:
    table = Table("number", "name", "state")
    for status in statuses:
        table.add_row(str(status.number), status.name, status.state)
    return table


def _retention(ttls: list[TableTtl]) -> Table:
    table = Table("table", "TTL", "state")
    for ttl in ttls:
        before = "" if ttl.wanted == ttl.found else f"\n(before: {ttl.found or 'for ever'})"
        table.add_row(ttl.table, (ttl.wanted or "for ever") + before, ttl.state)
    return table
