import pytest
from clickhouse_driver import Client

from streams.settings import ClickHouseSettings
from streams.warehouse.migrate import Migration
from tests import dictionary
from tests.dictionary import TABLES, Column, columns_of, origins_of

STAGES = {"parse", "anonymize", "enrich", "sessions"}


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_read_as_the_server_has_them(table: str, client: Client, settings: ClickHouseSettings) -> None:
    """Name, type, comment and order, after all migrations."""
    found = client.execute(
        "SELECT name, type, comment FROM system.columns WHERE database = %(database)s AND table = %(table)s"
        " ORDER BY position",
        {"database": settings.database, "table": table},
    )

    assert [(column.name, column.type, column.meaning) for column in columns_of(table)] == found


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_meaning_and_an_origin(table: str) -> None:
    """A new column needs a COMMENT in its migration and a line in streams/warehouse/schema/dictionary.yaml."""
    columns, origins = columns_of(table), origins_of(table)

    assert [column.name for column in columns if len(column.meaning) < 10] == []
    assert {column.name for column in columns} == set(origins)
    assert {origin.stage for origin in origins.values()} <= STAGES
    assert [name for name, origin in origins.items() if not origin.source] == []


CREATED = """CREATE TABLE IF NOT EXISTS {database}.t
(
    a UInt8 COMMENT 'It''s a',
    b String COMMENT 'b'
)
ENGINE = X"""
ADDED = """ALTER TABLE {database}.t
    ADD COLUMN IF NOT EXISTS c LowCardinality(String) COMMENT 'c, d' AFTER a,
    ADD COLUMN IF NOT EXISTS d Map(String, String) COMMENT 'd'"""


def test_later_migrations_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns added in place, changed, commented anew, dropped."""
    texts = [
        CREATED,
        ADDED,
        "ALTER TABLE {database}.t COMMENT COLUMN a 'other'",
        "ALTER TABLE {database}.t DROP COLUMN IF EXISTS b",
        "ALTER TABLE {database}.u ADD COLUMN IF NOT EXISTS x UInt8 COMMENT 'another table'",
    ]
    monkeypatch.setattr(
        dictionary, "migrations", lambda: [Migration(n, "m", text + ";\n") for n, text in enumerate(texts)]
    )

    assert columns_of("t") == [
        Column("a", "UInt8", "other"),
        Column("c", "LowCardinality(String)", "c, d"),
        Column("d", "Map(String, String)", "d"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE IF NOT EXISTS {database}.t\n(\n    a UInt8\n)\nENGINE = X",
        "ALTER TABLE {database}.t RENAME COLUMN a TO b",
    ],
)
def test_what_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """No column is passed over."""
    monkeypatch.setattr(dictionary, "migrations", lambda: [Migration(1, "m", text + ";\n")])

    with pytest.raises(ValueError, match="column"):
        columns_of("t")
