from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_driver import Client

from streams.settings import ClickHouseSettings, RetentionSettings
from streams.warehouse import migrate as migrate_module
from streams.warehouse.migrate import migrate, migrations
from streams.warehouse.retention import KEPT_BY, TIMES, TtlState, days_of, set_retention, ttl_of
from tests.kafka.waiting import wait_until
from tests.warehouse.debian import PASSWORD, DebianClickHouse, install

NOW = datetime.now(UTC).replace(microsecond=0)
APPS = ("shop", "blog", "it's \\ odd")
AGES = (0, 4, 28, 32, 398, 402)
"""In days, and none near a limit: midnight may pass meanwhile."""
IDS = {
    "events": "event_id",
    "sessions": "session_id",
    "outcomes": "raw_offset",
    "visitors": "visitor_id",
    "session_patterns": "session_id",
    "funnels": "funnel_id",
    "funnel_steps": "funnel_id",
    "patterns": "pattern_id",
    "pattern_models": "version",
}
NUMBERED = ("outcomes", "pattern_models")


@pytest.fixture
def kept(bare: Client, fresh: ClickHouseSettings) -> Client:
    """A database with a row of each age, in days, for each app, in every table; merges are up to the test."""
    migrate(bare, fresh.database)
    fill(bare, fresh.database)
    return bare


def fill(client: Client, database: str) -> None:
    """A row of each age for each app."""
    for table, column in TIMES.items():
        rows = [
            {
                "id": number + 1 if table in NUMBERED else UUID(int=number + 1),
                "app": app,
                "at": NOW - timedelta(days=age),
            }
            for number, (app, age) in enumerate((app, age) for app in APPS for age in AGES)
        ]
        client.execute(
            f"INSERT INTO {database}.{table} ({IDS[table]}, app_id, {column}) VALUES", [list(r.values()) for r in rows]
        )


def ages(client: Client, database: str, table: str) -> dict[str, list[int]]:
    """App → the ages, in days, of the rows that merges left."""
    client.execute(f"OPTIMIZE TABLE {database}.{table} FINAL")
    rows = client.execute(f"SELECT app_id, toUnixTimestamp(toDateTime({TIMES[table]})) FROM {database}.{table}")
    found: dict[str, list[int]] = {}
    for app, at in rows:
        found.setdefault(app, []).append((int(NOW.timestamp()) - at) // 86_400)
    return {app: sorted(each) for app, each in found.items()}


def states(client: Client, database: str, retention: RetentionSettings, *, dry_run: bool = False) -> set[TtlState]:
    """What ``set_retention`` says of all tables."""
    return {ttl.state for ttl in set_retention(client, database, retention, dry_run=dry_run)}


@pytest.mark.parametrize("table", [table for table in TIMES if table != "pattern_models"])
def test_old_rows_are_gone_after_a_merge_and_young_ones_stay(
    kept: Client, fresh: ClickHouseSettings, table: str
) -> None:
    """The app's own days where it has them, else those of all apps."""
    setting = KEPT_BY.get(table, (table,))[0]
    own = {"shop": {setting: 400}, APPS[2]: {setting: 6}}
    retention = RetentionSettings.model_validate({setting: 30, "apps": own})
    set_retention(kept, fresh.database, retention)

    assert ages(kept, fresh.database, table) == {
        "shop": [0, 4, 28, 32, 398], "blog": [0, 4, 28], APPS[2]: [0, 4],
    }  # fmt: skip
    others = [other for other in IDS if setting not in KEPT_BY.get(other, (other,)) and other != "pattern_models"]
    assert [len(ages(kept, fresh.database, other)["blog"]) for other in others] == [len(AGES)] * len(others)
    assert len(others) >= 3


@pytest.mark.parametrize(("age", "stays"), [(28, True), (32, False)])
def test_a_saved_model_goes_with_its_day(bare: Client, fresh: ClickHouseSettings, age: int, stays: bool) -> None:
    """One row an app: what is as old as the sessions that may be read is gone after a merge."""
    migrate(bare, fresh.database)
    rows = [("shop", "the model", 1, NOW - timedelta(days=age)), ("blog", "another", 1, NOW)]
    bare.execute(f"INSERT INTO {fresh.database}.pattern_models (app_id, body, version, written_tstamp) VALUES", rows)
    set_retention(bare, fresh.database, RetentionSettings(sessions=30))

    assert set(ages(bare, fresh.database, "pattern_models")) == {"blog", *(["shop"] if stays else [])}


@pytest.mark.parametrize("table", ["funnels", "funnel_steps", "patterns", "pattern_models"])
def test_rows_of_discovery_know_when_they_were_written(bare: Client, fresh: ClickHouseSettings, table: str) -> None:
    """Nobody says so: the server's clock does, and the time stays."""
    migrate(bare, fresh.database)
    bare.execute(f"INSERT INTO {fresh.database}.{table} (app_id, version) VALUES", [("shop", 1)])
    ((written, now),) = bare.execute(f"SELECT written_tstamp, now64(3, 'UTC') FROM {fresh.database}.{table}")

    assert timedelta(0) <= now - written <= timedelta(minutes=5)
    assert bare.execute(f"SELECT written_tstamp FROM {fresh.database}.{table}") == [(written,)]


def test_rows_of_an_older_schema_count_from_its_migration(
    bare: Client, fresh: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When they were written nobody knows any more: they stay as long as those of that day, and no longer."""
    older = [migration for migration in migrations() if migration.number < 8]
    with monkeypatch.context() as patched:
        patched.setattr(migrate_module, "migrations", lambda: older)
        migrate(bare, fresh.database)
        bare.execute(f"INSERT INTO {fresh.database}.patterns (app_id, version) VALUES", [("shop", 1)])
    migrate(bare, fresh.database)
    waiting = f"SELECT count() FROM system.mutations WHERE database = '{fresh.database}' AND NOT is_done"
    wait_until(lambda: bare.execute(waiting) == [(0,)], 30, "the column in old parts")

    query = f"SELECT written_tstamp, now64(3, 'UTC') FROM {fresh.database}.patterns"
    ((written, now),) = bare.execute(query)
    wait_until(lambda: bare.execute(query)[0][1] > now, 30, "the clock")
    assert bare.execute(query)[0][0] == written <= now


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, [None] * 3),
        ({"sessions": 30}, [30] * 3),
        ({"sessions": 30, "findings": 90}, [90] * 3),
        ({"sessions": 30, "apps": {"shop": {"sessions": 7}}}, [7, 30, 7]),
        ({"sessions": 30, "findings": 90, "apps": {"shop": {"sessions": 7}}}, [90] * 3),
        ({"findings": 90, "apps": {"shop": {"findings": 7}, "blog": {"findings": 400}}}, [7, 400, 7]),
        ({"apps": {"shop": {"sessions": 7}}}, [7, None, 7]),
        ({"sessions": 30, "apps": {"shop": {"sessions": None}}}, [30] * 3),
    ],
)
def test_findings_stay_as_long_as_sessions_unless_they_have_days(
    said: dict[str, object], expected: list[int | None]
) -> None:
    """Of shop, of blog, and of all apps together: these hold pages of each app, and go with the shortest."""
    retention = RetentionSettings.model_validate(said)
    shop, blog, together = expected

    assert [days_of("patterns", retention, app) for app in ("shop", "blog")] == [shop, blog]
    rules = ttl_of("patterns", retention)
    alone = f"INTERVAL {together} DAY DELETE WHERE app_id IN ('"
    assert together is None or together == days_of("patterns", retention) or alone in rules
    assert ("IN (''" in rules) == (together != days_of("patterns", retention))
    assert (rules == "") == (set(expected) == {None})


def test_one_app_alone_can_expire(kept: Client, fresh: ClickHouseSettings) -> None:
    """All others are kept for ever."""
    retention = RetentionSettings.model_validate({"apps": {"blog": {"events": 2}}})
    set_retention(kept, fresh.database, retention)

    assert ages(kept, fresh.database, "events") == {"shop": list(AGES), "blog": [0], APPS[2]: list(AGES)}


def test_rows_that_come_later_expire_too(kept: Client, fresh: ClickHouseSettings) -> None:
    """A replay of old days leaves what a merge takes again."""
    set_retention(kept, fresh.database, RetentionSettings(events=30))
    fill(kept, fresh.database)

    assert ages(kept, fresh.database, "events") == {app: [0, 4, 28] for app in APPS}


def test_what_is_set_is_seen_and_not_set_again(bare: Client, fresh: ClickHouseSettings) -> None:
    """Applied once, then done; a change is pending in a dry run, which changes nothing; none takes the TTL away."""
    migrate(bare, fresh.database)
    database, odd = fresh.database, {APPS[2]: {"events": 6, "sessions": 6}, "shop": {"events": 90}}
    retention = RetentionSettings.model_validate({"events": 30, "outcomes": 9, "apps": odd})

    assert states(bare, database, RetentionSettings()) == {TtlState.DONE}
    assert states(bare, database, retention, dry_run=True) == {TtlState.DONE, TtlState.PENDING}
    assert states(bare, database, RetentionSettings()) == {TtlState.DONE}
    assert states(bare, database, retention) == {TtlState.DONE, TtlState.APPLIED}
    assert states(bare, database, retention) == {TtlState.DONE}
    assert states(bare, database, RetentionSettings(events=31), dry_run=True) == {TtlState.DONE, TtlState.PENDING}
    assert states(bare, database, RetentionSettings()) == {TtlState.DONE, TtlState.APPLIED}
    assert states(bare, database, RetentionSettings()) == {TtlState.DONE}


def test_a_dry_run_before_the_first_migration_shows_what_will_hold(bare: Client, fresh: ClickHouseSettings) -> None:
    """No table is there yet."""
    told = {ttl.table: ttl for ttl in set_retention(bare, fresh.database, RetentionSettings(events=30), dry_run=True)}

    assert (told["events"].state, told["events"].found) == (TtlState.PENDING, "")
    assert "toIntervalDay(30)" in told["events"].wanted
    assert told["sessions"].state == TtlState.DONE


def test_ttls_are_whole_days_of_utc() -> None:
    """A rebuild counts on it: a day is there or not. Names of apps are data, not SQL."""
    retention = RetentionSettings.model_validate({"events": 30, "apps": {"a'b\\": {"events": 7}, "c": {"sessions": 1}}})

    assert ttl_of("events", retention) == (
        "toDate(derived_tstamp, 'UTC') + INTERVAL 7 DAY DELETE WHERE app_id IN ('a\\'b\\\\'), "
        "toDate(derived_tstamp, 'UTC') + INTERVAL 30 DAY DELETE WHERE app_id NOT IN ('a\\'b\\\\')"
    )
    assert ttl_of("sessions", retention) == "toDate(start_tstamp, 'UTC') + INTERVAL 1 DAY DELETE WHERE app_id IN ('c')"
    assert ttl_of("visitors", retention) == ""


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[DebianClickHouse]:
    """Debian's ClickHouse 18.16."""
    if not install():
        pytest.skip("no clickhouse-server, and it cannot be installed here: apt-get install clickhouse-server")
    with DebianClickHouse(tmp_path / "server") as running:
        yield running


@pytest.mark.kafka
def test_a_server_that_is_too_old_refuses_in_words(old_server: DebianClickHouse) -> None:
    """Debian's has neither formatQuerySingleLine nor TTL: an error of the server, not a retention that seems set."""
    from clickhouse_driver.errors import ServerException

    from streams.warehouse.client import make_client

    client = make_client(old_server.settings(), PASSWORD)
    with pytest.raises(ServerException):
        set_retention(client, "wire", RetentionSettings(events=30))
    client.disconnect()
