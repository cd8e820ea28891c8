"""A replay of days whose key is forgotten, through the whole run: refused, with a reason; nothing of it is anywhere."""

import json
from pathlib import Path

from streams.scan.canaries import make_canary_finder
from streams.scan.scanner import Scanner
from streams.scan.tables import scan_tables
from tests.flow.conftest import reading, run_files, thalweg

RULES = """
version: 1
rules:
  - {name: who, action: pseudonymize, fields: [visitor_id, user_id], key: visitors, rotation: daily}
"""
DAYS = ("2026-05-20", "2026-05-21", "2026-05-22")
WHO = ("visitor-one", "visitor-two")
_EVENTS = "SELECT toDate(derived_tstamp), visitor_id, user_id, event_id FROM thalweg.events_v ORDER BY ALL"
_OUTCOMES = (
    "SELECT outcome, reason, count() FROM thalweg.outcomes FINAL WHERE reason != 'control' GROUP BY ALL ORDER BY ALL"
)


def write_events(file: Path) -> None:
    """Two visitors on each of three days, without ids of the events' own."""
    file.write_text(
        "\n".join(
            json.dumps({
                "type": "track", "event": "e", "anonymousId": who, "userId": who, "timestamp": f"{day}T12:00:00Z",
                "receivedAt": f"{day}T12:00:00Z",
            })
            for day in DAYS
            for who in WHO
        )
    )  # fmt: skip


def test_a_replay_of_a_forgotten_day_is_refused(tmp_path: Path) -> None:
    """What is stored of it stays as it was; the replay adds no row, no pseudonym, no letter, and says why; the other
    days' rows are the same again."""
    store, events, config = tmp_path / "store", tmp_path / "events.jsonl", tmp_path / "thalweg.yaml"
    write_events(events)
    (tmp_path / "rules.yaml").write_text(RULES)
    config.write_text(f"rules: {tmp_path / 'rules.yaml'}\n")

    first = run_files([events], "segment", store, "--config", str(config))
    with reading(store) as client:
        before = client.execute(_EVENTS)
    forgot = thalweg("rules", "keys", "forget", "visitors", "--day", DAYS[1], "--yes", "--store", str(store))
    again = run_files([events], "segment", store, "--config", str(config))
    with reading(store) as client:
        after, outcomes = client.execute(_EVENTS), client.execute(_OUTCOMES)
        scanner = Scanner({}, b"k" * 32, make_canary_finder(list(WHO)))
        scan_tables(client, "thalweg", scanner)

    assert forgot.returncode == 0, forgot.stderr
    assert len({cell for row in before for cell in row[1:]}) == 3 * len(before) == 18
    assert after == before
    assert (first["dead"], again["dead"], again["dropped"]) == (0, 0, 2)
    assert [row for row in outcomes if row[0] == "dropped"] == [("dropped", "key_forgotten", 2)]
    assert scanner.finds == []
