from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from streams.errors import StoreError
from streams.warehouse.embedded.engine import DeadEngineError, Engine, EngineError, _engine_error
from streams.warehouse.embedded.store import LOG_FILE, StoreAddress

Connect = Callable[..., Client]


def code_of(run: Callable[[], object]) -> int:
    """The code of the exception that ``run`` raises."""
    with pytest.raises(ServerException) as refused:
        run()
    return int(refused.value.code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT nope FROM system.one", 47),
        ("CREATE TABLE t (a Int8) ENGINE = Memory", 57),
        ("SELECT * FROM nope", 60),
        ("SELECT FROM WHERE", 62),
        ("selec", 62),
        ("SELECT 1; SELECT 2", 62),
        ("SELECT 1 SETTINGS no_such_setting = 1", 115),
        ("SELECT sum(sipHash64(number)) FROM numbers(1e12) SETTINGS max_execution_time = 0.05", 159),
        ("SELECT groupArray(number) FROM numbers(1e8) SETTINGS max_memory_usage = 1000000", 241),
        ("SELECT throwIf(number = 1000000) FROM numbers(2000000)", 395),
        ("USE no_such_database", 81),
        ("SYSTEM START LISTEN TCP", 49),
    ],
)
def test_errors_have_the_engines_codes(client: Client, query: str, code: int) -> None:
    """Before the first block and in the middle of a result; the connection goes on."""
    client.execute("CREATE TABLE t (a Int8) ENGINE = Memory")
    assert code_of(lambda: client.execute(query)) == code
    assert client.execute("SELECT 1") == [(1,)]


def test_an_unknown_database_is_refused_at_hello(connect: Connect) -> None:
    """As the engine's server does."""
    assert code_of(lambda: connect(database="no_such").execute("SELECT 1")) == 81


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([(n, "x") for n in range(2999)] + [(-1, "bad")], {}, 469),
        ([(n, "x") for n in range(200)], {"max_partitions_per_insert_block": 10}, 252),
        ([(1, "x")], {"readonly": 1}, 164),
        ([(1, "y" * 100)] * 5000, {"max_memory_usage": 10000, "max_untracked_memory": 1}, 241),
    ],
)
def test_a_refused_insert_raises_and_leaves_nothing(
    connect: Connect, rows: list[tuple[int, str]], options: dict[str, int], code: int
) -> None:
    """The engine's streaming insert loses such rows without a word; ours must not."""
    client = connect(settings={"insert_block_size": 1000})
    client.execute(
        "CREATE TABLE t (a Int32, s String, CONSTRAINT positive CHECK a >= 0) ENGINE = MergeTree "
        "PARTITION BY intDiv(a, if(a < 200, 1, 1000000)) ORDER BY a"
    )
    settings = {"max_partitions_per_insert_block": 0, **options}
    assert code_of(lambda: client.execute("INSERT INTO t VALUES", rows, settings=settings)) == code
    assert connect().execute("SELECT count() FROM t") == [(0,)]


def test_too_many_parts_refuses_the_insert(client: Client) -> None:
    """Code 252, which a sink retries."""
    client.execute("CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a SETTINGS parts_to_throw_insert = 2")
    client.execute("SYSTEM STOP MERGES t")
    client.execute("INSERT INTO t VALUES", [(1,)])
    client.execute("INSERT INTO t VALUES", [(2,)])
    assert code_of(lambda: client.execute("INSERT INTO t VALUES", [(3,)])) == 252
    assert client.execute("SELECT count() FROM t") == [(2,)]


def test_an_insert_into_nothing_raises_before_any_row_is_sent(client: Client) -> None:
    """No such table, no such column."""
    assert code_of(lambda: client.execute("INSERT INTO nope VALUES", [(1,)])) == 60
    client.execute("CREATE TABLE t (a Int8) ENGINE = Memory")
    assert code_of(lambda: client.execute("INSERT INTO t (b) VALUES", [(1,)])) == 47


def test_an_insert_of_no_rows_is_no_error(client: Client) -> None:
    """There is no block, so no statement runs."""
    client.execute("CREATE TABLE t (a Int8) ENGINE = Memory")
    assert client.execute("INSERT INTO t VALUES", []) == 0
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_columns_not_sent_get_their_defaults(client: Client) -> None:
    """Materialized ones are not asked for; order and names are the insert's."""
    client.execute("CREATE TABLE t (a Int8, b Int8 DEFAULT 7, c Int8 MATERIALIZED a + 1, d String) ENGINE = Memory")
    client.execute("INSERT INTO t (d, a) VALUES", [("x", 1)])
    client.execute("INSERT INTO t VALUES", [(2, 3, "y")])
    client.execute("INSERT INTO t (a) VALUES (4), (5)")
    rows = client.execute("SELECT a, b, c, d FROM t ORDER BY a")
    assert rows == [(1, 7, 2, "x"), (2, 3, 3, "y"), (4, 7, 5, ""), (5, 7, 6, "")]


def test_a_token_makes_a_repeated_insert_do_nothing(connect: Connect) -> None:
    """Over three partitions and ten blocks: one insert is one statement. Another token stores the same rows again."""
    client = connect(settings={"insert_block_size": 100, "max_insert_block_size": 100})
    client.execute(
        "CREATE TABLE t (a Int32, s String) ENGINE = MergeTree PARTITION BY a % 3 ORDER BY a "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    rows = [(n, str(n)) for n in range(1000)]

    def insert(token: str, sent: list[tuple[int, str]]) -> int:
        client.execute("INSERT INTO t VALUES", sent, settings={"insert_deduplication_token": token, "async_insert": 0})
        return int(client.execute("SELECT count() FROM t")[0][0])

    assert insert("one", rows) == 1000
    assert insert("one", rows) == 1000
    assert insert("one", rows) == 1000
    assert insert("two", [(n + 1000, text) for n, text in rows]) == 2000
    assert insert("three", rows) == 3000
    assert client.execute("SELECT uniqExact(a), max(a) FROM t") == [(2000, 1999)]


def test_deduplication_can_be_switched_off_by_the_insert(client: Client) -> None:
    """So the setting of the query reaches the engine, and only for that query.

    `insert_deduplicate` = 0 alone does nothing in engine 26.9: `deduplicate_insert` has taken its place.
    """
    client.execute(
        "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    token = {"insert_deduplication_token": "x"}
    for options in ({}, {}, {"deduplicate_insert": "disable"}, {}):
        client.execute("INSERT INTO t VALUES", [(1,)], settings={**token, **options})
    assert client.execute("SELECT count() FROM t") == [(2,)]


def test_settings_hold_for_one_query_over_what_the_session_set(client: Client) -> None:
    """A query's settings end with it; what SET has set stays."""
    read = "SELECT getSetting('max_block_size')"
    default = client.execute(read)
    assert client.execute(read, settings={"max_block_size": 100}) == [(100,)]
    assert client.execute(read, settings={"max_block_size": 200}) == [(200,)]
    assert client.execute(read) == default
    client.execute("SET max_block_size = 300")
    assert client.execute(read, settings={"max_block_size": 100}) == [(100,)]
    assert client.execute(read) == [(300,)]
    client.execute("SET max_block_size = 400", settings={"max_block_size": 100})
    assert client.execute(read) == [(400,)]


def test_text_in_settings_is_only_text(client: Client) -> None:
    """Quotes and backslashes do not end the value."""
    odd = "a'b\\c; -- \n\"`"
    read = "SELECT getSetting('log_comment')"
    assert client.execute(read, settings={"log_comment": odd}) == [(odd,)]


def test_an_unknown_setting_is_refused_where_the_client_says_it_matters(connect: Connect) -> None:
    """As in the engine's server: 115 with the flag `important`, else it is left out."""
    settings = {"no_such_setting": 1, "max_block_size": 77}
    read = "SELECT getSetting('max_block_size')"
    assert connect().execute(read, settings=settings) == [(77,)]
    strict = connect(settings_is_important=True)
    assert code_of(lambda: strict.execute(read, settings=settings)) == 115
    assert code_of(lambda: strict.execute(read, settings={"max_block_size": "many"})) == 27
    assert code_of(lambda: strict.execute(read, settings={"max_threads = 1; x": "1"})) == 48
    assert strict.execute("SELECT 1") == [(1,)]


def test_a_big_result_is_sent_as_it_is_made(client: Client, server_pid: int) -> None:
    """Ten times the rows take hardly more memory: the server keeps a few blocks of them."""

    def read(rows: int) -> int:
        chunks = client.execute_iter(f"SELECT repeat('x', 300) FROM numbers({rows})", chunk_size=10_000)
        assert sum(len(chunk) for chunk in chunks) == rows
        return resident_peak(server_pid)

    few = read(200_000)
    assert read(2_000_000) - few < 300 << 20


def resident_peak(pid: int) -> int:
    """The highest resident size of a process so far, bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def test_commands_that_give_rows_give_them(client: Client) -> None:
    """SHOW, DESCRIBE, EXISTS, EXPLAIN."""
    client.execute("CREATE TABLE t (a Int8) ENGINE = Memory")
    assert client.execute("SHOW TABLES") == [("t",)]
    assert client.execute("SHOW TABLES LIKE 'x'") == []
    assert client.execute("EXISTS t FORMAT JSON") == [(1,)]
    assert client.execute("DESCRIBE t")[0][:2] == ("a", "Int8")
    assert client.execute("EXPLAIN SYNTAX SELECT 1")
    assert client.execute("WITH 2 AS x SELECT x -- the end") == [(2,)]


def test_sessions_keep_their_own_database_and_temporary_tables(connect: Connect) -> None:
    """What one client does to its session does not show in another."""
    one, two = connect(), connect()
    one.execute("CREATE TEMPORARY TABLE mine (a Int8)")
    one.execute("INSERT INTO mine VALUES", [(5,)])
    assert one.execute("SELECT * FROM mine") == [(5,)]
    assert code_of(lambda: two.execute("SELECT * FROM mine")) == 60
    one.execute("USE system")
    assert one.execute("SELECT currentDatabase()") == [("system",)]
    assert two.execute("SELECT currentDatabase()") != [("system",)]


def test_a_folder_that_another_process_holds_is_refused(address: StoreAddress, store_path: Path) -> None:
    """The engine locks its folder; nothing in it is touched."""
    with pytest.raises(StoreError, match="another process has this store open"):
        Engine(store_path / "data")


def test_a_folder_name_the_engine_would_misread_is_refused(tmp_path: Path) -> None:
    """Behind a question mark it looks for options."""
    with pytest.raises(StoreError, match="question mark"):
        Engine(tmp_path / "a?b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Code: 236. DB::Exception: The server is shutting down due to a fatal error. (ABORTED)", DeadEngineError),
        ("Code: 236. DB::Exception: Cancelled merging parts. (ABORTED)", EngineError),
        ("Streaming query failed: Code: 47. DB::Exception: x", EngineError),
        ("no code at all", EngineError),
    ],
)
def test_a_dead_engine_is_told_from_a_refusal(text: str, kind: type[Exception]) -> None:
    """After the first the process must end; after the second it goes on."""
    assert type(_engine_error(text)) is kind


def test_settings_for_rows_do_not_touch_what_is_described(client: Client) -> None:
    """The server asks the engine for columns in the client's session; a limit meant for rows is not for these."""
    client.execute("CREATE TABLE t (a Int8, b Tuple(x Int8, y String), c String) ENGINE = Memory")
    settings = {"limit": 1, "max_result_rows": 1, "describe_include_subcolumns": 1}
    client.execute("INSERT INTO t VALUES", [(1, (2, "y"), "z")], settings=settings)
    rows, columns = client.execute("SELECT * FROM t", settings=settings, with_column_types=True)
    assert rows == [(1, (2, "y"), "z")]
    assert columns == [("a", "Int8"), ("b", "Tuple(x Int8, y String)"), ("c", "String")]


def test_values_of_refused_rows_are_not_logged(client: Client, store_path: Path) -> None:
    """The engine's words quote them to the client; the server's log is for everybody."""
    client.execute("CREATE TABLE t (s String, CONSTRAINT c CHECK s = '') ENGINE = Memory")
    with pytest.raises(ServerException):
        client.execute("INSERT INTO t VALUES", [("personal@example.org",)])
    with pytest.raises(ServerException):
        client.execute("SELECT toInt8('personal@example.org')")
    assert "personal" not in (store_path / LOG_FILE).read_text()


@pytest.mark.parametrize(
    ("show", "names", "rows"),
    [
        ("SHOW TABLES", ["name"], []),
        ("SHOW TABLES FROM system LIKE 'one'", ["name"], [("one",)]),
        ("EXISTS TABLE system.one", ["result"], [(1,)]),
        ("SHOW TABLES FROM system LIKE 'one' FORMAT CSV", ["name"], [("one",)]),
    ],
)
def test_a_show_has_its_columns_names(client: Client, show: str, names: list[str], rows: list[object]) -> None:
    """Also where it has no rows."""
    given, columns = client.execute(show, with_column_types=True)

    assert [name for name, _ in columns] == names
    assert given == rows


def test_scalar_subqueries_run_once(client: Client) -> None:
    """To be described a query is not run."""
    calls = "SELECT value FROM system.events WHERE event = 'SleepFunctionCalls'"
    client.execute("SELECT sleep(0.001)")
    before = client.execute(calls)[0][0]
    client.execute("SELECT (SELECT sleep(0.001)), toDateTime(0, 'UTC')")

    assert client.execute(calls)[0][0] == before + 1


def test_a_query_that_can_be_no_view_is_described(client: Client) -> None:
    """Two columns of one name."""
    rows, columns = client.execute("SELECT 1 AS a, 1 AS a WHERE 0", with_column_types=True)

    assert (rows, columns) == ([], [("a", "UInt8"), ("a", "UInt8")])
