"""The production path on Apache Kafka: real workers that join, leave and die while a client sends."""

import itertools
import json
import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from aiokafka.structs import ConsumerRecord
from clickhouse_driver import Client

from streams.warehouse.embedded.store import StoreAddress, open_store
from streams.warehouse.queries import raw_holes
from tests.flow.conftest import islands, sessions
from tests.flow.live import ENRICHED, GAP_MS, RAW, Installation, all_rows, leave
from tests.flow.live_client import CANARY, LiveClient
from tests.flow.live_witness import Witness, read_all
from tests.kafka.apache import ApacheKafka, libs
from tests.kafka.waiting import wait_until
from tests.kafka.workers import kill

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
RAW_ADDRESS = re.compile(rb"198\.51\.100\.(?!0\b)\d+")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """An Apache Kafka of our own: it is killed."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    broker = ApacheKafka(tmp_path_factory.mktemp("apache") / "kafka").start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """The server of a store that outlives all workers."""
    with open_store(tmp_path_factory.mktemp("store") / "store") as address:
        yield address


class Lived(NamedTuple):
    """An installation after its day, and what its witness saw."""

    installation: Installation
    witness: Witness
    raw: list[ConsumerRecord]


@pytest.fixture(scope="module")
def lived(broker: ApacheKafka, store: StoreAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Traffic while workers join, leave, and are killed, and the broker too; then it stops, and all comes to rest."""
    installation = Installation(tmp_path_factory.mktemp("live"), broker.bootstrap, store)
    installation.make_topics()
    migrated = installation.command("migrate")
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    client, witness = LiveClient(broker.bootstrap, 5), Witness(installation)
    try:
        witness.start()
        live_a_day(installation, broker, client)
        raw = read_all(broker.bootstrap, {"raw": RAW})
        wait_for_rest(installation, raw)
        witness.end()
        yield Lived(installation, witness, raw)
    finally:
        for thread in (client, witness):
            if thread.is_alive():
                thread.end()
        installation.close()


def live_a_day(installation: Installation, broker: ApacheKafka, client: LiveClient) -> None:
    """Both roles: one worker, a second joins, the first leaves, the second is killed and started again."""
    roles = ("enrich", "sessions")
    first = [started(installation, role) for role in roles]
    client.start()
    wait_until(lambda: client.sent > 300, 30, "traffic")
    second = [started(installation, role) for role in roles]
    send_more(client)
    assert [leave(worker) for worker in first] == [0, 0]
    for number, role in enumerate(roles):
        send_more(client)
        kill(second[number])
        second[number] = started(installation, role)
    send_more(client)
    client.pause()
    broker.kill()
    broker.restart()
    client.go_on()
    send_more(client)
    client.end()
    assert [worker.poll() for worker in second] == [None, None], installation.log_texts()[-3000:]


def started(installation: Installation, role: str) -> subprocess.Popen[bytes]:
    """A worker that has taken part."""
    worker = installation.start(role)
    installation.await_ready(role)
    return worker


def send_more(client: LiveClient) -> None:
    """Two or three seconds of traffic."""
    before = client.sent
    wait_until(lambda: client.sent > before + 350, 40, "more traffic")


def wait_for_rest(installation: Installation, raw: list[ConsumerRecord]) -> None:
    """Until all raw records have outcomes and no session that ended is still open."""
    with_client = installation.client()
    expected = sum(expected_sessions(raw).values())
    began = time.monotonic()

    def rested() -> bool:
        ((stored,),) = with_client.execute("SELECT count() FROM thalweg.outcomes FINAL")
        ((closed,),) = with_client.execute("SELECT count() FROM thalweg.sessions_v WHERE is_final = 1")
        return bool(stored >= len(raw) and closed >= expected)

    wait_until(rested, 60, f"outcomes of {len(raw)} records and {expected} sessions")
    print(f"{len(raw)} raw records, {expected} sessions, at rest after {time.monotonic() - began:.1f} s")
    with_client.disconnect()


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


@pytest.fixture
def client(lived: Lived) -> Iterator[Client]:
    """A client of the store, after the day."""
    client = lived.installation.client()
    yield client
    client.disconnect()


def test_sessions_close_by_the_clock_when_traffic_stops(lived: Lived, client: Client) -> None:
    """Without end records, one raw partition silent: all sessions are final, and they are those of the raw topic."""
    found = Counter(
        client.execute(
            "SELECT toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp), total_events"
            " FROM thalweg.sessions_v"
        )
    )

    assert {record.partition for record in lived.raw} == {0, 1}
    assert found == expected_sessions(lived.raw)
    assert client.execute("SELECT countIf(is_final = 0) FROM thalweg.sessions_v") == [(0,)]


def test_invariant_1_each_raw_record_is_accounted_for_once(lived: Lived, client: Client) -> None:
    """No hole in the ledger; late, dead and duplicate as the client meant; nothing came after its session closed."""
    for partition in range(RAW):
        last = max((record.offset for record in lived.raw if record.partition == partition), default=-1)
        assert raw_holes(client, "thalweg", "raw@1", partition, 0, last) == []
    found = Counter(
        {(o, r): n for o, r, n in client.execute("SELECT outcome, reason, sum(n) FROM thalweg.ledger GROUP BY ALL")}
    )
    ids = {json.loads(record.value)["messageId"] for record in lived.raw if kind_of(record) == "time"}
    kinds = Counter(kind_of(record) for record in lived.raw)
    expected = Counter({("dead", kind[5:]): n for kind, n in kinds.items() if kind.startswith("dead:")})
    expected += Counter({("accepted", ""): len(ids), ("late", "lateness"): kinds["late"]})
    expected["duplicate", "copy"] = kinds["time"] - len(ids)

    print(dict(found))
    assert found == expected
    assert client.execute("SELECT count(), uniqExact(event_id) FROM thalweg.events_v") == [
        (len(ids) + kinds["late"],) * 2
    ]


def test_invariant_3_sessions_equal_gaps_and_islands(lived: Lived, client: Client) -> None:
    """A fold of events_v in SQL finds the same sessions."""
    assert sessions(client) == islands(client, GAP_MS)


def test_dead_letters_hold_the_original(lived: Lived) -> None:
    """Topic dead, of one partition: bytes, headers, coordinates and reason of each record that was of no use."""
    dead = read_all(lived.installation.brokers, {"dead": 1})
    letters = {
        (int(told["dead_partition"]), int(told["dead_offset"])): (letter.value, told["dead_reason"], letter.headers)
        for letter in dead
        for told in [dict(letter.headers)]
    }
    originals = {(record.partition, record.offset): record for record in lived.raw if kind_of(record)[:4] == "dead"}

    print(f"{len(originals)} dead, {len(dead)} letters")
    assert letters.keys() == originals.keys()
    for at, (value, reason, headers) in letters.items():
        original = originals[at]
        assert value == original.value
        assert f"dead:{reason.decode()}" == kind_of(original)
        assert tuple(headers[: len(original.headers)]) == tuple(original.headers)
        assert dict(headers)["dead_topic"] == b"raw@1"


def test_invariant_4_nothing_personal_leaves_the_restricted_zone(lived: Lived, client: Client) -> None:
    """Not one raw id, mail address or IP in enriched, in the changelog, in a table, or in a worker's log."""
    installation = lived.installation
    records = read_all(installation.brokers, {"enriched": ENRICHED, installation.changelog: ENRICHED})
    texts = [b"".join([r.key or b"", r.value or b"", *(v for _, v in r.headers)]) for r in records]
    rows = all_rows(client, installation.database)
    texts += [row.encode() for table in rows.values() for row in table]
    texts.append(installation.log_texts())

    assert sum(CANARY.encode() in each.value and b'"198.51.100.' in each.value for each in lived.raw) > 1000
    assert b"198.51.100.0" in b"".join(texts)
    assert min(len(rows[table]) for table in ("events", "sessions", "outcomes", "rules")) > 0
    assert [text[:200] for text in texts if CANARY.encode() in text] == []
    assert [text[:200] for text in texts if RAW_ADDRESS.search(text)] == []


def test_invariant_5_no_offset_is_committed_before_its_effects(lived: Lived) -> None:
    """Looked at again and again through joins, leaves and kills: enriched, tables and changelog were never behind."""
    print(f"compared: {lived.witness.looks}")
    assert lived.witness.looks["enrich"] > 50
    assert lived.witness.looks["sessions"] > 20
    assert lived.witness.ahead == []
