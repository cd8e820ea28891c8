"""One installation under traffic while a fault is at work: who acts in it, and what can be told of it meanwhile."""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from streams.doctor.ledger import account_of_topic, check_ledger
from tests.faults.fleet import Fleet
from tests.faults.world import World
from tests.flow.live import CONFIG, RAW, Installation
from tests.flow.live_client import EVENTS_PER_SECOND, LiveClient
from tests.flow.live_witness import Witness, end_offsets
from tests.kafka.waiting import wait_until

SOON = 240.0
"""Seconds within which the lag must be gone once a fault is over (I5). What it takes is told; this is for machines that
do much else."""
PATIENCE = 600.0
"""Seconds after which what is not there is lost."""
DOCTOR_SECONDS = 60.0
KEYS = {
    "events": ("app_id, visitor_id, derived_tstamp, event_id", "is_deleted = 0"),
    "outcomes": ("raw_topic, raw_partition, raw_offset, raw_index", "1"),
}
"""What is one row under FINAL, of which rows: a marker of deletion is none."""


class Scene:
    """``recoveries``: seconds from the end of a fault until everything that lay on the raw topic then had outcomes."""

    def __init__(self, world: World, installation: Installation, fleet: Fleet, chance: random.Random) -> None:
        self.world, self.at, self.fleet, self.chance = world, installation, fleet, chance
        self.store: Client = installation.client()
        self.recoveries: list[float] = []
        self.missing: list[str] = []
        """What the ledger check named, or what the doctor still waited for, round by round."""
        self.twice = 0
        """Events that were seen twice under FINAL."""
        self.extra = 0
        """The most rows beyond one per key that were seen without FINAL."""
        self.figures: dict[str, float] = {}
        self.round, self.seconds = 0, 0.0
        """Which round it is, from 0, and how long what takes time takes."""
        self._settled = dict.fromkeys(range(RAW), 0)

    def settle(self) -> None:
        """Until all that lies on the raw topic now has outcomes."""
        began = time.monotonic()
        ends = end_offsets(self.at.brokers, self.at.raw, RAW)

        def settled() -> bool:
            self.fleet.tend()
            return all(self._has_outcomes(partition, end) for partition, end in ends.items())

        wait_until(settled, PATIENCE, f"outcomes of {ends}, settled are {self._settled}")
        self.recoveries.append(round(time.monotonic() - began, 2))

    def _has_outcomes(self, partition: int, end: int) -> bool:
        first = self._settled[partition]
        query = (
            f"SELECT uniqExact(raw_offset) FROM {self.at.database}.outcomes WHERE raw_topic = %(topic)s"
            " AND raw_partition = %(partition)s AND raw_offset >= %(first)s AND raw_offset < %(end)s"
        )
        words = {"topic": f"{self.at.raw}@1", "partition": partition, "first": first, "end": end}
        try:
            ((stored,),) = self.store.execute(query, words)
        except (driver.Error, OSError, EOFError):
            self.store.disconnect()
            return False
        if stored == end - first:
            self._settled[partition] = end
        return bool(stored == end - first)

    def note_most(self, figure: str, value: float) -> None:
        """Keep the highest."""
        self.figures[figure] = max(self.figures.get(figure, 0.0), round(value, 2))

    def look_closely(self) -> None:
        """After a round: the ledger check, and no event twice."""
        accounts = asyncio.run(account_of_topic(self.at.settings(), self.store, self.at.database, DOCTOR_SECONDS))
        self.missing += [finding.words for finding in check_ledger(accounts) if not finding.ok]
        ((twice,),) = self.store.execute(
            f"SELECT count() - uniqExact(app_id, event_id) FROM {self.at.database}.events FINAL"
        )
        self.twice = max(self.twice, twice)
        self.extra = max(self.extra, sum(map(self._extra, KEYS)))

    def _extra(self, table: str) -> int:
        """Rows beyond one per key."""
        key, kept = KEYS[table]
        query = f"SELECT count() - uniqExact({key}) FROM {self.at.database}.{table} WHERE {kept}"
        ((extra,),) = self.store.execute(query)
        return int(extra)


@contextmanager
def scene(
    world: World,
    seed: int,
    *,
    env: Mapping[str, str] | None = None,
    config: Mapping[str, Any] = CONFIG,
    per_second: int = EVENTS_PER_SECOND,
) -> Iterator[tuple[Scene, LiveClient, Witness]]:
    """An installation with workers of both roles that work off what a client sends, while a witness looks."""
    installation = world.install(config=config)
    chance = random.Random(seed)
    fleet = Fleet(installation, chance, env)
    client, witness = LiveClient(installation, seed, per_second), Witness(installation)
    made = Scene(world, installation, fleet, chance)
    with closing(installation):
        fleet.start()
        witness.start()
        try:
            client.start()
            client.send_more(100)
            yield made, client, witness
        finally:
            for thread in (client, witness):
                if thread.is_alive():
                    thread.end()
            made.store.disconnect()
