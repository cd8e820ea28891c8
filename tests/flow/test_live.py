"""The production path on Apache Kafka: real workers that join, leave and die while a client sends."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from aiokafka.structs import ConsumerRecord
from clickhouse_driver import Client

from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.queries import raw_holes
from tests.flow.conftest import installing, islands, sessions
from tests.flow.live import ENRICHED, GAP_MS, RAW, Installation, all_rows, leave
from tests.flow.live_client import CANARY, LiveClient
from tests.flow.live_truth import await_rest, expected_events, expected_outcomes, expected_sessions, kind_of
from tests.flow.live_witness import Witness, live_traffic, read_all
from tests.kafka.apache import ApacheKafka
from tests.kafka.waiting import wait_until
from tests.kafka.workers import kill

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
RAW_ADDRESS = re.compile(rb"198\.51\.100\.(?!0\b)\d+")


class Lived(NamedTuple):
    """An installation after its day, and what its witness saw."""

    installation: Installation
    witness: Witness
    raw: list[ConsumerRecord]


@pytest.fixture(scope="module")
def lived(broker: ApacheKafka, store: StoreAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Traffic while workers join, leave, and are killed, and the broker too; then it stops, and all comes to rest."""
    with installing(broker, store, tmp_path_factory) as install:
        installation = install()
        installation.set_up()
        with live_traffic(installation, 5) as (client, witness):
            live_a_day(installation, broker, client)
            raw = read_all(broker.bootstrap, {installation.raw: RAW})
            await_rest(installation, raw)
            witness.end()
        yield Lived(installation, witness, raw)


def live_a_day(installation: Installation, broker: ApacheKafka, client: LiveClient) -> None:
    """Both roles: one worker, a second joins, the first leaves, the second is killed and started again."""
    roles = ("enrich", "sessions")
    first = [installation.start_ready(role) for role in roles]
    client.start()
    wait_until(lambda: client.sent > 300, 30, "traffic")
    second = [installation.start_ready(role) for role in roles]
    client.send_more(350)
    assert [leave(worker) for worker in first] == [0, 0]
    for number, role in enumerate(roles):
        client.send_more(350)
        kill(second[number])
        second[number] = installation.start_ready(role)
    client.send_more(350)
    client.pause()
    broker.kill()
    broker.restart()
    client.go_on()
    client.send_more(350)
    client.end()
    assert [worker.poll() for worker in second] == [None, None], installation.log_texts()[-3000:]


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
            f" FROM {lived.installation.database}.sessions_v"
        )
    )

    assert {record.partition for record in lived.raw} == {0, 1}
    assert found == expected_sessions(lived.raw)
    assert client.execute(f"SELECT countIf(is_final = 0) FROM {lived.installation.database}.sessions_v") == [(0,)]


def test_invariant_1_each_raw_record_is_accounted_for_once(lived: Lived, client: Client) -> None:
    """No hole in the ledger; late, dead and duplicate as the client meant; nothing came after its session closed."""
    database, topic = lived.installation.database, f"{lived.installation.raw}@1"
    for partition in range(RAW):
        last = max((record.offset for record in lived.raw if record.partition == partition), default=-1)
        assert raw_holes(client, database, topic, partition, 0, last) == []
    found = Counter(
        {(o, r): n for o, r, n in client.execute(f"SELECT outcome, reason, sum(n) FROM {database}.ledger GROUP BY ALL")}
    )

    print(dict(found))
    assert found == expected_outcomes(lived.raw)
    assert client.execute(f"SELECT count(), uniqExact(event_id) FROM {database}.events_v") == [
        (expected_events(lived.raw),) * 2
    ]


def test_invariant_3_sessions_equal_gaps_and_islands(lived: Lived, client: Client) -> None:
    """A fold of events_v in SQL finds the same sessions."""
    database = lived.installation.database
    assert sessions(client, database) == islands(client, GAP_MS, database=database)


def test_dead_letters_hold_the_original(lived: Lived) -> None:
    """Topic dead, of one partition: bytes, headers, coordinates and reason of each record that was of no use."""
    dead = read_all(lived.installation.brokers, {lived.installation.dead: 1})
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
        assert dict(headers)["dead_topic"] == f"{lived.installation.raw}@1".encode()


def test_invariant_4_nothing_personal_leaves_the_restricted_zone(lived: Lived, client: Client) -> None:
    """Not one raw id, mail address or IP in enriched, in the changelog, in a table, or in a worker's log."""
    installation = lived.installation
    records = read_all(installation.brokers, {installation.enriched: ENRICHED, installation.changelog: ENRICHED})
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
