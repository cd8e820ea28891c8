"""Delivery by slices on the embedded broker, with real worker processes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kafka.waiting import wait_until
from tests.kafka.workers import Bench, KafkaValues, stop

MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(embedded_kafka: KafkaValues, tmp_path: Path) -> Iterator[MakeBench]:
    """Makes one Bench, and ends its workers after the test."""
    made: list[Bench] = []

    def make(*, with_state: bool = False) -> Bench:
        made.append(Bench(embedded_kafka, tmp_path, 2, with_state=with_state))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


def test_everything_comes_once_in_order_and_a_restart_goes_on_where_it_stopped(make_bench: MakeBench) -> None:
    """Two workers one after the other see each value once, each partition in order; the state counts both runs."""
    bench = make_bench(with_state=True)
    first = bench.feed(0, 0, 3000) + bench.feed(1, 0, 3000)
    worker = bench.worker()
    bench.await_all(first, 30)
    assert stop(worker) == 0, bench.log(0)
    assert [bench.committed(0), bench.committed(1)] == [3000, 3000]
    second = bench.feed(0, 3000, 500) + bench.feed(1, 3000, 500)
    worker = bench.worker(state_report=str(bench.folder / "state.json"))
    counts = bench.await_all(second, 30)
    assert stop(worker) == 0, bench.log(1)
    assert set(counts.values()) == {1}
    for partition in (0, 1):
        own = [value for value in bench.done() if value.startswith(f"{partition}-")]
        assert own == [f"{partition}-{number}" for number in range(3500)]
    assert bench.state_report() == {"0": {f"k{i}": 35 for i in range(100)}, "1": {f"k{i}": 35 for i in range(100)}}


def test_work_that_raises_ends_the_process_and_commits_nothing_of_it(make_bench: MakeBench) -> None:
    """The batch that failed is not committed, an earlier one is; the exit code is 70; no content is in the log."""
    bench = make_bench()
    before = bench.feed(0, 0, 100)
    worker = bench.worker(limits=(100, 1 << 20, 0.2), fail_on="0-150")
    bench.await_all(before, 30)
    bench.feed(0, 100, 100)
    assert worker.wait(30) == 70, bench.log(0)
    assert bench.committed(0) == 100
    assert Counter(bench.done()) == Counter(before)
    assert "content 0-100" not in bench.log(0)
    assert bench.log(0).count("offsets 100 to 199 failed: ValueError") == 1


def test_only_acknowledged_heads_are_committed(make_bench: MakeBench) -> None:
    """While the work on a slice runs, nothing of its partition is committed, and after kill -9 it comes again."""
    bench = make_bench()
    values = bench.feed(0, 0, 50)
    worker = bench.worker(delay=60.0, limits=(10, 1 << 20, 0.0))
    wait_until(lambda: "Worker ready" in bench.log(0), 30, "the worker is ready")
    quick = bench.feed(1, 0, 50)
    worker.kill()
    worker.wait()
    assert [bench.committed(0), bench.committed(1)] == [-1, -1]
    worker = bench.worker(limits=(10, 1 << 20, 0.0))
    assert set(bench.await_all(values + quick, 40).values()) == {1}
    assert stop(worker) == 0
    assert [bench.committed(0), bench.committed(1)] == [50, 50]


def test_a_partition_at_its_head_is_heard_once_all_before_is_acknowledged(make_bench: MakeBench) -> None:
    """Not while work runs; afterwards the time is our clock's when a fetch found nothing more, and it goes on."""
    bench = make_bench()
    values = bench.feed(0, 0, 10)
    began = time.time()
    bench.worker(heads=True, delay=2.5, limits=(10, 1 << 20, 0.0), started=True)
    wait_until((bench.folder / "out.started").exists, 30, "work has begun")
    head = bench.folder / "out.head"
    bench.await_all(values, 30)
    wait_until(head.exists, 10, "the head is found")
    first = float(head.read_text())
    assert began < first < time.time()
    wait_until(lambda: float(head.read_text()) > first, 10, "it is found again")


def test_invariant_6_one_faust_event_carries_a_whole_fetched_batch(make_bench: MakeBench) -> None:
    """By Faust's own count 20,000 records come as a few messages, so that its cost per message is no cost per event."""
    bench = make_bench()
    values = bench.feed(0, 0, 10_000) + bench.feed(1, 0, 10_000)
    bench.worker(limits=(5_000, 1 << 20, 0.0), faust_events=True)
    bench.await_all(values, 30)
    counted = bench.folder / "out.events"
    wait_until(lambda: counted.exists() and int(counted.read_text()) > 0, 10, "Faust has counted")
    assert int(counted.read_text()) <= len(values) / 500
