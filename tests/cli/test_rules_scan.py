import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target

WHEN = datetime(2026, 5, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with an e-mail address in a title, a host that is an address, and a canary in a worker's log."""
    folder = tmp_path_factory.mktemp("scan") / "store"
    with open_target(str(folder), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        migrate(client, "thalweg")
        columns = "event_id, app_id, derived_tstamp, page_title, page_urlhost"
        rows = [(UUID(int=1), "a", WHEN, "Hello alice@example.com", "203.0.113.9"), (UUID(int=2), "a", WHEN, "Hi", "x")]
        client.execute(f"INSERT INTO thalweg.events ({columns}) VALUES", rows)
        client.disconnect()
        (folder / "run").mkdir()
        (folder / "run" / "enrich.log").write_text("started\nsaw Kanarie-7 once\n")
        yield folder


def scan(*words: str) -> Result:
    """`thalweg rules scan …`."""
    return CliRunner().invoke(app, ["rules", "scan", *words], env={"COLUMNS": "200"})


def test_finds_are_told_by_column_and_file_and_end_in_1(store: Path, tmp_path: Path) -> None:
    """As a table and as JSON, never with a value."""
    canaries = tmp_path / "canaries"
    canaries.write_text("kanarie-7\n")
    words = ("--store", str(store), "--canaries", str(canaries))
    shown, told = scan(*words), scan(*words, "--json")

    assert (shown.exit_code, told.exit_code) == (1, 1)
    report = json.loads(told.output)
    assert [(find["place"], find["kind"], find["count"]) for find in report["finds"]] == [
        ("enrich.log", "canary", 1), ("events.page_title", "email", 1), ("events.page_urlhost", "ip", 1),
    ]  # fmt: skip
    assert report["searched"]["enrich.log"] == 2
    assert report["searched"]["events.page_title"] == 2
    assert report["searched"]["events.event_id"] == 2
    assert not [word for word in ("alice", "203.0", "anarie") for done in (shown, told) if word in done.output.lower()]


def test_the_same_secret_gives_the_same_sample(store: Path) -> None:
    """So that two scans can be compared."""
    first, second = (json.loads(scan("--store", str(store), "--json").output)["finds"] for _ in range(2))

    assert first == second


def test_what_is_known_and_fine_can_be_excepted(store: Path) -> None:
    """Each by place and kind; then the exit code is 0."""
    known = ("--except", "events.page_urlhost:ip", "--except", "events.page_title:email")

    assert scan("--store", str(store), *known[:2]).exit_code == 1
    assert scan("--store", str(store), *known).exit_code == 0
    assert "no PLACE:KIND" in str(scan("--store", str(store), "--except", "page_title").exception)


def test_a_file_is_searched_alone(tmp_path: Path) -> None:
    """A report, a folder of logs; encoded values too."""
    (tmp_path / "report.html").write_text("<p>mail alice%40example.com</p>")

    assert scan("--file", str(tmp_path)).exit_code == 1
    assert "percent" in scan("--file", str(tmp_path / "report.html")).output
    assert scan("--file", str(tmp_path / "none")).exit_code != 0


def test_small_groups_are_shown(store: Path) -> None:
    """Exit code 1 while there are any."""
    words = ("--store", str(store), "--columns", "page_urlhost", "--json")
    small, told = scan(*words, "--k", "5"), scan("--store", str(store), "--columns", "app_id", "--k", "2")

    assert small.exit_code == 1
    assert json.loads(small.output)["groups_below_k"] == 2
    assert told.exit_code == 0
    assert "0 of 1 groups have fewer than 2 people" in told.output


@pytest.mark.parametrize("words", [(), ("--k", "5"), ("--k", "5", "--columns", "app_id"), ("--columns", "app_id")])
def test_a_question_without_its_parts_is_refused(words: tuple[str, ...]) -> None:
    """Exit code 2, with the mend."""
    done = scan(*words)

    assert done.exit_code != 0
    assert "as:" in str(done.exception) or "give --store" in str(done.exception)
