import pytest

from streams.warehouse.embedded.statements import (
    Command,
    Insert,
    Select,
    Show,
    StatementError,
    format_of,
    read_statement,
)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "-- a note\n /* x; */ select 1",
        "WITH 1 AS x SELECT x",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT ';', 'it''s', 'a\\'; b', `;` FROM t",
        "SELECT format FROM t",
        "SELECT a AS format, b FROM t",
        "SELECT f(format JSON) FROM t",
    ],
)
def test_a_query_for_rows_is_a_select_with_its_text_kept(text: str) -> None:
    """Comments, strings and names do not mislead."""
    assert read_statement(text) == Select(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("SELECT 1 FORMAT JSON", "SELECT 1 "),
        ("SELECT 1 format TabSeparated ;", "SELECT 1 "),
        ("SELECT 1 FORMAT Null SETTINGS max_threads = 1", "SELECT 1  SETTINGS max_threads = 1"),
        ("SELECT 1;;", "SELECT 1"),
    ],
)
def test_format_and_semicolon_are_the_clients_business(text: str, kept: str) -> None:
    """As in the engine's own server: over the native protocol rows always travel as blocks."""
    assert read_statement(text) == Select(kept)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a) VALUES (1), (2)",
        'INSERT INTO t FORMAT JSONEachRow {"a": 1}',
        "INSERT INTO t SETTINGS async_insert = 0 SELECT 1",
        "INSERT INTO FUNCTION null('a Int8') VALUES",
        "INSERT INTO t WITH 1 AS x SELECT x",
        "WITH 1 AS x INSERT INTO t SELECT x",
    ],
)
def test_what_brings_all_it_needs_is_a_command(text: str) -> None:
    """No block is awaited from the client: waiting for one would hang both."""
    assert read_statement(text) == Command(text)


@pytest.mark.parametrize(
    ("text", "insert"),
    [
        ("INSERT INTO t VALUES", Insert("t", "", "")),
        ("insert into table d.t (a, `b c`) values ;", Insert("d.t", "a, `b c`", "")),
        ("INSERT INTO `d`.`t` (* EXCEPT(a)) FORMAT Native", Insert("`d`.`t`", "* EXCEPT(a)", "")),
        ("INSERT INTO values VALUES", Insert("values", "", "")),
        ("INSERT INTO t (a) SETTINGS x = 'VALUES', y = 2 VALUES", Insert("t", "a", "SETTINGS x = 'VALUES', y = 2")),
        ("/* n */ INSERT t -- end\n VALUES", Insert("t", "", "")),
    ],
)
def test_an_insert_without_rows_takes_them_from_the_client(text: str, insert: Insert) -> None:
    """Table, columns and settings are kept as written."""
    assert read_statement(text) == insert


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 62),
        (" -- nothing", 62),
        ("SELECT 1; SELECT 2", 62),
        ("SELECT 1 INTO OUTFILE 'x'", 48),
        ("SELECT a, count() FROM t GROUP BY a WITH TOTALS", 48),
    ],
)
def test_what_is_not_carried_is_refused_with_a_code(text: str, code: int) -> None:
    """With the engine's own code where it has one."""
    with pytest.raises(StatementError) as refused:
        read_statement(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "kept"),
    [("SHOW TABLES", "SHOW TABLES"), ("/* c */ explain SELECT 1 FORMAT CSV;", "/* c */ explain SELECT 1 ")],
)
def test_a_question_that_nothing_describes_is_a_show(text: str, kept: str) -> None:
    """It only reads, so it may be asked twice."""
    assert read_statement(text) == Show(kept)


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("SELECT 1", None),
        ("SELECT 1 FORMAT JSONEachRow;", "JSONEachRow"),
        ("-- FORMAT CSV\nSELECT 1 format tsv SETTINGS max_threads = 1 -- c", "tsv"),
        ("SHOW TABLES FORMAT CSV", "CSV"),
        ("SELECT 1 AS format", None),
        ("INSERT INTO t FORMAT CSV", None),
        ("WITH 1 AS x INSERT INTO t SELECT x FORMAT CSV", None),
        ("", None),
    ],
)
def test_the_format_asked_for_is_known(text: str, format_: str | None) -> None:
    """Of rows that come back; the format of an INSERT is that of its data."""
    assert format_of(text) == format_
