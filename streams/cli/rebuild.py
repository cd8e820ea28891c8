"""`thalweg rebuild`: fold visitors again from their stored events, late ones adopted."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.cli.difference import show
from streams.cli.failure import as_store_error
from streams.cli.progress import EventProgress
from streams.errors import ConfigError
from streams.rebuild.job import open_job
from streams.rebuild.rebuild import Tell
from streams.rebuild.report import Report
from streams.rebuild.scope import Scope, in_range, of_days
from streams.settings import Settings, load_settings
from streams.warehouse.target import Target, alone, open_target


def rebuild(  # noqa: PLR0913 - one option each
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    app_id: Annotated[str | None, typer.Option("--app", help="The app; with --pending all if left out.")] = None,
    start: Annotated[datetime | None, typer.Option("--from", help="Visitors with events from then on (UTC).")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="… and before then (UTC).")] = None,
    late: Annotated[
        bool, typer.Option("--late", help="Only visitors with late events there, not adopted yet.")
    ] = False,
    pending: Annotated[
        bool, typer.Option("--pending", help="Visitors with late events not adopted yet, wherever they are.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The difference as one JSON object.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
) -> None:
    """Adopt late events and mend sessions: all sessions of the visitors that have events in a time range."""
    settings = load_settings(config)
    scope = None if pending else _range(app_id, start, end, late_only=late)
    if pending and (start or end or late):
        raise ConfigError("--pending finds the days by itself", "leave out --from, --to and --late")
    with (
        as_store_error(),
        open_target(store, settings, must_exist=True) as target,
        _writer(target, dry_run=dry_run),
        EventProgress() as progress,
    ):
        report = asyncio.run(_rebuild(scope, app_id, target, settings, progress.read, dry_run=dry_run))
    if json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        show(report)


def _range(app_id: str | None, start: datetime | None, end: datetime | None, *, late_only: bool) -> Scope:
    if app_id is None or start is None or end is None:
        raise ConfigError(
            "which visitors?", "give --app, --from and --to; or --pending for late events wherever they are"
        )
    if end <= start:
        raise ConfigError("--to is not after --from", "give the start of the range first, then its end")
    return in_range(app_id, _ms(start), _ms(end), late_only=late_only)


def _writer(target: Target, *, dry_run: bool) -> AbstractContextManager[None]:
    """One writer at a time; a dry run only reads."""
    return nullcontext() if dry_run else alone(target)


async def _rebuild(
    scope: Scope | None, app_id: str | None, target: Target, settings: Settings, tell: Tell, *, dry_run: bool
) -> Report:
    report = Report(dry_run=dry_run)
    async with open_job(target, settings, dry_run=dry_run, tell=tell) as job:
        scopes: Sequence[Scope] = (
            [scope]
            if scope
            else [of_days(found.app_id, found.days) for found in job.pending(settings.rebuild.window_days, app_id)]
        )
        for each in scopes:
            await job.rebuild(each, report)
    return report


def _ms(time: datetime) -> int:
    return int(time.replace(tzinfo=time.tzinfo or UTC).timestamp() * 1000)
