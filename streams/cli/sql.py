"""`thalweg sql`: one statement against a store; rows in any of ClickHouse's row formats."""

import re
from typing import Annotated

import typer
from clickhouse_driver import Client
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target

READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
WITH_NAMES = {"CSVWithNames": "CSV", "TSVWithNames": "TSV", "TabSeparatedWithNames": "TSV"}


def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; its database is the store's.")],
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    format_: Annotated[
        str | None, typer.Option("--format", help="JSONEachRow, CSVWithNames, CSV, TSV…; without it, a table.")
    ] = None,
) -> None:
    """Run one statement and print its rows."""
    settings = load_settings(None)
    with open_target(store, settings) as target:
        client = make_client(target.clickhouse, target.password, in_database=True)
        with as_store_error():
            if format_ is not None and READS.match(statement):
                _print_formatted(client, statement.rstrip().rstrip(";"), format_)
            else:
                _print_table(client, statement)


def _print_formatted(client: Client, statement: str, format_: str) -> None:
    """The engine formats the rows itself, so every value looks as ClickHouse writes it."""
    row_format = WITH_NAMES.get(format_, format_)
    if row_format != format_:
        names = [name for name, *_ in client.execute(f"DESCRIBE TABLE ({statement})")]
        _print_rows(client, "SELECT " + ", ".join(_quoted(name) for name in names), row_format)
    _print_rows(client, f"SELECT * FROM ({statement})", row_format)  # noqa: S608 - the user's own statement


def _print_rows(client: Client, select: str, row_format: str) -> None:
    query = f"SELECT formatRowNoNewline({_quoted(row_format)}, *) FROM ({select})"  # noqa: S608 - the user's own statement
    for (line,) in client.execute_iter(query):
        typer.echo(line)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _print_table(client: Client, statement: str) -> None:
    rows, columns = client.execute(statement, with_column_types=True)
    table = Table()
    for name, _ in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row))
    if columns:
        Console().print(table)
