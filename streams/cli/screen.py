"""Rows on a terminal: a table, or one row below the other where a table would be too wide."""

import re
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_NARROWEST = 9
"""Columns of the terminal that a column of the table needs, its frame counted, to be read at all."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def cell(value: object) -> Text:
    """A value as it is: no markup, no emoji, and no control character that the terminal would obey."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return Text(_CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text), overflow="fold")


def print_rows(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """On stdout, whole: what does not fit on a line goes on below."""
    console = Console()
    if len(names) * _NARROWEST > console.width and rows:
        for number, row in enumerate(rows, 1):
            console.print(_record(number, names, row))
    else:
        console.print(_table(names, rows))


def _table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    table = Table()
    for name in names:
        table.add_column(cell(name), overflow="fold")
    for row in rows:
        table.add_row(*map(cell, row))
    return table


def _record(number: int, names: Sequence[str], row: Sequence[object]) -> Table:
    table = Table(title=f"row {number}", title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in zip(names, row, strict=True):
        table.add_row(cell(name), cell(value))
    return table
