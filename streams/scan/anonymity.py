"""k-anonymity: how many people share what is told of them. A small group is a person, whatever was masked.

Source: Sweeney, "k-anonymity: a model for protecting privacy", IJUFKS 10 (2002).
"""

from collections.abc import Sequence

import msgspec
from clickhouse_driver import Client

from streams.errors import ConfigError
from streams.warehouse.client import identifier

_NOBODY = "toUUID('00000000-0000-0000-0000-000000000000')"


class Group(msgspec.Struct, frozen=True):
    """People who share all the values."""

    values: list[str]
    people: int
    rows: int


class Anonymity(msgspec.Struct, frozen=True, kw_only=True):
    """Groups by the columns; ``smallest`` lists the first of them."""

    table: str
    columns: list[str]
    k: int
    groups: int
    groups_below_k: int
    people_below_k: int
    rows: int
    rows_below_k: int
    smallest: list[Group]


def measure(client: Client, database: str, table: str, columns: Sequence[str], k: int, shown: int = 10) -> Anonymity:
    """Count visitors per combination of ``columns`` in a table or view; a row without visitor counts as a person.

    Raises ConfigError where a column is not the table's.
    """
    _check(client, database, table, columns)
    names = ", ".join(f"`{column}`" for column in columns)
    groups = (
        f"SELECT [{', '.join(f'toString(`{column}`)' for column in columns)}] AS combination, count() AS n,"  # noqa: S608
        f" uniqExactIf(visitor_id, visitor_id != {_NOBODY}) + countIf(visitor_id = {_NOBODY}) AS people"
        f" FROM {database}.{table} GROUP BY {names}"
    )
    given = {"k": k, "shown": shown}
    sums = "count(), countIf(people < %(k)s), sumIf(people, people < %(k)s), sum(n), sumIf(n, people < %(k)s)"
    ((total, below, people, rows, rows_below),) = client.execute(f"SELECT {sums} FROM ({groups})", given)  # noqa: S608
    smallest = client.execute(
        f"SELECT combination, people, n FROM ({groups}) ORDER BY people, n, combination LIMIT %(shown)s",  # noqa: S608
        given,
    )
    return Anonymity(
        table=table,
        columns=list(columns),
        k=k,
        groups=total,
        groups_below_k=below,
        people_below_k=people,
        rows=rows,
        rows_below_k=rows_below,
        smallest=[Group(values, people, n) for values, people, n in smallest],
    )


def _check(client: Client, database: str, table: str, columns: Sequence[str]) -> None:
    found = client.execute(
        "SELECT name FROM system.columns WHERE database = %(database)s AND table = %(table)s",
        {"database": database, "table": identifier(table)},
    )
    known = {name for (name,) in found}
    if "visitor_id" not in known:
        raise ConfigError(f"{table} has no column visitor_id", "name a table or view of visitors' rows, as events_v")
    unknown = [column for column in columns if column not in known]
    if unknown or not columns:
        raise ConfigError(
            f"{table} has no column {', '.join(unknown) or 'named'}", f"it has {', '.join(sorted(known))}"
        )
