"""`thalweg demo`: everything, embedded, on simulated traffic."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_driver import Client
from rich.console import Console

from models.funnel import Funnel
from models.selection import Selection
from streams.cli.failure import as_store_error
from streams.cli.progress import RunProgress
from streams.cli.report import make_report
from streams.cli.run import summary_table
from streams.cli.tables import demo_tables, what_next
from streams.errors import ConfigError
from streams.run.embedded import RunOptions
from streams.run.embedded import run as run_embedded
from streams.settings import load_settings
from streams.simulate import write_demo
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target

REPORT = "report.html"
FUNNELS = (
    Funnel(
        name="Buy",
        steps=(
            "page:/product/:id",
            "event:Product Added",
            "page:/cart",
            "page:/checkout/payment",
            "event:Order Completed",
        ),
    ),
    Funnel(name="Sign up", steps=("page:/newsletter", "page:/account/register", "event:Signed Up")),
    Funnel(
        name="Read and subscribe", steps=("event:Article", "event:Paywall", "event:Plans", "event:Subscription Started")
    ),
)
"""Of the simulated shop and reader, for the report."""


def demo(
    events: Annotated[int, typer.Option("--events", min=1, help="About how many events.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same events.")] = 1,
    folder: Annotated[Path, typer.Option("--dir", help="Where the store goes.")] = Path("demo"),
) -> None:
    """Simulate a shop and a blog, run the pipeline over it, show what the tables say, and write a report."""
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "store"
    with as_store_error(), RunProgress() as progress:
        progress.phase("simulating")
        source = write_demo(folder, events, seed)
        with open_target(str(store), load_settings(None)) as target:
            summary = run_embedded(RunOptions(inputs=[source], format="segment", store=str(store)), progress)
            client = make_client(target.clickhouse, target.password)
            tables = demo_tables(client, target.clickhouse.database)
            progress.phase("report")
            written = _report(client, target.clickhouse.database, folder)
    console = Console()
    for table in [summary_table(summary), *tables]:
        console.print(table)
    typer.echo(f"{written}\n\n{what_next(store, _command())}")


def _report(client: Client, database: str, folder: Path) -> str:
    """Write it; a line that says where it is, or why there is none."""
    try:
        page = make_report(client, database, Selection(), FUNNELS, str(folder / "store"))
    except ConfigError as error:
        return f"No report: {error}"
    (folder / REPORT).write_text(page, encoding="utf-8")
    return f"Report: {folder / REPORT} (open it in a browser)"


def _command() -> str:
    """How this command was called: its name where the shell finds it, else its path, as under `make demo`."""
    return "thalweg" if shutil.which("thalweg") else os.path.relpath(sys.argv[0])
