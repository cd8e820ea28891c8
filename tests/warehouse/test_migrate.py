from concurrent.futures import ThreadPoolExecutor

import pytest
from clickhouse_driver import Client

from streams.errors import StoreError
from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.migrate import State, migrate, migrations

NAMES = set(
    "visitors events sessions outcomes progress generations rules migrations leases funnels funnel_steps"
    " patterns session_patterns pattern_models".split()
)
VIEWS = set("visitors_v events_v sessions_v ledger funnels_v funnel_steps_v patterns_v session_patterns_v".split())


def _states(client: Client, database: str, *, dry_run: bool = False) -> set[State]:
    return {status.state for status in migrate(client, database, dry_run=dry_run)}


def _tables(client: Client, database: str) -> set[str]:
    rows = client.execute("SELECT name FROM system.tables WHERE database = %(database)s", {"database": database})
    return {name for (name,) in rows}


def test_the_second_run_changes_nothing(bare: Client, fresh: ClickHouseSettings) -> None:
    """The first applies all, in order; the second finds all done; the tables are there."""
    numbers = [status.number for status in migrate(bare, fresh.database)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert _states(bare, fresh.database) == {State.DONE}
    assert _tables(bare, fresh.database) == NAMES | VIEWS


def test_a_dry_run_creates_nothing(bare: Client, fresh: ClickHouseSettings) -> None:
    """Not even the database; then it shows what is pending."""
    assert _states(bare, fresh.database, dry_run=True) == {State.PENDING}
    assert _tables(bare, fresh.database) == set()
    migrate(bare, fresh.database)
    assert _states(bare, fresh.database, dry_run=True) == {State.DONE}


def test_two_at_once_both_succeed(bare: Client, fresh: ClickHouseSettings, address: StoreAddress) -> None:
    """Two operators, one schema, each migration recorded once."""

    def run(_: int) -> None:
        client = make_client(fresh, address.password)
        migrate(client, fresh.database)
        client.disconnect()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    recorded = bare.execute(f"SELECT number, count() FROM {fresh.database}.migrations FINAL GROUP BY number")
    assert sorted(recorded) == [(migration.number, 1) for migration in migrations()]


def test_a_changed_file_stops(bare: Client, fresh: ClickHouseSettings) -> None:
    """A migration that was applied is history: changing its text is an error, with the mend."""
    migrate(bare, fresh.database)
    bare.execute(f"INSERT INTO {fresh.database}.migrations (number, name, hash) VALUES", [(1, "tables", "other")])
    with pytest.raises(StoreError, match="0001 tables was applied with other text") as refused:
        migrate(bare, fresh.database)
    assert "new migration" in refused.value.mend


def test_a_newer_store_stops(bare: Client, fresh: ClickHouseSettings) -> None:
    """An old program does not touch a store that a newer one made."""
    migrate(bare, fresh.database)
    bare.execute(f"INSERT INTO {fresh.database}.migrations (number, name, hash) VALUES", [(9999, "later", "h")])
    with pytest.raises(StoreError, match="9999 later"):
        migrate(bare, fresh.database)


def test_a_refused_statement_names_its_migration(bare: Client, fresh: ClickHouseSettings) -> None:
    """The server's code and the migration are in the error; running it again goes on from there."""
    migrate(bare, fresh.database)
    database = fresh.database
    bare.execute(f"TRUNCATE TABLE {database}.migrations")
    bare.execute(f"DROP TABLE {database}.sessions_v")
    bare.execute(f"DROP TABLE {database}.sessions")
    bare.execute(f"CREATE TABLE {database}.sessions (x UInt8) ENGINE = MergeTree ORDER BY x")
    with pytest.raises(StoreError, match="0002 views stopped: code"):
        migrate(bare, database)
    bare.execute(f"DROP TABLE {database}.sessions")
    bare.execute(f"TRUNCATE TABLE {database}.migrations")
    assert _states(bare, database) == {State.APPLIED}


def test_every_column_and_table_says_what_it_is(bare: Client, fresh: ClickHouseSettings) -> None:
    """The data dictionary is made from the comments: none may be missing."""
    migrate(bare, fresh.database)
    silent = bare.execute(
        "SELECT table, name FROM system.columns WHERE database = %(database)s AND comment = ''"
        " AND table NOT IN (SELECT name FROM system.tables WHERE database = %(database)s AND engine = 'View')",
        {"database": fresh.database},
    )
    tables = bare.execute(
        "SELECT name FROM system.tables WHERE database = %(database)s AND comment = ''", {"database": fresh.database}
    )
    assert (silent, tables) == ([], [])
