"""Events that the warehouse refuses: counted dead, their batch mates stored, sessions as if they had never come."""

import json
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

from streams.settings import load_settings
from streams.simulate import write_demo
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target
from tests.flow.conftest import contents, reading, run_files

EVENTS = 1500
POISON = "no table takes this"
LINE = '192.0.2.7 - - [21/May/2026:10:00:{:02} +0000] "GET /{} HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/140.0"\n'


def split(source: Path) -> tuple[Path, Path, int]:
    """The demo's events with every 50th poisoned, the same without those, and how many they are."""
    chosen: set[str] = set()
    poisoned, clean = source.with_name("poisoned.jsonl"), source.with_name("clean.jsonl")
    with poisoned.open("w") as with_poison, clean.open("w") as without:
        for number, line in enumerate(source.read_text(errors="replace").splitlines()):
            message = read(line)
            if number % 80 == 0 and "page" in message.get("context", {}) and "messageId" in message:
                chosen.add(message["messageId"])
                message["context"]["page"]["title"] = message.setdefault("properties", {})["title"] = POISON
                with_poison.write(json.dumps(message) + "\n")
            elif message.get("messageId") not in chosen:  # copies of a poisoned one stay out of both
                with_poison.write(line + "\n")
                without.write(line + "\n")
    return poisoned, clean, len(chosen)


def read(line: str) -> dict[str, Any]:
    """The message; empty for what is none: the demo's traffic has broken lines."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def forbid(store: Path, *statements: str) -> None:
    """A store whose table ``events`` has additions of its owner."""
    with open_target(str(store), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        migrate(client, target.clickhouse.database)
        for statement in statements:
            client.execute(statement)
        client.disconnect()


def counted(client: Client) -> tuple[int, int]:
    """Events given up as unstorable, and duplicates."""
    query = "SELECT sumIf(n, reason = 'unstorable'), sumIf(n, reason = 'copy') FROM thalweg.ledger"
    dead, copies = client.execute(query)[0]
    return int(dead), int(copies)


def test_invariant_1_a_refused_event_is_dead_and_its_mates_are_stored(tmp_path: Path) -> None:
    """A constraint on ``events``: equal to a run over the input without the poison; the ledger names each."""
    poisoned, clean, number = split(write_demo(tmp_path, EVENTS, 5))
    store, control = tmp_path / "store", tmp_path / "control"
    forbid(store, f"ALTER TABLE thalweg.events ADD CONSTRAINT titled CHECK page_title != '{POISON}'")
    run_files([clean], "segment", control)
    (store / "secret").touch(mode=0o600)
    (store / "secret").write_bytes((control / "secret").read_bytes())
    summary = run_files([poisoned], "segment", store)

    assert summary["restarts"] == 0
    with reading(store) as client:
        found = contents(client)
        dead, copies = counted(client)
    with reading(control) as client:
        assert found == contents(client)
        copies -= counted(client)[1]  # a poisoned copy of an event that was stored is no row: nothing refuses it
    assert dead + copies == number
    assert dead > copies


def test_a_table_that_refuses_tombstones_too_stops_nothing(tmp_path: Path) -> None:
    """A constraint that wants a value where a tombstone has none: it has kept the event out, so none is needed."""
    log, store = tmp_path / "access.log", tmp_path / "store"
    log.write_text("".join(LINE.format(number, "poison" if number == 7 else number) for number in range(20)))
    forbid(store, "ALTER TABLE thalweg.events ADD CONSTRAINT full CHECK page_urlpath NOT IN ('', '/poison')")
    summary = run_files([log], "combined", store)

    assert summary["restarts"] == 0
    with reading(store) as client:
        assert counted(client) == (1, 0)
        assert client.execute("SELECT count() FROM thalweg.events_v") == [(19,)]
        assert client.execute("SELECT sum(total_events) FROM thalweg.sessions_v") == [(19,)]


def test_a_view_that_fails_leaves_no_row_of_a_dead_event(tmp_path: Path) -> None:
    """Where a view on ``events`` throws, ClickHouse has stored the row already: a tombstone takes it away."""
    poisoned, _, number = split(write_demo(tmp_path, 300, 6))
    store = tmp_path / "store"
    forbid(
        store,
        "CREATE TABLE thalweg.lengths (length UInt8) ENGINE = MergeTree ORDER BY length",
        "CREATE MATERIALIZED VIEW thalweg.lengths_mv TO thalweg.lengths AS SELECT toUInt8("
        f"if(page_title = '{POISON}', 'none', '1')) AS length FROM thalweg.events",
    )
    run_files([poisoned], "segment", store)

    with reading(store) as client:
        rows = client.execute(f"SELECT count() FROM thalweg.events_v WHERE page_title = '{POISON}'")
        total = client.execute("SELECT sum(n) FROM thalweg.ledger WHERE reason = 'unstorable'")
    assert rows == [(0,)]
    assert total == [(number,)]
