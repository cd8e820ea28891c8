"""Views: which session an event belongs to."""

import asyncio
import uuid

from clickhouse_driver import Client

from streams.records import NO_ID, Event, SessionRow
from streams.settings import ClickHouseSettings
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.sink import Sink, TableRows
from tests.warehouse.rows import MINUTE, NOON, event, id_of, session

NONE = uuid.UUID(int=0)


def _store(settings: ClickHouseSettings, password: str, events: list[Event], sessions: list[SessionRow]) -> None:
    async def run() -> None:
        sink = Sink(settings, password, generation=1)
        await sink.store(0, TableRows(events=events, sessions=sessions), (0, 0))
        await sink.close()

    asyncio.run(run())


def _session_of(client: Client, settings: ClickHouseSettings) -> dict[uuid.UUID, uuid.UUID]:
    return dict(client.execute(f"SELECT event_id, session_id FROM {settings.database}.events_v"))


def test_events_find_their_session_at_both_ends(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Start and end belong to the session to the millisecond; gaps, late events and strangers have none."""
    first, second = session("one", NOON, NOON + 10 * MINUTE), session("two", NOON + 60 * MINUTE, NOON + 60 * MINUTE)
    expected = {
        "before": (event("before", NOON - 1), NONE),
        "start": (event("start", NOON), "one"),
        "middle": (event("middle", NOON + MINUTE), "one"),
        "end": (event("end", NOON + 10 * MINUTE), "one"),
        "after": (event("after", NOON + 10 * MINUTE + 1), NONE),
        "second": (event("second", NOON + 60 * MINUTE), "two"),
        "last": (event("last", NOON + 60 * MINUTE + 1), NONE),
        "late": (event("late", NOON + MINUTE, is_late=1, version=16), NONE),
        "stranger": (event("stranger", NOON + MINUTE, visitor_id=id_of("w")), NONE),
        "other app": (event("other app", NOON + MINUTE, app_id="blog"), NONE),
        "nobody": (event("nobody", NOON + MINUTE, visitor_id=NO_ID), NONE),
    }
    _store(settings, address.password, [given for given, _ in expected.values()], [first, second])
    assert _session_of(client, settings) == {
        uuid.UUID(bytes=id_of(name)): wanted if isinstance(wanted, uuid.UUID) else uuid.UUID(bytes=id_of(wanted))
        for name, (_, wanted) in expected.items()
    }


def test_a_hidden_session_takes_no_events(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> None:
    """A tombstone lies nearer than the session that replaced it: the event belongs to the one alive."""
    gone = session("gone", NOON + MINUTE, NOON + 2 * MINUTE, is_deleted=1, version=2 << 48)
    alive = session("alive", NOON, NOON + 2 * MINUTE)
    _store(settings, address.password, [event("e", NOON + MINUTE)], [gone, alive])
    assert list(_session_of(client, settings).values()) == [uuid.UUID(bytes=id_of("alive"))]


def test_the_readers_settings_do_not_change_the_answer(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Neither NULLs from joins nor filters moved below FINAL."""
    _store(settings, address.password, [event("e")], [session("s"), session("s", version=2 << 48, is_deleted=1)])
    for name in ("join_use_nulls", "optimize_move_to_prewhere_if_final", "do_not_merge_across_partitions_select_final"):
        rows = client.execute(f"SELECT session_id FROM {settings.database}.events_v SETTINGS {name} = 1")
        assert rows == [(NONE,)], name
    rows = client.execute(
        f"SELECT count() FROM {settings.database}.sessions_v SETTINGS optimize_move_to_prewhere_if_final = 1"
    )
    assert rows == [(0,)]


def test_views_hide_the_mark_of_deletion(client: Client, settings: ClickHouseSettings) -> None:
    """Readers see what is there; events come with their session."""
    rows = client.execute(
        "SELECT table, name FROM system.columns WHERE database = %(database)s"
        " AND (name = 'is_deleted' OR table = 'events_v' AND name = 'session_id')",
        {"database": settings.database},
    )
    tables = ("events", "funnel_steps", "funnels", "patterns", "session_patterns", "sessions")
    marked = [(table, "is_deleted") for table in tables]
    assert sorted(rows) == sorted([*marked, ("events_v", "session_id")])
