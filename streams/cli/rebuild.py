"""`thalweg rebuild`: fold visitors again from their stored events, late ones adopted."""

import asyncio
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.errors import ConfigError
from streams.rebuild.announcing import announcing
from streams.rebuild.progress import read_reached
from streams.rebuild.rebuild import Plan, run_rebuild
from streams.rebuild.report import Report
from streams.rebuild.scope import Scope, in_range
from streams.rebuild.writing import open_sink
from streams.sessionize.options import make_options_of
from streams.settings import Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import Target, alone, open_target

SHOWN = 20
"""Sessions shown to a person."""


def rebuild(  # noqa: PLR0913 - one option each
    app_id: Annotated[str, typer.Option("--app", help="The app.")],
    start: Annotated[datetime, typer.Option("--from", help="Visitors with events from then on (UTC).")],
    end: Annotated[datetime, typer.Option("--to", help="… and before then (UTC).")],
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    late: Annotated[
        bool, typer.Option("--late", help="Only visitors with late events there, not adopted yet.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The difference as one JSON object.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
) -> None:
    """Adopt late events and mend sessions: all sessions of the visitors that have events in a time range."""
    settings = load_settings(config)
    if end <= start:
        raise ConfigError("--to is not after --from", "give the start of the range first, then its end")
    scope = in_range(app_id, _ms(start), _ms(end), late_only=late)
    with as_store_error(), open_target(store, settings, must_exist=True) as target, _writer(target, dry_run=dry_run):
        report = asyncio.run(_rebuild(scope, target, settings, dry_run=dry_run))
    if json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(report)


def _writer(target: Target, *, dry_run: bool) -> AbstractContextManager[None]:
    """One writer at a time; a dry run only reads."""
    return nullcontext() if dry_run else alone(target)


async def _rebuild(scope: Scope, target: Target, settings: Settings, *, dry_run: bool) -> Report:
    database = target.clickhouse.database
    client = make_client(target.clickhouse, target.password)
    async with AsyncExitStack() as stack:
        stack.callback(client.disconnect)
        generation = read_reached(client, database).generation
        store = await stack.enter_async_context(open_sink(target, generation))
        announce = None
        if "brokers" in settings.kafka.model_fields_set and not dry_run:  # live workers fold into this store
            _check_generation(settings, generation)
            announce = await stack.enter_async_context(announcing(settings))
        options_of = make_options_of(settings.sessions, settings.apps)
        plan = Plan(scope, options_of, dry_run=dry_run, announce=announce)
        return await run_rebuild(plan, client, database, store)


def _check_generation(settings: Settings, newest: int) -> None:
    if settings.kafka.generation != newest:
        raise ConfigError(
            f"kafka.generation is {settings.kafka.generation}, but the newest of this store is {newest}",
            "give the settings of the workers that write to this store, or leave out kafka.brokers if there are none",
        )


def _ms(time: datetime) -> int:
    return int(time.replace(tzinfo=time.tzinfo or UTC).timestamp() * 1000)


def _show(report: Report) -> None:
    console = Console()
    counts = Table(title="rebuild, dry run" if report.dry_run else "rebuild", show_header=False)
    for name, value in msgspec.structs.asdict(report).items():
        if isinstance(value, int) and name != "dry_run":
            counts.add_row(name, f"{value:,}")
    console.print(counts)
    if report.sessions:
        console.print(_sessions(report))


def _sessions(report: Report) -> Table:
    total = report.sessions_added + report.sessions_changed + report.sessions_removed
    caption = f"{SHOWN} of {total:,}" if total > SHOWN else None
    table = Table("", "visitor", "start", "end", "events", "index", caption=caption)
    for row in report.sessions[:SHOWN]:
        events, index = (
            f"{before or '–'} → {after or '–'}"
            for before, after in ((row.events_before, row.events_after), (row.index_before, row.index_after))
        )
        table.add_row(row.change, row.visitor_id[:8], row.start[:19], row.end[:19], events, index)
    return table
