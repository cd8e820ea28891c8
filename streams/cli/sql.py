"""`thalweg sql`: one statement against a store; rows as a table on a terminal, else as lines of a row format."""

import os
import sys
from typing import Annotated

import typer
from clickhouse_driver import Client

from streams.cli.failure import as_store_error
from streams.cli.row_format import PLAIN, RowFormat, ask, lines, row_format
from streams.cli.screen import print_rows
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.statements import Command, Statement, StatementError, format_of, read_statement
from streams.warehouse.target import open_target


def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; its database is the store's.")],
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="JSONEachRow, CSVWithNames, CSV, TSV…, as FORMAT in the statement; without it a table on a terminal,"
            " else TSVWithNames.",
        ),
    ] = None,
) -> None:
    """Run one statement and print its rows."""
    wanted = _wanted(format_of(statement) or format_)
    with open_target(store, load_settings(None), must_exist=True) as target:
        client = make_client(target.clickhouse, target.password, in_database=True)
        with as_store_error():
            _print(client, _read(statement), wanted)
        client.disconnect()


def _wanted(name: str | None) -> RowFormat | None:
    """None: a table for a person. Raises ConfigError."""
    if name is not None:
        return row_format(name)
    return None if sys.stdout.isatty() else PLAIN


def _read(statement: str) -> Statement:
    """What is not for the embedded server may be for another, and else the server says why."""
    try:
        return read_statement(statement)
    except StatementError:
        return Command(statement)


def _print(client: Client, statement: Statement, format_: RowFormat | None) -> None:
    if format_ is not None:
        for line in lines(client, statement, format_):
            _write(line + b"\n")
    else:
        rows, columns = ask(client, statement)
        if columns:
            print_rows([name for name, _ in columns], rows)
    _write(b"")


def _write(line: bytes) -> None:
    """A reader that has seen enough (``| head``) ends the command; an empty line sends what is held."""
    try:
        sys.stdout.buffer.write(line)
        if not line:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None
