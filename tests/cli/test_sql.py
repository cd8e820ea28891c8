"""`thalweg sql` against a store, through the command."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.cli.main import main
from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import open_store
from streams.warehouse.migrate import migrate

SECONDS = 60
PROGRAM = [sys.executable, "-m", "streams.cli"]


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


Sql = Callable[..., Done]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A migrated store whose server runs."""
    folder = tmp_path_factory.mktemp("sql") / "store"
    with open_store(folder) as address:
        settings = ClickHouseSettings(host=address.host, port=address.port, user=address.user, database="thalweg")
        client = make_client(settings, address.password)
        migrate(client, "thalweg")
        client.execute("CREATE DATABASE bare")
        client.disconnect()
        yield folder


@pytest.fixture
def sql(store: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Sql]:
    """Runs `thalweg sql --store … ` in this process."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, store: Path | str = store) -> Done:
        monkeypatch.setattr(sys, "argv", ["thalweg", "sql", "--store", str(store), *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capfdbinary.readouterr()
        return Done(int(left.value.code or 0), out.decode(), err.decode())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("statement", "out"),
    [
        ("SHOW TABLES LIKE 'sessions%'", "name\nsessions\nsessions_v\n"),
        ("SHOW TABLES FROM bare", "name\n"),
        ("EXISTS TABLE sessions", "result\n1\n"),
        ("EXPLAIN SYNTAX SELECT 1", "explain\nSELECT 1\\nFROM system.one\n"),
        ("SELECT 1 AS n WHERE 0", "n\n"),
        ("SELECT 1 AS `a\tb`, '[red]x[/red]' AS m, ':smile: /a:b:' AS s, 'a\tb\nc' AS t, now() > toDateTime(0) AS u",
         "a\\tb\tm\ts\tt\tu\n1\t[red]x[/red]\t:smile: /a:b:\ta\\tb\\nc\t1\n"),
        ("SET max_threads = 1", ""),
    ],
)  # fmt: skip
def test_a_program_reads_lines_with_names(sql: Sql, statement: str, out: str) -> None:
    """Where stdout is no terminal: TSV with names, values whole and as ClickHouse escapes them, never a box."""
    assert sql(statement) == (0, out, "")


def test_describe_tells_columns(sql: Sql) -> None:
    """A line each."""
    done = sql("DESCRIBE rules")

    assert done.code == 0
    assert [line.split("\t")[:2] for line in done.out.splitlines()] == [
        ["name", "type"],
        ["hash", "String"],
        ["text", "String"],
    ]


def test_bytes_pass_as_they_are(store: Path) -> None:
    """Text that is no UTF-8, and a value longer than any line of a terminal."""
    command = [*PROGRAM, "sql", "--store", str(store), "SELECT unhex('FF') AS b, repeat('x', 300) AS x"]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)

    assert done.stdout == b"b\tx\n\xff\t" + b"x" * 300 + b"\n"


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["SELECT 1 AS a -- c", "--format", "JSONEachRow"], '{"a":1}\n'),
        (["-- c\nSELECT 1 AS a", "--format", "CSV"], "1\n"),
        (["/* c */ SELECT 1 AS a", "--format", "CSVWithNames"], '"a"\n1\n'),
        (["# c\nFROM system.one SELECT 'x' AS a;", "--format", "JSONEachRow"], '{"a":"x"}\n'),
        (["(SELECT 1 AS a) UNION ALL (SELECT 1)", "--format", "CSV"], "1\n1\n"),
        (["SELECT 1 AS a FORMAT JSONEachRow"], '{"a":1}\n'),
        (["SELECT 1 AS a FORMAT CSVWithNames SETTINGS max_threads = 1", "--format", "TSV"], '"a"\n1\n'),
        (["SHOW TABLES LIKE 'rules'", "--format", "JSONEachRow"], '{"name":"rules"}\n'),
        (["SHOW TABLES LIKE 'rules' FORMAT CSVWithNames"], '"name"\n"rules"\n'),
        (["EXPLAIN SYNTAX SELECT '\\'', '\\\\'", "--format", "JSONEachRow"],
         r"""{"explain":"SELECT\n    '\\'',\n    '\\\\'\nFROM system.one"}""" + "\n"),
        (["EXISTS sessions", "--format", "JSONCompactEachRow"], "[1]\n"),
        (["SELECT toDateTime64(0, 3, 'UTC') AS t, map('a', [1.5]) AS m", "--format", "JSONEachRow"],
         '{"t":"1970-01-01 00:00:00.000","m":{"a":[1.5]}}\n'),
        (["SELECT number FROM numbers(1200) ORDER BY number DESC", "--format", "TSV"],
         "".join(f"{n}\n" for n in reversed(range(1200)))),
        (["SELECT 1 AS a, 1 AS a", "--format", "CSVWithNames"], '"a","a"\n1,1\n'),
    ],
)  # fmt: skip
def test_a_format_holds_for_every_statement_with_rows(sql: Sql, arguments: list[str], out: str) -> None:
    """Whatever it begins with; FORMAT in the statement comes before the option, as in clickhouse-client."""
    assert sql(*arguments) == (0, out, "")


def test_a_show_of_many_rows_is_formatted_whole(sql: Sql) -> None:
    """They go back to the engine in several statements."""
    names = sql("SELECT name FROM system.functions ORDER BY name", "--format", "TSV").out.splitlines()
    shown = sql("SHOW FUNCTIONS", "--format", "TSV")

    assert len(names) > 1000
    assert sorted(line.split("\t")[0] for line in shown.out.splitlines()) == sorted(names)


@pytest.mark.parametrize("arguments", [["SELECT 1", "--format", "Pretty"], ["SELECT 1 FORMAT Nope"]])
def test_an_unknown_format_is_refused_in_words(sql: Sql, arguments: list[str]) -> None:
    """With those there are."""
    done = sql(*arguments)

    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"thalweg: format '(Pretty|Nope)' is not one .*\n  mend: take JSONEachRow, .*\n", done.err)


@pytest.mark.parametrize("options", [[], ["--format", "JSONEachRow"]])
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT FROM WHERE", "62 (SYNTAX_ERROR): Syntax error: failed at position 18"),
        ("selec", "62 (SYNTAX_ERROR): Syntax error: failed at position 1 "),
        ("SELECT * FROM nope", "60 (UNKNOWN_TABLE): "),
        ("SHOW TABLES FROM nope", "81 (UNKNOWN_DATABASE): "),
        ("SELECT throwIf(1)", "395 (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO): "),
        ("SELECT 1; SELECT 2", "62 (SYNTAX_ERROR): "),
        ("SELECT count() FROM system.one GROUP BY dummy WITH TOTALS", "48 (NOT_IMPLEMENTED): "),
    ],
)
def test_an_error_is_one_line_about_the_users_statement(
    sql: Sql, statement: str, words: str, options: list[str]
) -> None:
    """Code, name and words, positions in what the user wrote; exit code 3."""
    done = sql(statement, *options)

    assert done.code == 3
    assert done.err.startswith(f"thalweg: ClickHouse code {words}")
    assert done.err.count("\n") == 1
    assert "Expected one of" not in done.err
    assert "formatRow" not in done.err


def test_an_insert_without_rows_is_refused(sql: Sql) -> None:
    """It would wait for ever."""
    done = sql("INSERT INTO rules VALUES")

    assert done.code == 3
    assert "has no rows" in done.err


def test_what_changes_the_store_prints_nothing(sql: Sql) -> None:
    """And is done once."""
    for statement in (
        "CREATE TABLE bare.t (n UInt8) ENGINE = MergeTree ORDER BY n",
        "INSERT INTO bare.t VALUES (1)",
        "WITH 2 AS n INSERT INTO bare.t SELECT n",
    ):
        assert sql(statement) == (0, "", "")
    assert sql("SELECT n FROM bare.t ORDER BY n", "--format", "TSV").out == "1\n2\n"
    assert sql("DROP TABLE bare.t SYNC").code == 0


def test_a_folder_that_is_no_store_is_refused_and_not_made(sql: Sql, tmp_path: Path) -> None:
    """A typo in the name, a folder of something else, a file."""
    (tmp_path / "other" / "data").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    for name, words in (("typo", "no store at"), ("other", "no store at"), ("file", "is a file")):
        done = sql("SELECT 1", store=tmp_path / name)
        assert (done.code, done.out) == (3, "")
        assert words in done.err
        assert str(tmp_path / name) in done.err
        assert "mend: name the store's folder" in done.err
    assert f"thalweg run … --store {tmp_path / 'typo'}" in sql("SELECT 1", store=tmp_path / "typo").err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["data", "file", "other"]


def test_a_reader_that_leaves_ends_it(store: Path) -> None:
    """As `| head -1` does: no traceback."""
    statement = "SELECT number FROM system.numbers"
    with subprocess.Popen(
        [*PROGRAM, "sql", "--store", str(store), statement], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"number\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(SECONDS) == 0


def test_a_terminal_shows_a_table_with_values_as_they_are(store: Path) -> None:
    """No markup, no emoji, nothing the terminal obeys, nothing cut."""
    statement = "SELECT '[red]x[/red] :smile:' AS m, char(27) || '[2J' AS esc, range(100, 160) AS long"

    shown = on_terminal([*PROGRAM, "sql", "--store", str(store), statement])

    assert "┃" in shown
    assert "[red]x[/red]" in shown
    assert ":smile:" in shown
    assert "\\x1b[2J" in shown
    assert all(str(number) in shown for number in range(100, 160))
    assert "…" not in shown


def on_terminal(command: list[str]) -> str:
    """What a command writes on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as running:
        os.close(theirs)
        written = b"".join(iter(lambda: read(ours), b""))
        assert running.wait(SECONDS) == 0
    os.close(ours)
    return written.decode()


def read(fd: int) -> bytes:
    """A piece, or nothing when the other end is closed."""
    try:
        return os.read(fd, 1 << 16)
    except OSError:
        return b""
