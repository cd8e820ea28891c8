"""Rows as lines, in those of ClickHouse's formats that have one row a line; the engine itself writes each value."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from streams.errors import ConfigError, StoreError
from streams.warehouse.embedded.statements import Insert, Select, Statement

_SIMPLE = re.compile(r"(Nullable\()?(String|U?Int(8|16|32|64)|Float(32|64))\)?")
_ROWS_AT_ONCE = 500
_LARGE = {"max_query_size": 1 << 28, "strings_as_bytes": True}

Answer = tuple[Sequence[Sequence[object]], Sequence[tuple[str, str]]]
"""Rows, and the columns' names and types."""


class RowFormat(NamedTuple):
    """How a row is written, and whether a line of the columns' names comes first."""

    row: str
    with_names: bool


FORMATS = {
    name.lower(): RowFormat(row, with_names)
    for name, row, with_names in (
        *((plain, plain, False) for plain in ("JSONEachRow", "JSONLines", "NDJSON")),
        *((plain, plain, False) for plain in ("JSONCompactEachRow", "JSONStringsEachRow", "TSKV")),
        *((plain, plain, False) for plain in ("CSV", "TSV", "TabSeparated")),
        ("CSVWithNames", "CSV", True),
        ("TSVWithNames", "TSV", True),
        ("TabSeparatedWithNames", "TSV", True),
    )
}
PLAIN = FORMATS["tsvwithnames"]
"""What a program reads that asked for no format."""


def row_format(name: str) -> RowFormat:
    """The format of that name, in any case of letters. Raises ConfigError where it is not one of ours."""
    if (found := FORMATS.get(name.lower())) is None:
        raise ConfigError(
            f"format {name!r} is not one that `thalweg sql` writes",
            "take JSONEachRow, JSONCompactEachRow, JSONStringsEachRow, CSV, CSVWithNames, TSV, TSVWithNames or TSKV",
        )
    return found


def ask(client: Client, statement: Statement) -> Answer:
    """Run a statement to its end. Raises StoreError for an INSERT without its rows, and the driver's errors."""
    if isinstance(statement, Insert):
        raise StoreError("this INSERT has no rows", "write them behind VALUES, or INSERT … SELECT")
    rows, columns = client.execute(statement.text, with_column_types=True)
    return rows, columns


def lines(client: Client, statement: Statement, format_: RowFormat) -> Iterator[bytes]:
    """The statement's rows, each a line without its end. Raises the driver's errors, and StoreError as ``ask``."""
    if isinstance(statement, Select):
        try:
            yield from _selected(client, statement.text, format_)
        except ServerException:
            _raise_own_error(client, statement.text)
            raise
    else:
        yield from _given(client, *ask(client, statement), format_)


def _selected(client: Client, select: str, format_: RowFormat) -> Iterator[bytes]:
    """A line's end closes a comment at the statement's end."""
    if format_.with_names:
        yield from _names(client, _names_of(client, select), format_)
    yield from _formatted(client, f"SELECT {_call(format_, '*')} FROM ({select}\n)")  # noqa: S608 - the user's own


def _names_of(client: Client, select: str) -> list[str]:
    """As a view it is described without computing its scalar subqueries; not every query can be one."""
    try:
        described = client.execute(f"DESCRIBE TABLE view({select}\n)")
    except ServerException:
        described = client.execute(f"DESCRIBE TABLE ({select}\n)")
    return [name for name, *_ in described]


def _raise_own_error(client: Client, select: str) -> None:
    """Positions and names in the server's words are to be the user's: what failed is asked once more as it stands."""
    client.disconnect()
    next(iter(client.execute_iter(select)), None)
    client.disconnect()


def _given(
    client: Client, rows: Sequence[Sequence[object]], columns: Sequence[tuple[str, str]], format_: RowFormat
) -> Iterator[bytes]:
    """Rows of a statement that no subquery can hold go back to the engine as values."""
    if not columns:
        return
    if format_.with_names:
        yield from _names(client, [name for name, _ in columns], format_)
    kinds = [kind if _SIMPLE.fullmatch(kind) else "String" for _, kind in columns]
    structure = ", ".join(f"{_identifier(name)} {kind}" for (name, _), kind in zip(columns, kinds, strict=True))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        values = ", ".join(_tuple(row, columns, kinds) for row in rows[start : start + _ROWS_AT_ONCE])
        yield from _formatted(
            client,
            f"SELECT {_call(format_, '*')} FROM values({_literal(structure)}, {values})",  # noqa: S608 - quoted
        )


def _tuple(row: Sequence[object], columns: Sequence[tuple[str, str]], kinds: Sequence[str]) -> str:
    cells = zip(row, columns, kinds, strict=True)
    return "(" + ", ".join(_value(value, as_it_is=own == kind) for value, (_, own), kind in cells) + ")"


def _value(value: object, *, as_it_is: bool) -> str:
    if value is None and as_it_is:
        return "NULL"
    if isinstance(value, int | float) and as_it_is:
        return repr(value)
    return _literal(str(value))


def _names(client: Client, names: Sequence[str], format_: RowFormat) -> Iterator[bytes]:
    return _formatted(client, f"SELECT {_call(format_, *map(_literal, names))}")


def _call(format_: RowFormat, *what: str) -> str:
    return f"formatRowNoNewline({_literal(format_.row)}, {', '.join(what)})"


def _formatted(client: Client, query: str) -> Iterator[bytes]:
    for (line,) in client.execute_iter(query, settings=_LARGE):
        yield line


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _identifier(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
