"""Poison through the real run: every line accounted for, good events stored, no worker restarted."""

import base64
import json
from pathlib import Path

from streams.outcome import Reason
from tests.flow.conftest import reading, run_files
from tests.property.poison import CORPUS, body, tp2

GOOD = {"headers": {"format": "snowplow", "collector_tstamp": "1716164880000", "app_id": "good"}}


def test_poison_costs_only_itself(tmp_path: Path) -> None:
    """Each poison once, good records between: their events are rows, the rest is dead, empty or an event."""
    lines: list[bytes] = []
    for format, values in CORPUS.items():
        for number, value in enumerate(each for each in values if len(each) < 900_000):
            good = GOOD | {"value": body(tp2(eid=f"{format}-{number}")).decode()}
            headers = {"format": format, "collector_tstamp": "1716164880000", "app_id": "poison"}
            poison = {"headers": headers, "value_base64": base64.b64encode(value).decode()}
            lines += [json.dumps(good).encode(), json.dumps(poison).encode()]
    goods = len(lines) // 2
    lines += [value for value in CORPUS["records"] if b"\n" not in value]
    file = tmp_path / "poison.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    summary = run_files([file], "records", tmp_path / "store")
    with reading(tmp_path / "store") as client:
        stored = client.execute("SELECT count() FROM thalweg.events_v WHERE app_id = 'good'")
        reasons = dict(
            client.execute("SELECT reason, count() FROM thalweg.outcomes FINAL WHERE outcome = 'dead' GROUP BY reason")
        )
        holes = client.execute(
            "SELECT raw_offset FROM thalweg.outcomes FINAL GROUP BY raw_partition, raw_offset"
            " HAVING count() != any(events)"
        )

    assert stored == [(goods,)]
    assert summary["records"] == len(lines)
    assert (summary["restarts"], holes) == (0, [])
    assert Reason.INTERNAL not in reasons
    assert reasons.keys() >= {
        Reason.SYNTAX,
        Reason.ENCODING,
        Reason.FIELD_TYPE,
        Reason.TOO_LARGE,
        Reason.FORMAT_UNKNOWN,
    }
