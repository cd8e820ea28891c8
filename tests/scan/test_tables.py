from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_driver import Client

from streams.errors import ConfigError
from streams.scan.anonymity import Anonymity, measure
from streams.scan.canaries import make_canary_finder
from streams.scan.kinds import KINDS
from streams.scan.scanner import Scanner
from streams.scan.tables import scan_tables
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target

DATABASE = "scanned"
WHEN = datetime(2026, 5, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A database as Thalweg makes it, and a table with one column of each kind."""
    folder: Path = tmp_path_factory.mktemp("scan") / "store"
    with open_target(str(folder), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        migrate(client, DATABASE)
        client.execute(
            f"CREATE TABLE {DATABASE}.odd (id UInt64, s String, l LowCardinality(String), n Nullable(String),"
            " ln LowCardinality(Nullable(String)), f FixedString(40), a Array(String), m Map(String, String),"
            " aa Array(Nullable(String)), t Tuple(String, UInt8), u UUID, i UInt64, d DateTime64(3, 'UTC'))"
            " ENGINE = MergeTree ORDER BY id"
        )
        yield client
        client.disconnect()


TEXTS = {
    "s": "'{}'", "l": "'{}'", "n": "'{}'", "ln": "'{}'", "f": "'{}'", "a": "['x', '{}']", "m": "map('k', '{}')",
    "aa": "[NULL, '{}']", "t": "('{}', 1)",
}  # fmt: skip


@pytest.mark.parametrize("column", [*TEXTS, "m key"])
def test_a_value_is_found_in_a_column_of_any_kind(client: Client, column: str) -> None:
    """Also as a key of a map."""
    name = column.split(maxsplit=1)[0]
    written = TEXTS[name].format("alice@example.com") if column != "m key" else "map('alice@example.com', 'v')"
    client.execute(f"TRUNCATE TABLE {DATABASE}.odd")
    client.execute(f"INSERT INTO {DATABASE}.odd (id, {name}) SELECT 1, {written} FROM numbers(3)")
    scanner = Scanner(KINDS, b"k" * 32)
    scan_tables(client, DATABASE, scanner)

    assert [(find.place, find.kind, find.count) for find in scanner.finds] == [(f"odd.{name}", "email", 3)]


@pytest.mark.parametrize(
    ("column", "written", "canary"),
    [
        ("u", f"toUUID('{UUID(int=0x4711)}')", str(UUID(int=0x4711))),
        ("i", "4111111111111111", "4111111111111111"),
        ("d", "toDateTime64('2026-05-21 01:02:03.456', 3, 'UTC')", "01:02:03.456"),
    ],
)
def test_a_given_value_is_found_where_no_text_stands(client: Client, column: str, written: str, canary: str) -> None:
    """As an id, a number, a time."""
    client.execute(f"TRUNCATE TABLE {DATABASE}.odd")
    client.execute(f"INSERT INTO {DATABASE}.odd (id, {column}) SELECT 1, {written}")
    scanner = Scanner(KINDS, b"k" * 32, make_canary_finder([canary]))
    scan_tables(client, DATABASE, scanner)

    assert [(find.place, find.kind) for find in scanner.finds] == [(f"odd.{column}", "canary")]


def test_rows_that_the_views_hide_are_searched(client: Client) -> None:
    """A superseded version of a row and a tombstone still hold what they hold."""
    client.execute(f"TRUNCATE TABLE {DATABASE}.odd")
    client.execute(f"SYSTEM STOP MERGES {DATABASE}.events")
    columns = "event_id, app_id, derived_tstamp, page_title, version, is_deleted"
    for version, title, deleted in ((1, "alice@example.com", 0), (2, "bob@example.com", 1)):
        client.execute(
            f"INSERT INTO {DATABASE}.events ({columns}) VALUES", [(UUID(int=1), "a", WHEN, title, version, deleted)]
        )
    scanner = Scanner(KINDS, b"k" * 32)
    scan_tables(client, DATABASE, scanner)

    assert client.execute(f"SELECT count() FROM {DATABASE}.events_v") == [(0,)]
    assert [(find.place, find.count) for find in scanner.finds] == [("events.page_title", 2)]
    client.execute(f"TRUNCATE TABLE {DATABASE}.events")


def test_the_operators_own_rules_are_searched_for_given_values_only(client: Client) -> None:
    """Their examples hold e-mail addresses on purpose."""
    rules = "examples: [{given: {page_title: to a@example.com}}] # kanarie"
    client.execute(f"INSERT INTO {DATABASE}.rules (hash, text) VALUES", [("h", rules)])
    plain, given = Scanner(KINDS, b"k" * 32), Scanner(KINDS, b"k" * 32, make_canary_finder(["Kanarie"]))
    for scanner in (plain, given):
        scan_tables(client, DATABASE, scanner)
    client.execute(f"TRUNCATE TABLE {DATABASE}.rules")

    assert "rules.text" not in plain.searched
    assert [(find.place, find.kind) for find in given.finds] == [("rules.text", "canary")]


@pytest.fixture
def people(client: Client) -> Client:
    """Visitors: five in (Ulm, Firefox), two in (Ulm, Chrome), one with three events; two without id in Bonn."""
    rows = [(n, "Ulm", "Firefox") for n in range(1, 6)] + [(n, "Ulm", "Chrome") for n in (6, 6, 6, 7)]
    rows += [(0, "Bonn", "Chrome"), (0, "Bonn", "Chrome")]
    client.execute(f"TRUNCATE TABLE {DATABASE}.events")
    client.execute(
        f"INSERT INTO {DATABASE}.events (event_id, app_id, derived_tstamp, visitor_id, geo_city, br_family) VALUES",
        [(UUID(int=number), "a", WHEN, UUID(int=who), *values) for number, (who, *values) in enumerate(rows, 1)],
    )
    return client


def test_groups_count_people_not_rows(people: Client) -> None:
    """Who comes often is still one; an event without visitor counts as somebody."""
    found = measure(people, DATABASE, "events_v", ["geo_city", "br_family"], 5)

    assert (found.groups, found.groups_below_k) == (3, 2)
    assert (found.rows, found.rows_below_k, found.people_below_k) == (11, 6, 4)
    assert [(group.values, group.people, group.rows) for group in found.smallest] == [
        (["Bonn", "Chrome"], 2, 2), (["Ulm", "Chrome"], 2, 4), (["Ulm", "Firefox"], 5, 5),
    ]  # fmt: skip


def test_k_is_the_least_that_passes(people: Client) -> None:
    """A group of exactly k people is large enough."""

    def below(k: int, *columns: str) -> int:
        found: Anonymity = measure(people, DATABASE, "events_v", columns, k)
        return found.groups_below_k

    assert [below(k, "geo_city", "br_family") for k in (2, 3, 5, 6)] == [0, 2, 2, 3]
    assert [below(k, "geo_city") for k in (2, 7, 8)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("table", "columns", "told"),
    [
        ("events_v", ["geo_town"], "has no column geo_town"),
        ("events_v", [], "has no column named"),
        ("ledger", ["app_id"], "no column visitor_id"),
        ("events_v; DROP", ["app_id"], "cannot name"),
    ],
)
def test_what_cannot_be_grouped_is_refused(client: Client, table: str, columns: list[str], told: str) -> None:
    """Before any SQL is made of it."""
    with pytest.raises(ConfigError, match=told):
        measure(client, DATABASE, table, columns, 5)
