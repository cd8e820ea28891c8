"""`thalweg templates`: the URL templates that funnels and reports use, and what they stand for."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.selection import Selection
from streams.cli.extra import needs_models
from streams.cli.failure import as_store_error
from streams.cli.screen import cell
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target

if TYPE_CHECKING:
    from models.reading import RawSteps
    from models.templates import Templates

PAGE = "page:"


def templates(
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    app_id: Annotated[str | None, typer.Option("--app", help="The app; without it each.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Sessions that start from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="… and before then (UTC).")] = None,
    rules: Annotated[bool, typer.Option("--rules", help="As url_template rules, in YAML.")] = False,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Templates shown for each app.")] = 40,
) -> None:
    """Show which paths count as one page: ids learned from the paths of each app."""
    with needs_models("templates"):
        from models.paths import learn_templates  # noqa: PLC0415 - needs the extra `models`
        from models.reading import read_steps  # noqa: PLC0415 - the same
        from models.template_rules import to_rules  # noqa: PLC0415 - the same

    with as_store_error(), open_target(store, load_settings(None), must_exist=True) as target:
        client = make_client(target.clickhouse, target.password)
        raw = read_steps(client, target.clickhouse.database, Selection(app=app_id, since=since, until=until))
        client.disconnect()
    learned = learn_templates(raw)
    if rules:
        typer.echo(to_rules(learned), nl=False)
        return
    for app, found in sorted(learned.items()):
        Console().print(_table(app, found, raw, rows))


def _table(app: str, templates: "Templates", raw: "RawSteps", rows: int) -> Table:
    """The most visited first."""
    visits, paths = Counter[str](), defaultdict[str, list[str]](list)
    for code, n in enumerate(_visits(raw)):
        of, step = raw.vocabulary[code]
        if of == app and step.startswith(PAGE):
            path = step.removeprefix(PAGE)
            visits[templates.of(path)] += n
            paths[templates.of(path)].append(path)
    shown = sorted(visits, key=lambda template: (-visits[template], template))[:rows]
    table = Table(title=cell(f"{app}: {sum(map(len, paths.values())):,} paths, {len(visits):,} templates"))
    for head, justify in (("template", "left"), ("visits", "right"), ("paths", "right"), ("as", "left")):
        table.add_column(head, justify="right" if justify == "right" else "left", overflow="fold")
    for template in shown:
        example = next((path for path in paths[template] if path != template), "")
        table.add_row(*map(cell, (template, f"{visits[template]:,}", f"{len(paths[template]):,}", example)))
    return table


def _visits(raw: "RawSteps") -> list[int]:
    counts = Counter(raw.codes.tolist())
    return [counts[code] for code in range(len(raw.vocabulary))]
