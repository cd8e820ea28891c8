"""`thalweg run`: the whole pipeline over files."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.cli.progress import RunProgress
from streams.run.embedded import RunOptions
from streams.run.embedded import run as run_embedded
from streams.run.summary import Summary
from streams.settings import FileFormat


def run(  # noqa: PLR0913 - one option each
    input_: Annotated[list[Path], typer.Option("--input", help="A file; repeat for several. .gz is read as such.")],
    format_: Annotated[FileFormat, typer.Option("--format", help="What the lines are.")],
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="More input files.")] = None,
    app_id: Annotated[str | None, typer.Option("--app-id", help="The app, where the input names none.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object.")] = False,
) -> None:
    """Anonymize, enrich and sessionize files with real workers on an embedded broker, into a store."""
    options = RunOptions(inputs=[*input_, *(more or [])], format=format_, store=store, app_id=app_id, config=config)
    with as_store_error(), RunProgress() as progress:
        summary = run_embedded(options, progress)
    if json:
        typer.echo(msgspec.json.encode(summary).decode())
    else:
        Console().print(summary_table(summary))


def summary_table(summary: Summary) -> Table:
    """The summary for a person."""
    table = Table(title="run", show_header=False)
    for name, value in msgspec.structs.asdict(summary).items():
        table.add_row(name, f"{value:,}")
    return table
