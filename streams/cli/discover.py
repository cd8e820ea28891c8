"""`thalweg discover`: the funnels people really walk, that nobody drew."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from clickhouse_driver import Client
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from models.funnel_file import write_funnels
from models.selection import Selection
from streams.cli.discover_screen import explain, plain, show
from streams.cli.extra import needs_models
from streams.cli.failure import as_store_error
from streams.errors import ConfigError
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target

if TYPE_CHECKING:
    from models.discovery.discover import Discovery
    from models.discovery.discover import Progress as Report
    from models.discovery.kept import Kept
    from models.discovery.told import Told


class _Question(msgspec.Struct, frozen=True):
    selection: Selection
    goal: str | None
    seed: int


def discover(  # noqa: PLR0913 - one option each
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    app_id: Annotated[str | None, typer.Option("--app", help="The app; without it all of them.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Sessions that start from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="… and before then (UTC).")] = None,
    goal: Annotated[str | None, typer.Option("--goal", help='What leads there: "event:Name" or "page:/path".')] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which visitors make which half.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    save: Annotated[Path | None, typer.Option("--save", help="Funnels as YAML for `thalweg funnel --file`.")] = None,
) -> None:
    """Find ordered steps that people walk beyond chance; keep them in the tables funnels and funnel_steps."""
    if goal is not None and not goal.startswith(("page:", "event:")):
        raise ConfigError(f"--goal: {goal!r} is no step", "write page:/path/:id for pages and event:Name for events")
    question = _Question(Selection(app=app_id, since=since, until=until), goal, seed)
    with needs_models("discover"):
        discovery, told, kept = _discover(store, question)
    explain(discovery)
    if json:
        typer.echo(msgspec.json.encode(plain(discovery, told, kept)).decode())
    else:
        show(discovery, told)
    if save and told:
        write_funnels(save, [one.funnel for one in told])


def _discover(store: str, question: _Question) -> tuple["Discovery", list["Told"], "Kept"]:
    from models.discovery.discover import discover as find  # noqa: PLC0415 - needs the extra `models`
    from models.discovery.limits import DEFAULT_LIMITS  # noqa: PLC0415 - the same
    from models.discovery.told import tell  # noqa: PLC0415 - the same
    from models.funnels import read_funnel_data  # noqa: PLC0415 - the same
    from models.paths import make_paths  # noqa: PLC0415 - the same

    with as_store_error(), open_target(store, load_settings(None), must_exist=True) as target, _progress() as report:
        client, database = make_client(target.clickhouse, target.password), target.clickhouse.database
        report("reading sessions", 0, 0)
        data = read_funnel_data(client, database, question.selection)
        paths = make_paths(data.raw, data.steps)
        discovery = find(paths, DEFAULT_LIMITS, question.seed, question.goal, report)
        told = tell(discovery, data, question.selection)
        kept = _keep(client, database, discovery, told, question)
        client.disconnect()
    return discovery, told, kept


def _keep(client: Client, database: str, discovery: "Discovery", told: list["Told"], question: _Question) -> "Kept":
    """Nothing is written, and nothing taken away, where there was too little to look at, or for a goal."""
    from models.discovery.kept import Kept, keep  # noqa: PLC0415 - needs the extra `models`
    from models.discovery.limits import DEFAULT_LIMITS  # noqa: PLC0415 - the same
    from models.discovery.told import model_version  # noqa: PLC0415 - the same

    if discovery.too_few or question.goal:
        return Kept([], 0, [])
    migrate(client, database)
    parameters = {
        "seed": question.seed,
        "sessions": discovery.sessions,
        "visitors": discovery.visitors,
        "limits": msgspec.to_builtins(DEFAULT_LIMITS),
    }
    model = model_version(DEFAULT_LIMITS, question.seed, question.goal)
    return keep(client, database, told, question.selection, model, parameters)


@contextmanager
def _progress() -> "Iterator[Report]":
    """On stderr, where it is a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, of: progress.update(task, description=what, completed=done, total=of or None)
