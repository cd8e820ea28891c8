"""What must come of the raw topic, told from its records alone, without any code of ours."""

import itertools
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable

from aiokafka.structs import ConsumerRecord

from tests.flow.live import GAP_MS, Installation
from tests.kafka.waiting import wait_until


def expected_sessions(raw: list[ConsumerRecord]) -> Counter[tuple[int, int, int]]:
    """(start, end, events) of every session, told from the raw topic alone, without any code of ours."""
    times: dict[str, dict[str, int]] = defaultdict(dict)
    for record in raw:
        if kind_of(record) == "time":
            message = json.loads(record.value)
            happened, copies = record.timestamp - message["age"], times[message["anonymousId"]]
            copies[message["messageId"]] = min(happened, copies.get(message["messageId"], happened))
    found: Counter[tuple[int, int, int]] = Counter()
    for events in times.values():
        row: list[int] = []
        for before, now in itertools.pairwise([*sorted(events.values()), 1 << 60]):
            row.append(before)
            if now - before > GAP_MS:
                found[row[0], row[-1], len(row)] += 1
                row = []
    return found


def kind_of(record: ConsumerRecord) -> str:
    """What the client said must become of it."""
    return str(dict(record.headers)["kind"].decode())


def expected_events(raw: list[ConsumerRecord]) -> int:
    """How many events are stored: one per id on time, and the late ones."""
    return sum(n for (outcome, _), n in expected_outcomes(raw).items() if outcome in ("accepted", "late"))


def expected_outcomes(raw: list[ConsumerRecord]) -> Counter[tuple[str, str]]:
    """(outcome, reason) → records."""
    ids = {json.loads(record.value)["messageId"] for record in raw if kind_of(record) == "time"}
    kinds = Counter(kind_of(record) for record in raw)
    expected = Counter({("dead", kind[5:]): n for kind, n in kinds.items() if kind.startswith("dead:")})
    expected += Counter({("accepted", ""): len(ids), ("late", "lateness"): kinds["late"]})
    expected["duplicate", "copy"] = kinds["time"] - len(ids)
    return expected


def await_rest(
    installation: Installation, raw: list[ConsumerRecord], tend: Callable[[], object] = list, seconds: float = 120
) -> None:
    """Until all raw records have outcomes and no session that ended is still open; ``tend`` is called meanwhile."""
    client, database = installation.client(), installation.database
    expected = expected_sessions(raw).total()
    began = time.monotonic()

    def rested() -> bool:
        tend()
        ((stored,),) = client.execute(f"SELECT count() FROM {database}.outcomes FINAL")
        ((closed, open_),) = client.execute(
            f"SELECT countIf(is_final = 1), countIf(is_final = 0) FROM {database}.sessions_v"
        )
        return bool(stored >= len(raw) and closed >= expected and not open_)

    wait_until(rested, seconds, f"outcomes of {len(raw)} records and {expected} sessions")
    print(f"{database}: {len(raw)} records, {expected} sessions, at rest after {time.monotonic() - began:.1f} s")
    client.disconnect()
