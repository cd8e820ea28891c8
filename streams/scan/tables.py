"""Feeds every text that a database holds to a scanner: all versions of all rows, not only those the views show."""

import re

from clickhouse_driver import Client

from streams.scan.scanner import Scanner
from streams.warehouse.client import identifier

_WRAPPED = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)")
_ARRAY = re.compile(r"Array\((.*)\)")
_MAP = re.compile(r"Map\(.*\)")
_TEXT = re.compile(r"String|FixedString.*|JSON.*|Object.*|Enum\d*\(.*|Tuple\(.*|Variant.*|Dynamic.*")
_BLOCK_ROWS = 8192
_OPERATORS = ("rules", "migrations")
"""Tables of the operator's own texts: rules have examples with e-mail addresses and cards."""


def scan_tables(client: Client, database: str, scanner: Scanner) -> None:
    """Each text column of each table for all; numbers, times and UUIDs, as text, for given values only."""
    identifier(database)
    for table, column, kind in _columns(client, database):
        is_text, expressions = _texts(column, kind)
        if scanner.given == {} and (not is_text or table in _OPERATORS):
            continue
        scan = scanner.scan if is_text and table not in _OPERATORS else scanner.scan_given
        for expression in expressions:
            query = (
                f"SELECT text, count() FROM (SELECT {expression} AS text FROM {database}.{table})"  # noqa: S608
                " WHERE text != '' GROUP BY text"
            )
            for text, times in client.execute_iter(query, settings={"max_block_size": _BLOCK_ROWS}):
                scan(f"{table}.{column}", text, times)


def _columns(client: Client, database: str) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = client.execute(
        "SELECT c.table, c.name, c.type FROM system.columns AS c"
        " INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table"
        " WHERE c.database = %(database)s AND t.engine LIKE '%%MergeTree' ORDER BY c.table, c.position",
        {"database": database},
    )
    return rows


def _texts(column: str, kind: str) -> tuple[bool, list[str]]:
    """(Whether the column holds text; SQL for its texts: keys and values of maps, elements of arrays, each alone)."""
    name = f"`{column}`"
    inner = kind
    while match := _WRAPPED.fullmatch(inner):
        inner = match[1]
    if _MAP.fullmatch(inner):
        return True, [f"toString(arrayJoin(mapKeys({name})))", f"toString(arrayJoin(mapValues({name})))"]
    if match := _ARRAY.fullmatch(inner):
        return bool(_TEXT.search(match[1])), [f"toString(arrayJoin({name}))"]
    return bool(_TEXT.fullmatch(inner)), [f"ifNull(toString({name}), '')"]
