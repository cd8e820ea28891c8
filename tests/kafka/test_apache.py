"""Batch delivery on Apache Kafka: joins, kills, signals, back-pressure, broker loss. Lost is 0; duplicates are told."""

import asyncio
import json
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.admin import RAW_CONFIG, create_topics
from streams.kafka.security import plain
from tests.kafka.apache import ApacheKafka
from tests.kafka.waiting import wait_until
from tests.kafka.workers import Bench, KafkaValues, kill, stop

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
MakeBench = Callable[..., Bench]
READY = "Worker ready"
FED, FEED_SECONDS = 200, 0.1
"""Values a partition, and how often: near what a worker gets through."""


@pytest.fixture
def make_bench(apache_kafka: KafkaValues, tmp_path: Path) -> Iterator[MakeBench]:
    """Makes Benches, and ends their workers after the test."""
    made: list[Bench] = []

    def make(partitions: int = 4, *, with_state: bool = False, **kafka: float) -> Bench:
        made.append(Bench({**apache_kafka, **kafka}, tmp_path, partitions, with_state=with_state))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


def tell(what: str, counts: Counter[str]) -> int:
    """Print how many values came more than once."""
    duplicates = sum(counts.values()) - len(counts)
    print(f"{what}: {len(counts)} values, lost 0, duplicates {duplicates}")
    return duplicates


@contextmanager
def feeding(bench: Bench, partitions: int) -> Iterator[list[str]]:
    """Values come to each partition all the while, however long it takes; those that have come."""
    values: list[str] = []
    enough = threading.Event()

    def feed() -> None:
        for first in count(0, FED):
            if enough.wait(FEED_SECONDS):
                break
            for partition in range(partitions):
                values.extend(bench.feed(partition, first, FED))

    with ThreadPoolExecutor(1) as thread:
        feeder = thread.submit(feed)
        try:
            yield values
        finally:
            enough.set()
        feeder.result()


def test_three_workers_join_and_leave_without_loss_or_duplicate(make_bench: MakeBench) -> None:
    """Every join and every leave commits what is done before partitions move."""
    bench = make_bench(partitions=6, with_state=True)
    workers, done = [], []
    with feeding(bench, 6) as values:
        for number in range(3):
            workers.append(bench.worker(delay=0.1, limits=(200, 40_000, 0.1)))
            wait_until(lambda n=number: READY in bench.log(n), 120, f"worker {number} is ready")  # type: ignore[misc]
            done.append(len(set(bench.done())))
        assert stop(workers[0]) == 0
        assert stop(workers[1]) == 0
    assert done == sorted(set(done)), "the group changed while there was work"
    assert tell("join and leave", bench.await_all(values, 180)) == 0
    assert stop(workers[2]) == 0
    assert [bench.committed(partition) for partition in range(6)] == [len(values) // 6] * 6


def test_kill_9_loses_nothing_and_the_state_counts_each_value_once(make_bench: MakeBench) -> None:
    """Killed five times at random moments; the state is exact because it skips what it has applied."""
    bench = make_bench(partitions=2, with_state=True)
    values = bench.feed(0, 0, 5000) + bench.feed(1, 0, 5000)
    chance = random.Random(7)
    for number in range(5):
        worker = bench.worker(delay=0.05, limits=(200, 1 << 20, 0.05))
        wait_until(lambda n=number: READY in bench.log(n), 40, f"worker {number} is ready")  # type: ignore[misc]
        have = len(bench.done())
        more = chance.randrange(200, 800)
        wait_until(lambda h=have, m=more: len(bench.done()) >= h + m, 30, "some work is done")  # type: ignore[misc]
        kill(worker)
    bench.worker(limits=(200, 1 << 20, 0.05), state_report=str(bench.folder / "state.json"))
    tell("5 kill -9", bench.await_all(values, 60))
    exact = {f"k{i}": 50 for i in range(100)}
    wait_until(lambda: bench.state_report() == {"0": exact, "1": exact}, 20, "the state counts each value once")


def test_sigterm_in_the_middle_of_work_waits_for_it_and_commits(make_bench: MakeBench) -> None:
    """The batch that is being worked on ends, is acknowledged and committed before the worker leaves."""
    bench = make_bench(partitions=1)
    values = bench.feed(0, 0, 300)
    worker = bench.worker(delay=3.0, limits=(1000, 1 << 20, 0.0), started=True)
    wait_until((bench.folder / "out.started").exists, 40, "work has begun")
    assert stop(worker) == 0
    assert tell("SIGTERM", Counter(bench.done())) == 0
    assert sorted(bench.done()) == sorted(values)
    assert bench.committed(0) == 300


@pytest.mark.parametrize(("blocking", "seconds", "max_poll"), [(False, 90.0, 20.0), (True, 15.0, 5.0)])
def test_work_longer_than_the_poll_interval_makes_no_zombie(
    make_bench: MakeBench, blocking: bool, seconds: float, max_poll: float
) -> None:
    """Work that lasts several poll intervals (stock: a zombie for ever): the next values still come, each once."""
    bench = make_bench(partitions=1, rebalance_timeout=60.0)
    values = bench.feed(0, 0, 100)
    bench.worker(delay=seconds, blocking=blocking, limits=(50, 1 << 20, 0.0), max_poll=max_poll, delay_once=True)
    wait_until(lambda: READY in bench.log(0), 40, "the worker is ready")
    values += bench.feed(0, 100, 5000)
    assert tell(f"back-pressure of {seconds} s, blocking={blocking}", bench.await_all(values, seconds + 50)) == 0


def test_a_killed_broker_comes_back_and_nothing_is_lost(make_bench: MakeBench, apache: ApacheKafka) -> None:
    """Both workers of a settled group live through the broker's death and go on.

    In the midst of a rebalance one may find its partition taken when the broker is back: it is refused, and ends.
    """
    bench = make_bench(partitions=2, with_state=True)
    values = bench.feed(0, 0, 6000) + bench.feed(1, 0, 6000)
    workers = [bench.worker(delay=0.3, limits=(200, 1 << 20, 0.05)) for _ in range(2)]
    wait_until(lambda: all("Worker ready" in bench.log(each) for each in range(2)), 60, "both take part")
    wait_until(lambda: len(bench.done()) >= 2000, 60, "some work is done")
    apache.kill()
    apache.restart()
    tell("broker kill -9", bench.await_all(values, 90))
    assert [worker.poll() for worker in workers] == [None, None], "no worker died"


def test_the_table_recovers_by_slices(make_bench: MakeBench) -> None:
    """A new worker reads 200 000 keys before its first slice; the time is told."""
    bench = make_bench(partitions=1, with_state=True)
    bench.feed_state(0, 200_000)
    values = bench.feed(0, 0, 100)
    bench.worker(state_report=str(bench.folder / "state.json"))
    began = time.monotonic()
    bench.await_all(values, 60)
    wait_until(lambda: len(bench.state_report()["0"]) == 200_000, 20, "all keys are there")
    log = bench.log(0)
    print(f"recovery of 200000 keys: {time.monotonic() - began:.1f} s with the worker's start; {recovery_time(log)}")
    assert bench.state_report()["0"]["k0"] == 7 + 1


def test_a_worker_that_lost_its_partition_cannot_write_its_state(make_bench: MakeBench) -> None:
    """Stopped in the middle of its work and woken after the takeover, it is refused, and the state stays exact."""
    bench = make_bench(partitions=1, with_state=True)
    values = bench.feed(0, 0, 300)
    zombie = bench.worker(delay=3.0, limits=(100, 1 << 20, 0.0), started=True)
    wait_until((bench.folder / "out.started").exists, 40, "work has begun")
    zombie.send_signal(signal.SIGSTOP)
    bench.worker(limits=(100, 1 << 20, 0.0), state_report=str(bench.folder / "state.json"))
    bench.await_all(values, 40)
    exact = {"0": {f"k{i}": 3 for i in range(100)}}
    wait_until(lambda: bench.state_report() == exact, 20, "the new owner's state")
    zombie.send_signal(signal.SIGCONT)
    wait_until(lambda: zombie.poll() is not None or "generation 2" in bench.log(0), 40, "the zombie has noticed")
    more = bench.feed(0, 300, 100)
    tell("zombie", bench.await_all(more, 40))
    print(f"zombie: exit {zombie.poll()}, refused: {'SendFailed' in bench.log(0) or 'takes nothing' in bench.log(0)}")
    bench.close()
    bench.worker(limits=(100, 1 << 20, 0.0), state_report=str(bench.folder / "state.json"))
    bench.await_all(bench.feed(0, 400, 100), 40)
    exact = {"0": {f"k{i}": 5 for i in range(100)}}
    wait_until(lambda: bench.state_report() == exact, 20, "what a third worker recovers")


def recovery_time(log: str) -> str:
    """From the log: when reading began and ended."""
    lines = [line for line in log.splitlines() if "Restoring state" in line or "Done reading" in line]
    return " to ".join(line[1:24] for line in lines)


def test_a_second_signal_ends_a_worker_at_once(make_bench: MakeBench) -> None:
    """The first waits for the batch that is being worked on; the second does not, and the batch comes again."""
    bench = make_bench(partitions=1)
    values = bench.feed(0, 0, 300)
    worker = bench.worker(delay=600.0, limits=(1000, 1 << 20, 0.0), started=True)
    wait_until(Path(f"{bench.out}.started").exists, 40, "work has begun")
    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: "Signal received" in bench.log(0), 20, "the first signal is heard")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 128 + signal.SIGTERM
    assert bench.done() == []
    bench.worker()
    assert tell("second signal", bench.await_all(values, 60)) == 0


@pytest.mark.parametrize("blocking", [True, False])
def test_the_watchdog_ends_a_worker_whose_work_does_not_end(make_bench: MakeBench, blocking: bool) -> None:
    """With 70, whether the event loop is blocked or the work waits for ever; without work it is quiet."""
    bench = make_bench(partitions=1)
    worker = bench.worker(delay=600.0, limits=(1000, 1 << 20, 0.0), started=True, blocking=blocking, watchdog=5.0)
    wait_until(lambda: READY in bench.log(0), 40, "the worker is ready")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(8)  # longer than its patience
    values = bench.feed(0, 0, 300)
    assert worker.wait(60) == 70
    assert "nothing was committed" in bench.log(0)
    bench.worker(watchdog=5.0)
    assert tell("watchdog", bench.await_all(values, 60)) == 0


def test_the_watchdog_lets_a_worker_live_whose_log_ends_without_records(make_bench: MakeBench) -> None:
    """Behind the last record stands a transaction's marker, which nobody is handed and nobody commits."""
    bench = make_bench(partitions=1)
    worker = bench.worker(watchdog=5.0)
    wait_until(lambda: READY in bench.log(0), 40, "the worker is ready")
    asyncio.run(write_transaction(bench))
    wait_until(lambda: len(bench.done()) == 1, 40, "its record is worked off")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(12)  # twice its patience
    assert stop(worker) == 0


async def write_transaction(bench: Bench) -> None:
    """One record, and the marker of its end."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.settings.kafka.brokers, transactional_id="writer")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(bench.topic, b"one", partition=0)
    finally:
        await producer.stop()


def test_what_retention_deleted_unread_is_counted_and_told(make_bench: MakeBench, apache: ApacheKafka) -> None:
    """The committed offset lies before the log's start: the loss is named by offsets, and the rest is read."""
    bench = make_bench(partitions=1)
    first = bench.feed(0, 0, 100)
    worker = bench.worker()
    bench.await_all(first, 60)
    assert stop(worker) == 0
    bench.feed(0, 100, 50)
    kept = bench.feed(0, 150, 50)
    apache.command("org.apache.kafka.tools.DeleteRecordsCommand", *deletion(bench, 150))
    worker = bench.worker()
    bench.await_all(kept, 60)
    assert stop(worker) == 0
    assert f"LOST: {bench.topic}[0] offsets 100 to 149 were deleted unread" in bench.log(1)
    assert sorted(set(bench.done())) == sorted(first + kept)


def deletion(bench: Bench, before: int) -> list[str]:
    """What Kafka's tool is told to delete records before an offset."""
    plan = bench.folder / "delete.json"
    partitions = [{"topic": bench.topic, "partition": 0, "offset": before}]
    plan.write_text(json.dumps({"partitions": partitions, "version": 1}))
    return ["--bootstrap-server", bench.settings.kafka.brokers, "--offset-json-file", str(plan)]


def test_a_topic_made_anew_is_refused(make_bench: MakeBench) -> None:
    """Its first records would be taken for old ones: the worker that reads it says so and ends with 70."""
    bench = make_bench(partitions=1)
    worker = bench.worker()
    bench.await_all(bench.feed(0, 0, 100), 60)
    asyncio.run(make_anew(bench))
    bench.feed(0, 0, 10)
    assert worker.wait(90) == 70
    assert "the topic was made anew" in bench.log(0)
    assert len(bench.done()) == 100


async def make_anew(bench: Bench) -> None:
    """Delete the topic and make it again, empty."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.settings.kafka.brokers)
    await admin.start()
    try:
        await admin.delete_topics([bench.topic])
    finally:
        await admin.close()
    await create_topics(plain(bench.settings.kafka.brokers), {bench.topic: (1, RAW_CONFIG)})
