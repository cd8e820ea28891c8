"""A system that lives: real workers on an embedded broker, events released bit by bit, rebuilds beside, and a reader
that looks at the sessions all the while.
"""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest
from clickhouse_driver import Client

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.kafka.state import changelog_topic
from streams.keys import Keys
from streams.load import LoadRecord
from streams.load.records import sorted_records
from streams.records import INFINITY
from streams.run.children import Child
from streams.run.environment import bounded_settings, worker_environment
from streams.run.loading import load
from streams.settings import load_settings
from streams.simulate import write_demo
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target
from tests.kafka.waiting import wait_until

from .conftest import Tables

pytestmark = pytest.mark.slow
EVENTS, PORTIONS, PARTITIONS = 4_000, 24, 2
SECRET = b"a secret of the live test, 32 characters or more"
OFTEN = {"THALWEG_FLUSH__INTERVAL": "0.1", "THALWEG_FLUSH__ROWS": "100", "THALWEG_SESSIONS__UPDATE_INTERVAL": "0"}
"""Many small batches, and every change of an open session written at once."""
OVERLAPS = """
SELECT count(), countIf(is_final = 0), countIf(next > 0 AND end >= next)
FROM
(
    SELECT is_final, toUnixTimestamp64Milli(end_tstamp) AS end,
           leadInFrame(toUnixTimestamp64Milli(start_tstamp)) OVER
               (PARTITION BY app_id, visitor_id ORDER BY start_tstamp ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
    FROM thalweg.sessions_v
)
"""


class Watcher(threading.Thread):
    """Asks every 0.2 s for rows of one visitor that overlap."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="watcher")
        self._client, self._ended = client, threading.Event()
        self.looks: list[tuple[int, int, int]] = []
        """(rows, open ones, overlapping ones)."""

    def run(self) -> None:
        """Until the end."""
        while not self._ended.wait(0.2):
            self.looks += self._client.execute(OVERLAPS)

    def await_look(self) -> None:
        """Return when what is there now was looked at."""
        seen = len(self.looks) + 1  # the one that is under way may be older
        wait_until(lambda: len(self.looks) > seen, 60, "the watcher looks")

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()
        self._client.disconnect()


class Live:
    """Broker, store, one worker of each kind; ``release`` puts the next events on the raw topic."""

    def __init__(self, stack: ExitStack, folder: Path, records: Iterator[LoadRecord]) -> None:
        self._records = records
        target = stack.enter_context(open_target(str(folder / "store"), load_settings(None)))
        self.target: Target = target
        self.client = self.connect()
        stack.callback(self.client.disconnect)
        migrate(self.client, "thalweg")
        broker = stack.enter_context(EmbeddedBroker(folder / "broker.log").start())
        self.settings = bounded_settings(load_settings(None), broker.bootstrap, 1, 1, target)
        kafka = self.settings.kafka
        topics = [kafka.raw_topic, kafka.enriched_topic, kafka.dead_topic, changelog_topic(self.settings)]
        asyncio.run(create_topics(plain(kafka.brokers), {name: (PARTITIONS, {}) for name in topics}))
        self.env = {**worker_environment(self.settings, target, SECRET, None, folder), **OFTEN}
        for role in ("enrich", "sessions"):
            command = [sys.executable, "-m", "streams.cli", "worker", role]
            (folder / role).mkdir()
            env = {**self.env, "THALWEG_DATA_DIR": str(folder / role)}
            child = Child(role, command, env, folder / f"{role}.log")
            stack.callback(child.stop, 20)
            child.start()
        self.sent = 0

    def connect(self) -> Client:
        """A new client of the store."""
        return make_client(self.target.clickhouse, self.target.password)

    def release(self, events: int, *, end: bool = False) -> None:
        """The next events in order of arrival; returns when the tables hold them."""

        async def send() -> Sequence[int]:
            async with BatchProducer(self.settings) as producer:
                topic = self.settings.kafka.raw_topic
                return await load(islice(self._records, events), producer, topic, PARTITIONS, lambda _: None, end=end)

        self.sent += sum(asyncio.run(send()))
        query = "SELECT count() FROM thalweg.outcomes FINAL"
        wait_until(lambda: self.client.execute(query)[0][0] >= self.sent, 120, f"{self.sent} outcomes")

    def rebuild(self) -> None:
        """As an operator would, beside the workers."""
        where = self.target.clickhouse
        url = f"clickhouse://{where.user}@{where.host}:{where.port}/thalweg"
        command = [sys.executable, "-m", "streams.cli", "rebuild", "--pending", "--store", url]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr


def test_at_any_moment_no_two_sessions_of_a_visitor_overlap(tmp_path: Path) -> None:
    """While sessions open, join, move and close, and rebuilds adopt late events; in the end all is folded once.

    The events lie within one month: an insert that crosses a month is the one moment when rows may overlap.
    """
    lines = write_demo(tmp_path / "demo", EVENTS, 5)
    with ExitStack() as stack:
        records = sorted_records([lines], "segment", Keys(SECRET), "", tmp_path)
        live = Live(stack, tmp_path, records)
        watcher = Watcher(live.connect())
        stack.callback(watcher.end)
        watcher.start()
        for portion in range(1, PORTIONS):
            live.release(EVENTS // PORTIONS)
            watcher.await_look()
            if portion % 12 == 0:
                live.rebuild()
        adopted = late_ones(live.client)
        live.release(EVENTS, end=True)
        ended = f"SELECT countIf(watermark = {INFINITY}) FROM thalweg.progress FINAL"
        wait_until(lambda: live.client.execute(ended) == [(PARTITIONS,)], 60, "all sessions closed")
        live.rebuild()
        tables = Tables(live.client, "thalweg")
        told = tables.sessions(), tables.islands(), tables.visitors(), tables.stitched()
        months = live.client.execute("SELECT uniqExact(toYYYYMM(derived_tstamp)) FROM thalweg.events")

    print(f"{len(watcher.looks)} looks, {len(set(watcher.looks))} unlike, adopted so far {adopted[1]} of {adopted[0]}")
    assert months == [(1,)]
    assert len(set(watcher.looks)) >= PORTIONS // 2  # at least one look after each portion, however fast the machine
    assert sum(opened for _, opened, _ in watcher.looks) > 100
    assert [look for look in watcher.looks if look[2]] == []
    assert 0 < adopted[1] <= adopted[0]
    assert (told[0], told[2]) == (told[1], told[3])


def late_ones(client: Client) -> tuple[int, int]:
    """How many events came late, and how many of them are late no more."""
    query = "SELECT sum(outcome = 'late') FROM thalweg.outcomes FINAL"
    ((came,),) = client.execute(query)
    ((wait,),) = client.execute("SELECT count() FROM thalweg.events FINAL WHERE is_late = 1")
    return int(came), int(came) - int(wait)
