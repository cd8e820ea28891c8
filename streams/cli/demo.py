"""`thalweg demo`: everything, embedded, on simulated traffic."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.failure import as_store_error
from streams.cli.progress import RunProgress
from streams.cli.run import summary_table
from streams.cli.tables import demo_tables, what_next
from streams.run.embedded import RunOptions
from streams.run.embedded import run as run_embedded
from streams.settings import load_settings
from streams.simulate import write_demo
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target


def demo(
    events: Annotated[int, typer.Option("--events", min=1, help="About how many events.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same events.")] = 1,
    folder: Annotated[Path, typer.Option("--dir", help="Where the store goes.")] = Path("demo"),
) -> None:
    """Simulate a shop and a blog, run the pipeline over it, and show what the tables say."""
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "store"
    with as_store_error(), RunProgress() as progress:
        progress.phase("simulating")
        source = write_demo(folder, events, seed)
        with open_target(str(store), load_settings(None)) as target:
            summary = run_embedded(RunOptions(inputs=[source], format="segment", store=str(store)), progress)
            client = make_client(target.clickhouse, target.password)
            tables = demo_tables(client, target.clickhouse.database)
    console = Console()
    for table in [summary_table(summary), *tables]:
        console.print(table)
    typer.echo(what_next(store, _command()))


def _command() -> str:
    """How this command was called: its name where the shell finds it, else its path, as under `make demo`."""
    return "thalweg" if shutil.which("thalweg") else os.path.relpath(sys.argv[0])
