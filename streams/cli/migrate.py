"""`thalweg migrate`: bring the warehouse's schema up to date."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate as migrate_schema


def migrate(
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")] = False,
) -> None:
    """Apply the migrations that are missing and show the state of each."""
    settings = load_settings(config)
    client = make_client(settings.clickhouse, settings.clickhouse_password.get_secret_value())
    with as_store_error():
        statuses = migrate_schema(client, settings.clickhouse.database, dry_run=dry_run)
    table = Table("number", "name", "state")
    for status in statuses:
        table.add_row(str(status.number), status.name, status.state)
    Console().print(table)
