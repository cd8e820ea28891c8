"""`thalweg report`: one HTML page about a store's sessions."""

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_driver import Client

from models.funnel import Funnel
from models.funnel_file import read_funnels
from models.selection import Selection
from streams.cli.extra import needs_models
from streams.cli.failure import as_store_error
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target


def report(  # noqa: PLR0913 - one option each
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    out: Annotated[Path, typer.Option("--out", help="Where the page goes.")] = Path("report.html"),
    app_id: Annotated[str | None, typer.Option("--app", help="The app; without it all of them.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Sessions that start from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="… and before then (UTC).")] = None,
    bots: Annotated[bool, typer.Option("--bots", help="Bots too.")] = False,
    funnels: Annotated[Path | None, typer.Option("--funnels", help="Saved funnels, beside those recorded.")] = None,
) -> None:
    """Write a page that needs no network: traffic, flows, channels, places, devices, retention, funnels, patterns."""
    drawn = read_funnels(funnels) if funnels else []
    selection = Selection(app=app_id, since=since, until=until, bots=bots)
    with as_store_error(), open_target(store, load_settings(None), must_exist=True) as target:
        client = make_client(target.clickhouse, target.password)
        page = make_report(client, target.clickhouse.database, selection, drawn, shlex.quote(store))
        client.disconnect()
    out.write_text(page, encoding="utf-8")
    typer.echo(f"{out}: {len(page.encode()) / 1e6:.1f} MB")


def make_report(client: Client, database: str, selection: Selection, drawn: Sequence[Funnel], store: str) -> str:
    """The page; funnels that were recorded come after the drawn ones. Raises ConfigError without the extra `models`."""
    with needs_models("report"):
        from models.funnel_table import recorded_funnels  # noqa: PLC0415 - needs the extra `models`
        from models.funnels import count_funnel, read_funnel_data  # noqa: PLC0415 - the same
        from models.report.facts import read_facts  # noqa: PLC0415 - the same
        from models.report.findings import read_findings  # noqa: PLC0415 - the same
        from models.report.report import report_page  # noqa: PLC0415 - the same

    facts = read_facts(client, database, selection)
    kept = recorded_funnels(client, database, selection.app or "")
    funnels = [*drawn, *(funnel for funnel in kept if funnel not in drawn)]
    findings = read_findings(client, database, selection.app or "")
    if facts is None or not funnels:
        return report_page(facts, [], store, findings)
    data = read_funnel_data(client, database, selection)
    return report_page(facts, [count_funnel(data, funnel) for funnel in funnels], store, findings)
