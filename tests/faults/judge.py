"""What a scene has come to: the tables against the raw topic, against an undisturbed run, and all logs for secrets."""

import re
from collections import Counter
from collections.abc import Sequence

from aiokafka.structs import ConsumerRecord
from clickhouse_driver import Client

from tests.faults.scene import Scene
from tests.flow.conftest import islands
from tests.flow.conftest import sessions as closed_sessions
from tests.flow.final_rows import differences
from tests.flow.live import GAP_MS, RAW, SECRET, Installation
from tests.flow.live_client import CANARY, LiveClient
from tests.flow.live_truth import await_rest, expected_events, expected_outcomes, expected_sessions, kind_of
from tests.flow.live_witness import Witness, read_all

RAW_ADDRESS = re.compile(rb"198\.51\.100\.(?!0\b)\d+")
RSS_LIMIT_MIB = 512.0
REST_SECONDS = 600.0


class Judgement:
    """``held`` by invariant, ``lost`` records and rows, ``told`` what is wrong, in words."""

    def __init__(self) -> None:
        self.held: dict[str, bool] = {}
        self.lost = 0
        self.records = 0
        self.told: list[str] = []

    def say(self, invariant: str, wrong: Sequence[str]) -> None:
        """Held, if nothing is wrong."""
        self.held[invariant] = not wrong and self.held.get(invariant, True)
        self.told += [f"{invariant}: {word[:500]}" for word in wrong[:5]]


def judge(scene: Scene, client: LiveClient, witness: Witness) -> Judgement:
    """Ends the traffic, waits for rest, and looks at everything. The control run comes last."""
    verdict = Judgement()
    client.end()
    raw = read_all(scene.at.brokers, {scene.at.raw: RAW})
    await_rest(scene.at, raw, scene.fleet.tend, REST_SECONDS)
    scene.look_closely()
    witness.end()
    verdict.records = len(raw)
    verdict.say("I4", witness.ahead)
    verdict.say("I9", witness.overtaken)
    verdict.say("I8", [f"{witness.rss_mib} MiB"] if witness.rss_mib > RSS_LIMIT_MIB else [])
    _lost(verdict, scene, client, raw)
    _truth(verdict, scene.store, scene.at, raw)
    _letters(verdict, scene.at, raw)
    verdict.say("I10", secrets_in(scene.at.log_texts() + scene.world.logs(), scene.at.store.password))
    scene.at.close()
    _control(verdict, scene, raw)
    return verdict


def _lost(verdict: Judgement, scene: Scene, client: LiveClient, raw: Sequence[ConsumerRecord]) -> None:
    """I1 by set difference: what the client was acknowledged, and what lies on the topic, less what has outcomes."""
    produced = {(partition, offset) for partition, some in client.acknowledged.items() for offset in some}
    produced |= {(record.partition, record.offset) for record in raw}
    stored = set(scene.store.execute(f"SELECT DISTINCT raw_partition, raw_offset FROM {scene.at.database}.outcomes"))
    lost = produced - stored
    verdict.lost += len(lost)
    verdict.say("I1", [f"without outcome: {sorted(lost)[:10]}"] if lost else [])
    verdict.say("I1", scene.missing)
    verdict.say("I2", [f"{scene.twice} events twice under FINAL"] if scene.twice else [])
    verdict.lost += scene.twice


def _truth(verdict: Judgement, store: Client, at: Installation, raw: list[ConsumerRecord]) -> None:
    """Ledger, events and sessions, told from the raw records alone."""
    rows = store.execute(f"SELECT outcome, reason, sum(n) FROM {at.database}.ledger GROUP BY ALL")
    found, expected = Counter({(o, r): n for o, r, n in rows}), expected_outcomes(raw)
    verdict.say("I7", [] if found == expected else [f"ledger {found}, expected {expected}"])
    events = store.execute(f"SELECT count(), uniqExact(event_id) FROM {at.database}.events_v")
    due = expected_events(raw)
    verdict.say("I2", [] if events == [(due, due)] else [f"{events} events, expected {due}"])
    verdict.lost += max(0, due - events[0][1])
    sessions = Counter(
        store.execute(
            "SELECT toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp), total_events"
            f" FROM {at.database}.sessions_v"
        )
    )
    wrong = [] if sessions == (must := expected_sessions(raw)) else [f"{sessions - must} and not {must - sessions}"]
    verdict.say("I3", wrong)
    in_sql = closed_sessions(store, at.database) ^ islands(store, GAP_MS, database=at.database)
    verdict.say("I3", [f"{len(in_sql)} sessions are not those of a query over events_v"] if in_sql else [])


def _letters(verdict: Judgement, at: Installation, raw: Sequence[ConsumerRecord]) -> None:
    """I6: a dead letter for each record that can be no event, and for no other; one again after a crash is the same."""
    found = {
        (int(told["dead_partition"]), int(told["dead_offset"]), told["dead_reason"].decode(), letter.value)
        for letter in read_all(at.brokers, {at.dead: 1})
        for told in [dict(letter.headers)]
    }
    expected = {
        (record.partition, record.offset, kind_of(record)[5:], record.value)
        for record in raw
        if kind_of(record).startswith("dead:")
    }
    verdict.say("I6", [str(each)[:200] for each in found ^ expected])


def secrets_in(text: bytes, password: str) -> list[str]:
    """What must never be written, and is."""
    planted = {"canary": CANARY, "secret": SECRET, "password": password}
    found = [name for name, word in planted.items() if word.encode() in text]
    return found + (["an address"] if RAW_ADDRESS.search(text) else [])


def _control(verdict: Judgement, scene: Scene, raw: list[ConsumerRecord]) -> None:
    """I3: workers that nobody disturbs read the same raw topic from its begin, and make the same rows."""
    control = scene.world.install(raw=scene.at.raw)
    try:
        for role in ("enrich", "sessions"):
            control.start(role)
        await_rest(control, raw, seconds=REST_SECONDS)
        found = differences(scene.store, scene.at.database, control.database)
    finally:
        control.close()
    verdict.say("I3", [row for rows in found.values() for row in rows])
