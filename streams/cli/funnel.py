"""`thalweg funnel`: how many take each step of a funnel you draw."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from clickhouse_driver import Client

from models.funnel import Funnel, Order, Scope, checked, parse_duration
from models.funnel_file import read_funnels, to_gitlab, write_funnels
from models.selection import Selection
from streams.cli.extra import needs_models
from streams.cli.failure import as_store_error
from streams.cli.funnel_screen import explain, show
from streams.errors import ConfigError
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target

if TYPE_CHECKING:
    from models.funnels import FunnelResult


class _Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of the counts."""

    by: str | None
    json: bool
    sql: bool
    plot: Path | None
    record: bool


def funnel(  # noqa: PLR0913 - one option each
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    steps: Annotated[list[str] | None, typer.Option("--steps", help='As "page:/product/:id" or "event:Name".')] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[STEP]...", help="More steps.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Saved funnels, or one of GitLab's, not steps.")] = None,
    name: Annotated[str, typer.Option("--name", help="A name for it; with --file, the one to count.")] = "",
    within: Annotated[str, typer.Option("--within", help="From first step to last: 90s, 30min, 1d.")] = "1d",
    order: Annotated[Order, typer.Option("--order", help="loose: anything may come between steps.")] = Order.LOOSE,
    scope: Annotated[Scope, typer.Option("--scope", help="What walks: a session, or a visitor.")] = Scope.SESSION,
    by: Annotated[str | None, typer.Option("--by", help="Also by a column: dvce_type, geo_country…")] = None,
    app_id: Annotated[str | None, typer.Option("--app", help="The app; without it all of them.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Sessions that start from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="… and before then (UTC).")] = None,
    bots: Annotated[bool, typer.Option("--bots", help="Bots too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a funnel, a line each.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the ClickHouse statement with these counts.")] = False,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw it, into an HTML file.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the counts in funnels and funnel_steps.")] = False,
    save: Annotated[Path | None, typer.Option("--save", help="Save the definition in a YAML file.")] = None,
    gitlab: Annotated[Path | None, typer.Option("--gitlab", help="Write it as GitLab's funnel file.")] = None,
) -> None:
    """Count the sessions or visitors that take each step of a funnel, in order, within a time."""
    given = Funnel(
        steps=(*(steps or []), *(more or [])), name=name, within_ms=parse_duration(within), order=order, scope=scope
    )
    funnels = _from_file(file, name) if file else [checked(given)]
    selection = Selection(app=app_id, since=since, until=until, bots=bots)
    with needs_models("funnel"):
        _count(funnels, selection, store, _Wishes(by=by, json=json, sql=sql, plot=plot, record=record))
    if save:
        write_funnels(save, funnels)
    if gitlab:
        if len(funnels) > 1:
            raise ConfigError(f"{len(funnels)} funnels for one file of GitLab's", "choose one with --name")
        gitlab.write_text(to_gitlab(funnels[0]), encoding="utf-8")


def _from_file(file: Path, name: str) -> list[Funnel]:
    funnels = read_funnels(file)
    chosen = [funnel for funnel in funnels if not name or funnel.name == name]
    if not chosen:
        raise ConfigError(f"{file}: no funnel is named {name!r}", f"named are: {', '.join(f.name for f in funnels)}")
    return chosen


def _count(funnels: list[Funnel], selection: Selection, store: str, wishes: _Wishes) -> None:
    from models.funnel_sql import sql_of  # noqa: PLC0415 - needs the extra `models`
    from models.funnels import count_funnel, read_funnel_data  # noqa: PLC0415 - the same

    with as_store_error(), open_target(store, load_settings(None), must_exist=True) as target:
        client = make_client(target.clickhouse, target.password)
        data = read_funnel_data(client, target.clickhouse.database, selection, wishes.by)
        if wishes.sql:
            typer.echo(";\n\n".join(sql_of(funnel, data, selection) for funnel in funnels))
            return
        results = [count_funnel(data, funnel) for funnel in funnels]
        if wishes.record:
            _record(client, target, results, selection)
        client.disconnect()
    _tell(results, wishes)


def _tell(results: list["FunnelResult"], wishes: _Wishes) -> None:
    from models.report.funnel_page import funnel_page  # noqa: PLC0415 - needs the extra `models`

    for result in results:
        explain(result)
        if wishes.json:
            typer.echo(msgspec.json.encode(_plain(result)).decode())
        else:
            show(result)
    if wishes.plot:
        wishes.plot.write_text(funnel_page(results), encoding="utf-8")


def _record(client: Client, target: Target, results: list["FunnelResult"], selection: Selection) -> None:
    from models.funnel_table import record_funnel  # noqa: PLC0415 - needs the extra `models`

    migrate(client, target.clickhouse.database)
    for result in results:
        record_funnel(client, target.clickhouse.database, result, selection)


def _plain(result: "FunnelResult") -> dict[str, object]:
    """What --json prints: the whole funnel's steps first."""
    steps = msgspec.to_builtins(result.total.steps)
    groups = {group.group: {"of": group.of, "steps": msgspec.to_builtins(group.steps)} for group in result.groups}
    return {
        "name": result.funnel.name,
        "order": result.funnel.order,
        "scope": result.funnel.scope,
        "within_s": result.funnel.within_ms / 1_000,
        "of": result.total.of,
        "steps": steps,
        **({"groups": groups} if groups else {}),
        "left_out": {"bots": result.left_out.bots, "capped": result.left_out.capped},
        "unknown_steps": sorted(result.unknown),
    }
