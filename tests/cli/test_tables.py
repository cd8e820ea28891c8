"""The demo's tables, on a store that is empty and on one filled by hand."""

import itertools
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from clickhouse_driver import Client
from rich.console import Console
from rich.table import Table

from streams.cli.tables import QUESTIONS, demo_tables, what_next
from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import open_store
from streams.warehouse.migrate import migrate

DATABASE = "tables"
START = 1_772_409_600_000
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a migrated store."""
    with open_store(tmp_path_factory.mktemp("tables") / "store") as address:
        settings = ClickHouseSettings(host=address.host, port=address.port, user=address.user, database=DATABASE)
        client = make_client(settings, address.password)
        migrate(client, DATABASE)
        yield client
        client.disconnect()


@pytest.fixture
def empty(client: Client) -> Client:
    """The store without a row."""
    for table in ("events", "sessions", "outcomes"):
        client.execute(f"TRUNCATE TABLE {DATABASE}.{table}")
    return client


@pytest.fixture
def filled(empty: Client) -> Client:
    """Three sessions of two people, one of a bot, two events, three outcomes."""
    _session(empty, visitor=1, first="/", last="/order/O-1a2b3c4d/confirmed", views=5, country="CH", channel="Email")
    _session(empty, visitor=1, first="/product/1042", last="/product/1042", views=1, is_bounce=1, country="CH")
    _session(empty, visitor=2, first="/product/1007", last="/cart", views=3, country="FR", channel="Direct")
    _session(empty, visitor=3, first="/", last="/", views=1, is_bot=1, country="US")
    _event(empty, visitor=1, device="Mobile", is_bot=0)
    _event(empty, visitor=3, device="Bot", is_bot=1)
    for offset, (outcome, reason) in enumerate([("accepted", ""), ("accepted", ""), ("dead", "syntax")]):
        _insert(
            empty,
            "outcomes",
            {"raw_topic": "raw@1", "raw_offset": offset, "outcome": outcome, "reason": reason, "version": 1},
        )
    return empty


def test_every_question_is_answered_in_an_empty_store(empty: Client) -> None:
    """No question fails, and each says that there is nothing yet."""
    tables = demo_tables(empty, DATABASE)

    assert [table.title for table in tables] == [question.title for question in QUESTIONS]
    assert all(table.row_count == 0 and table.caption == "nothing yet" for table in tables)


def test_apps_count_people_only(filled: Client) -> None:
    """Two visitors and three sessions; the bot's is left out, as the title says."""
    assert _rows(filled, "Apps (bots left out)") == [["shop", "2", "3", "6", "3.0", "33.3", "60"]]


def test_pages_of_one_kind_count_together(filled: Client) -> None:
    """Numbers and long hex ids in a path are written as one sign."""
    landing = _rows(filled, "Landing pages: the first page of a session (bots left out)")
    drop_off = _rows(filled, "Drop-off pages: the last page of a session (bots left out)")

    assert landing == [["/product/…", "2", "66.7", "50.0"], ["/", "1", "33.3", "0.0"]]
    assert sorted(row[0] for row in drop_off) == ["/cart", "/order/O-…/confirmed", "/product/…"]


def test_flows_need_two_views(filled: Client) -> None:
    """A session of one page has no way from entry to exit."""
    flows = _rows(filled, "Entry to exit: sessions of two and more views (bots left out)")

    assert [row[:3] for row in flows] == [["/", "/order/O-…/confirmed", "1"], ["/product/…", "/cart", "1"]]


def test_countries_and_channels(filled: Client) -> None:
    """Visitors and sessions each; what is not known is called so."""
    assert [row[:3] for row in _rows(filled, "Countries (bots left out)")] == [["CH", "1", "2"], ["FR", "1", "1"]]
    channels = _rows(filled, "Channels (bots left out)")
    assert [row[:3] for row in channels] == [["Direct", "1", "1"], ["Email", "1", "1"], ["none", "1", "1"]]


def test_devices_and_outcomes_count_bots(filled: Client) -> None:
    """Both say in the title that bots are among them."""
    assert _rows(filled, "Devices, bots among them") == [["Bot", "yes", "1", "1"], ["Mobile", "no", "1", "1"]]
    outcomes = _rows(filled, "What became of every raw event, bots among them")
    assert outcomes == [["accepted", "–", "2"], ["dead", "syntax", "1"]]


def test_tables_can_be_printed_narrow(filled: Client) -> None:
    """A terminal of 80 columns shows every table's title on one line."""
    console = Console(width=80)
    with console.capture() as capture:
        for table in demo_tables(filled, DATABASE):
            console.print(table)

    assert all(question.title in capture.get() for question in QUESTIONS)


def test_what_next_names_the_store() -> None:
    """Each line is a command that can be copied, also where the folder's name has a blank."""
    lines = what_next("my demo/store").splitlines()[1:]

    assert lines
    assert all(line.strip().startswith("thalweg ") and "'my demo/store'" in line for line in lines)


def _rows(client: Client, title: str) -> list[list[str]]:
    table = next(table for table in demo_tables(client, DATABASE) if table.title == title)
    return _cells(table)


def _cells(table: Table) -> list[list[str]]:
    return [list(map(str, row)) for row in zip(*(column.cells for column in table.columns), strict=True)]


def _session(client: Client, *, visitor: int, first: str, last: str, **more: object) -> None:
    row: dict[str, Any] = {
        "session_id": uuid.UUID(int=next(_ids)),
        "app_id": "shop",
        "visitor_id": uuid.UUID(int=visitor),
        "start_tstamp": START // 1000,
        "first_page_urlpath": first,
        "last_page_urlpath": last,
        "total_events": 2,
        "absolute_time_in_s": 60,
        "version": 1,
    }
    names = {"country": "geo_country", "channel": "default_channel_group"}
    _insert(client, "sessions", row | {names.get(key, key): value for key, value in more.items()})


def _event(client: Client, *, visitor: int, device: str, is_bot: int) -> None:
    row = {
        "event_id": uuid.UUID(int=next(_ids)),
        "app_id": "shop",
        "visitor_id": uuid.UUID(int=visitor),
        "derived_tstamp": START // 1000,
        "dvce_type": device,
        "is_bot": is_bot,
        "version": 1,
    }
    _insert(client, "events", row)


def _insert(client: Client, table: str, row: dict[str, Any]) -> None:
    values: Sequence[tuple[Any, ...]] = [tuple(row.values())]
    client.execute(f"INSERT INTO {DATABASE}.{table} ({', '.join(row)}) VALUES", values)
