"""The final rows of whole databases, compared in SQL: a count and a hash per table, and the first rows that differ."""

from clickhouse_driver import Client

TABLES = ("events", "sessions", "outcomes", "visitors")
Fingerprint = tuple[int, int, int]
"""Count of rows, sum and exclusive or of their hashes."""

_ROW = "formatRowNoNewline('JSONEachRow', * EXCEPT (version))"
SHOWN = 3


def fingerprints(client: Client, database: str) -> dict[str, Fingerprint]:
    """Of each table under FINAL, in all columns but ``version``."""
    return {table: _fingerprint(client, database, table) for table in TABLES}


def _fingerprint(client: Client, database: str, table: str) -> Fingerprint:
    query = (
        f"SELECT count(), sum(h), groupBitXor(h) FROM (SELECT cityHash64({_ROW}) AS h FROM {database}.{table} FINAL)"
    )
    ((count, total, mixed),) = client.execute(query)
    return count, total, mixed


def differences(client: Client, one: str, other: str) -> dict[str, list[str]]:
    """Per table that differs between two databases of a store, the first rows that stand in one only, as JSON.

    Each begins with the name of the database that has it.
    """
    here, there = fingerprints(client, one), fingerprints(client, other)
    return {
        table: [*_only_in(client, table, one, other), *_only_in(client, table, other, one)]
        for table in TABLES
        if here[table] != there[table]
    }


def _only_in(client: Client, table: str, one: str, other: str) -> list[str]:
    rows = client.execute(
        f"SELECT {_ROW} AS row FROM {one}.{table} FINAL"
        f" WHERE cityHash64(row) NOT IN (SELECT cityHash64({_ROW}) FROM {other}.{table} FINAL)"
        f" ORDER BY row LIMIT {SHOWN}"
    )
    return [f"{one}: {row}" for (row,) in rows]
