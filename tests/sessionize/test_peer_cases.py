"""Session window cases restated from nine peers' tests: those that share our boundary rule, or do not touch it."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.records import INFINITY
from streams.sessionize.options import SessionOptions

from .conftest import Raw, Shop, final, marker, uuid

SHARED = Path(os.environ.get("THALWEG_SHARED") or Path(__file__).parents[3] / "shared")
CASES_FILE = SHARED / "conformance" / "sessions" / "peer_cases.json"
pytestmark = pytest.mark.skipif(not CASES_FILE.exists(), reason="needs ../shared/conformance (not in the repository)")


def batch_cases() -> list[dict[str, Any]]:
    """The cases, or none where the file is absent."""
    if not CASES_FILE.exists():
        return []
    cases: list[dict[str, Any]] = json.loads(CASES_FILE.read_text())
    return [case for case in cases if case["mode"] == "batch" and case["boundary"] in ("any", "gap_eq_same")]


@pytest.mark.parametrize("case", batch_cases(), ids=lambda case: case["id"])
def test_peer_case(case: dict[str, Any]) -> None:
    """A batch that ends gives the peer's sessions: key, first, last, count."""
    scale = 1 if case["unit"] == "ms" else 1000
    longest = 10**9 * scale
    shop = Shop(SessionOptions(int(case["gap"] * scale), longest, longest, 0, 10), disorder_ms=longest)
    raw = Raw()
    events = [raw.event(int(event["ts"] * scale), visitor=event["key"]) for event in case["events"]]
    effects = shop.send(*events, marker({0: INFINITY}))

    got = Counter((s.visitor_id, s.start_tstamp, s.end_tstamp, s.total_events) for s in final(effects))
    assert got == Counter(
        (uuid(e["key"]), int(e["first"] * scale), int(e["last"] * scale), e["count"]) for e in case["expect"]
    )


def test_all_cases_are_there() -> None:
    """27 cases, so that an emptied file does not pass."""
    assert len(batch_cases()) == 27
