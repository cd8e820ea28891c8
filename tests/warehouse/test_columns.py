import re
import uuid
from typing import Any

import msgspec
import pytest
from clickhouse_driver import Client

from streams.errors import StoreError
from streams.records import Event, Outcome, Progress, SessionRow, VisitorRow
from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options
from streams.warehouse.columns import (
    EVENTS,
    OUTCOMES,
    PROGRESS,
    RULES,
    SESSIONS,
    TABLES,
    VISITORS,
    RulesRow,
    Table,
    check_columns,
)
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.insert import InsertClient, encode
from streams.warehouse.migrate import migrate
from tests.warehouse.rows import NOON, id_of

WIDEST = {"UInt8": 255, "UInt32": 2**32 - 1, "UInt64": 2**64 - 1, "Int64": 2**63 - 1}


def _unlike_default(name: str, type_: str) -> Any:
    """A value that tells its column from every other of the type."""
    if name == "is_deleted":
        return 1  # the engine takes 0 and 1 only
    inner = re.sub(r"^(Nullable|LowCardinality)\((.*)\)$", r"\2", type_)
    if inner in WIDEST:
        return WIDEST[inner]
    by_type: dict[str, Any] = {
        "UUID": id_of(name),
        "DateTime64(3, 'UTC')": NOON + len(name),
        "Float64": len(name) / 8,
        "String": f"{name} é 漢 \N{CAT FACE}\0'\\",
        "Array(String)": [name, "", name],
        "Array(UInt32)": [len(name), 0, 2**32 - 1],
        "Map(String, String)": {name: "value", "": name},
    }
    return by_type[inner]


def _as_sent(value: Any) -> Any:
    return value.bytes if isinstance(value, uuid.UUID) else value


def _read(client: Client, database: str, table: Table) -> list[dict[str, Any]]:
    shown = [
        f"toUnixTimestamp64Milli({name})" if "DateTime64" in type_ else name for name, type_ in table.columns.items()
    ]
    rows = client.execute(f"SELECT {', '.join(shown)} FROM {database}.{table.name}")
    return [dict(zip(table.columns, map(_as_sent, row), strict=True)) for row in rows]


def _optional(struct: type[msgspec.Struct]) -> set[str]:
    return {
        field.name
        for field in msgspec.structs.fields(struct)
        if (field.default, field.default_factory) != (msgspec.NODEFAULT, msgspec.NODEFAULT)
    }


@pytest.mark.parametrize(
    ("table", "struct"),
    [
        (EVENTS, Event),
        (SESSIONS, SessionRow),
        (VISITORS, VisitorRow),
        (OUTCOMES, Outcome),
        (PROGRESS, Progress),
        (RULES, RulesRow),
    ],
)
def test_every_column_round_trips(
    table: Table,
    struct: type[msgspec.Struct],
    client: Client,
    settings: ClickHouseSettings,
    address: StoreAddress,
) -> None:
    """What a struct holds is what the table gives back: at its widest, and absent as absent."""
    given = {name: _unlike_default(name, type_) for name, type_ in table.columns.items()}
    full, bare = struct(**given), struct(**{name: v for name, v in given.items() if name not in _optional(struct)})
    for row in (full, bare):
        inserter = InsertClient(**client_options(settings, address.password))
        inserter.insert(settings.database, encode(table.name, table.columns, table.values([row])), {})
        inserter.disconnect()
        assert _read(client, settings.database, table) == [{name: getattr(row, name) for name in table.columns}]
        client.execute(f"TRUNCATE TABLE {settings.database}.{table.name}")


def test_the_sink_writes_every_column_the_tables_have(client: Client, settings: ClickHouseSettings) -> None:
    """A column nobody fills, or one the schema forgot, is a mistake."""
    check_columns(client, settings.database)
    for table in TABLES:
        rows = client.execute(
            "SELECT name FROM system.columns WHERE database = %(database)s AND table = %(table)s",
            {"database": settings.database, "table": table.name},
        )
        assert {name for (name,) in rows} == set(table.columns), table.name


def test_a_missing_or_changed_column_stops_the_start(bare: Client, fresh: ClickHouseSettings) -> None:
    """The error names table, column, both types and the mend."""
    migrate(bare, fresh.database)
    bare.execute(f"ALTER TABLE {fresh.database}.outcomes MODIFY COLUMN size UInt64")
    with pytest.raises(StoreError, match=r"outcomes\.size is UInt64, not UInt32") as refused:
        check_columns(bare, fresh.database)
    assert "thalweg migrate" in refused.value.mend
    bare.execute(f"ALTER TABLE {fresh.database}.outcomes DROP COLUMN size")
    with pytest.raises(StoreError, match=r"outcomes\.size is missing"):
        check_columns(bare, fresh.database)


def test_more_rows_than_one_turn_keep_their_order() -> None:
    """Rows become columns a slice at a time; no row is lost at the slices' ends."""
    rows = [Progress(generation=1, partition=number, applied=number, watermark=-1) for number in range(1000)]
    assert PROGRESS.values(rows)[1] == list(range(1000))
    assert PROGRESS.values([]) == [[], [], [], []]
