"""Real requests of eight trackers through the whole run: which became rows, which dead letters, which duplicates."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.flow.conftest import SHARED, needs_shared, reading, run_files

CAPTURES = SHARED / "data/tracker_captures"
SPEAKING = ("snowplow", "gitlab", "segment", "jitsu", "rudder")
_TOLD = {"user-agent": "user_agent", "content-type": "content_type", "content-encoding": "content_encoding"}


def requests() -> list[dict[str, Any]]:
    """Every captured request, in order."""
    files = [CAPTURES / name for name in ("node_clients.json", "python_clients.json")]
    return [request for file in files for request in json.loads(file.read_text())["requests"]]


def as_line(request: dict[str, Any]) -> str:
    """The raw record a collector would write, as a line of a records file: what the connection knew, no format."""
    sent = {name.lower(): value for name, value in request["headers"]}
    headers = {"path": request["target"], "ip": request["peer"]}
    headers |= {"collector_tstamp": str(int(request["received_at"] * 1000))}
    headers |= {ours: sent[theirs] for theirs, ours in _TOLD.items() if theirs in sent}
    packed = request.get("body_raw_base64")
    return json.dumps({"headers": headers} | ({"value_base64": packed} if packed else {"value": request["body"]}))


def table(rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, Counter[str]]]:
    """(scenario, outcomes) of each request: records are told apart by their collector time and size."""
    by_time: dict[int, Counter[str]] = {}
    for tstamp, outcome, reason in rows:
        by_time.setdefault(tstamp, Counter())[f"{outcome} {reason}".strip()] += 1
    for request in requests():
        yield request["scenario"], by_time[int(request["received_at"] * 1000)]


@needs_shared
def test_every_captured_request_is_accounted_for(tmp_path: Path) -> None:
    """66 Snowplow and GitLab events with 63 ids, 10 Segment ones; the others' requests are dead and say so.

    The copies are three retries after a 503: same event id, for Python's tracker with another ``stm``.
    """
    lines, config = tmp_path / "captures.jsonl", tmp_path / "thalweg.yaml"
    lines.write_text("".join(as_line(request) + "\n" for request in requests()))
    config.write_text("max_age_days: 2000\n")  # two requests tell a true time of 2023
    summary = run_files([lines], "records", tmp_path / "store", "--config", str(config))
    with reading(tmp_path / "store") as client:
        rows = client.execute(
            "SELECT toUnixTimestamp64Milli(arrival_tstamp), outcome, reason FROM thalweg.outcomes FINAL"
            " WHERE reason != 'control'"
        )
        trackers = client.execute(
            "SELECT properties['v_tracker'] != '' AS snowplow, count(), uniqExact(event_id) FROM thalweg.events_v"
            " GROUP BY snowplow ORDER BY snowplow"
        )
        kinds = client.execute("SELECT event, count() FROM thalweg.events_v GROUP BY event ORDER BY event")
        leaks = client.execute(
            "SELECT count() FROM thalweg.events_v WHERE formatRowNoNewline('JSONEachRow', *)"
            " LIKE '%user-42%' OR formatRowNoNewline('JSONEachRow', *) LIKE '%203.0.113.77%'"
        )

    outcomes = Counter(f"{outcome} {reason}".strip() for _, outcome, reason in rows)
    assert outcomes == {"accepted": 71, "late lateness": 2, "duplicate copy": 3, "dead tracker_unknown": 3}
    assert (summary["records"], summary["events"], summary["dead"], summary["duplicates"]) == (56, 73, 3, 3)
    assert trackers == [(0, 10, 10), (1, 63, 63)]
    assert dict(kinds)["page_ping"] == 11
    assert leaks == [(0,)]
    for scenario, found in table(rows):
        print(f"{scenario:45} {dict(found)}")
        is_spoken = any(name in scenario for name in SPEAKING)
        assert ("dead tracker_unknown" in found) is not is_spoken, scenario


def sent_again(request: dict[str, Any]) -> dict[str, Any]:
    """The same events 20 seconds later."""
    payload = json.loads(request["body"])
    for event in payload["data"]:
        event["stm"] = str(int(event["stm"]) + 20_000)
    return request | {"received_at": request["received_at"] + 20, "body": json.dumps(payload)}


@needs_shared
def test_a_queue_sent_again_adds_nothing(tmp_path: Path) -> None:
    """A page's unload re-sends what was in flight, with a new stm, and a server at least once: one row per id."""
    posts = [request for request in requests() if "post-b" in request["scenario"]]
    again = [sent_again(request) for request in posts]
    lines = tmp_path / "captures.jsonl"
    lines.write_text("".join(as_line(request) + "\n" for request in [*posts, *again, *again]))
    summary = run_files([lines], "records", tmp_path / "store")

    events = summary["events"]
    assert events > 20
    assert (summary["duplicates"], summary["dead"]) == (events * 2, 0)
