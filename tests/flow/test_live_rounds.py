"""Sessions workers on Apache Kafka that are killed, join, leave and freeze while events flow: the tables are those of
a control run, in which undisturbed workers read the same raw topic at full speed once the traffic has ended.

``THALWEG_TEST_ROUNDS`` is how many times a worker is killed (default 4, with one zombie); ``THALWEG_TEST_ROUNDS_SEED``
chooses the moments.
"""

import os
import random
import statistics
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from aiokafka.structs import ConsumerRecord
from clickhouse_driver import Client

from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.queries import raw_holes
from tests.flow.conftest import installing, islands, sessions
from tests.flow.final_rows import TABLES, differences
from tests.flow.live import GAP_MS, RAW, Installation
from tests.flow.live_client import LiveClient
from tests.flow.live_fleet import Fleet
from tests.flow.live_truth import await_rest, expected_outcomes, expected_sessions
from tests.flow.live_witness import Witness, live_traffic, read_all
from tests.kafka.apache import ApacheKafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
KILLS = int(os.environ.get("THALWEG_TEST_ROUNDS", "4"))
SEED = int(os.environ.get("THALWEG_TEST_ROUNDS_SEED", "1"))


class Survived(NamedTuple):
    """Two installations over one raw topic, the second undisturbed; who watched the first, and who lived it."""

    disturbed: Installation
    control: Installation
    witness: Witness
    fleet: Fleet
    raw: list[ConsumerRecord]


@pytest.fixture(scope="module")
def survived(broker: ApacheKafka, store: StoreAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survived]:
    """Rounds while a client sends, then rest; then the control run."""
    with installing(broker, store, tmp_path_factory) as install:
        disturbed = install()
        disturbed.set_up()
        fleet = Fleet(disturbed, random.Random(SEED))
        with closing(fleet), live_traffic(disturbed, SEED) as (client, witness):
            run_rounds(disturbed, fleet, client)
            raw = read_all(broker.bootstrap, {disturbed.raw: RAW})
            await_rest(disturbed, raw, fleet.tend)
            witness.end()
        control = install(raw=disturbed.raw)
        control.set_up()
        for role in ("enrich", "sessions"):
            control.start(role)
        await_rest(control, raw)
        yield Survived(disturbed, control, witness, fleet, raw)


def run_rounds(installation: Installation, fleet: Fleet, client: LiveClient) -> None:
    """What happens to the fleet, in random order, at random moments; traffic goes on all the time."""
    chance = random.Random(SEED)
    installation.start_ready("enrich")
    fleet.join()
    client.start()
    client.send_more(100)
    fleet.recover()
    for act in plan(chance):
        client.send_more(chance.randrange(20, 300))
        match act:
            case "kill":
                fleet.kill_one(patiently=chance.random() < 0.75)
            case "join":
                fleet.join()
            case "leave":
                fleet.leave_one()
            case "freeze":
                fleet.freeze_one()
            case "freeze before insert":
                fleet.freeze_at("sessions.before_insert")
            case "freeze after insert":
                fleet.freeze_at("sessions.after_insert")
    fleet.recover()
    client.send_more(100)
    client.end()


def plan(chance: random.Random) -> list[str]:
    """A second and a third worker join, and later leave, once for each ten kills; between these all else."""
    between = ["kill"] * KILLS + ["freeze before insert"] * (KILLS // 10 or 1)
    between += ["freeze", "freeze after insert"] * (KILLS // 10)
    chance.shuffle(between)
    tens = KILLS // 10 or 1
    acts: list[str] = []
    for number in range(tens):
        part = between[number::tens]
        third = len(part) // 3
        acts += [*part[:third], "join", "join", *part[third : 2 * third], "leave", "leave", *part[2 * third :]]
    return acts


@pytest.fixture
def client(survived: Survived) -> Iterator[Client]:
    """A client of the store, after all."""
    client = survived.disturbed.client()
    yield client
    client.disconnect()


def test_invariant_2_the_tables_are_those_of_an_undisturbed_run(survived: Survived, client: Client) -> None:
    """Events, sessions, outcomes, visitors: every row, in every column but version. Live and replay are equal too."""
    one, other = survived.disturbed.database, survived.control.database

    tell(survived, client)
    assert differences(client, one, other) == {}


def test_the_sessions_are_those_of_the_raw_topic(survived: Survived, client: Client) -> None:
    """Told from the raw records alone, and from events_v in SQL."""
    database = survived.disturbed.database
    found = Counter(
        client.execute(
            "SELECT toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp), total_events"
            f" FROM {database}.sessions_v"
        )
    )

    assert found == expected_sessions(survived.raw)
    assert sessions(client, database) == islands(client, GAP_MS, database=database)


def test_invariant_1_every_raw_record_has_one_outcome(survived: Survived, client: Client) -> None:
    """Lost 0: no hole in the offsets; each outcome as the client meant it, and none because a session had closed."""
    database, topic = survived.disturbed.database, f"{survived.disturbed.raw}@1"
    sizes = Counter(record.partition for record in survived.raw)
    holes = [raw_holes(client, database, topic, partition, 0, sizes[partition] - 1) for partition in range(RAW)]
    rows = client.execute(f"SELECT outcome, reason, sum(n) FROM {database}.ledger GROUP BY ALL")

    assert holes == [[]] * RAW
    assert Counter({(outcome, reason): n for outcome, reason, n in rows}) == expected_outcomes(survived.raw)


def test_invariant_5_no_offset_was_committed_before_its_effects(survived: Survived) -> None:
    """Looked at again and again, through everything."""
    print(f"compared: {survived.witness.looks}")
    assert survived.witness.looks["sessions"] > 20
    assert survived.witness.ahead == []


def test_a_zombie_is_refused_by_the_changelog(survived: Survived) -> None:
    """Woken after its partitions had moved, it could not write its state, said so, and ended."""
    assert survived.fleet.refused
    for worker in survived.fleet.refused:
        log = survived.disturbed.log_of(worker).read_text()
        assert f"send to {survived.disturbed.changelog}" in log, log[-3000:]


def tell(survived: Survived, client: Client) -> None:
    """What one wants to know of a round."""
    database, times = survived.disturbed.database, sorted(survived.fleet.recoveries)
    beaten = {}
    for table in TABLES:
        ((rows, final),) = client.execute(
            f"SELECT count(), (SELECT count() FROM {database}.{table} FINAL) FROM {database}.{table}"
        )
        beaten[table] = rows - final
    print(
        f"seed {SEED}: {KILLS} kills, {len(survived.fleet.refused)} zombies, {len(survived.raw)} records;"
        f" recovery p50 {statistics.median(times):.1f} s, max {times[-1]:.1f} s;"
        f" ended by themselves: {survived.fleet.exits}; rows beaten and not merged yet: {beaten}"
    )
