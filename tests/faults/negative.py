"""The negative control: the same world and the same count of what is lost, with a worker of stock Faust in it."""

import random
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from streams.agents.worker import Role
from tests.faults.fleet import Fleet
from tests.faults.result import Result
from tests.faults.world import World
from tests.flow.live import RAW
from tests.flow.live_client import LiveClient
from tests.flow.live_witness import read_all

PLAIN_WORKER = (sys.executable, str(Path(__file__).with_name("plain_worker.py")))
ROLE: Role = "enrich"
PIECE_SECONDS = 0.7
GRACE_SECONDS = 20.0
QUIET_SECONDS = 15.0
"""Nothing more comes from a worker that stored nothing for so long while records wait."""


def killed(world: World, fleet: Fleet) -> None:
    """F1: kill -9 amid an insert."""
    world.to_store.delay(PIECE_SECONDS)
    fleet.tend_for(PIECE_SECONDS * 3)
    fleet.kill_one(ROLE)
    world.to_store.heal()


def asked_to_leave(world: World, fleet: Fleet) -> None:
    """F3: SIGTERM while the store hangs, and SIGKILL when the grace is over."""
    world.store.freeze()
    fleet.tend_for(PIECE_SECONDS * 3)
    fleet.leave_or_die(ROLE, GRACE_SECONDS)
    world.store.thaw()
    fleet.join(ROLE)


def store_away(world: World, fleet: Fleet) -> None:
    """F5: the store is killed, and comes back."""
    world.store.kill()
    fleet.tend_for(3)
    world.store.start()


ACTS: Mapping[str, Callable[[World, Fleet], None]] = {"F1": killed, "F3": asked_to_leave, "F5": store_away}


def run_plain(world: World, fault: str, rounds: int, seed: int) -> Result:
    """``rounds`` of a fault. ``lost`` are records that the broker acknowledged and no row tells of."""
    at = world.install()
    fleet = Fleet(at, random.Random(seed), command=PLAIN_WORKER, roles=(ROLE,))
    client, store = LiveClient(at, seed), at.client()
    with closing(at):
        fleet.start()
        try:
            client.start()
            for _ in range(rounds):
                client.send_more(300)
                ACTS[fault](world, fleet)
                fleet.tend_for(QUIET_SECONDS)
        finally:
            client.end()
        raw = {(record.partition, record.offset) for record in read_all(at.brokers, {at.raw: RAW})}
        _settle(fleet, lambda: len(_stored(store.execute, at.database)))
        stored = _stored(store.execute, at.database)
        ((rows,),) = store.execute(f"SELECT count() FROM {at.database}.outcomes")
        store.disconnect()
    lost = len(raw - stored)
    return Result(
        fault,
        "a plain Faust agent with take(), for comparison",
        seed=seed,
        rounds=rounds,
        records=len(raw),
        lost=lost,
        duplicates=rows - len(stored),
        held={"I1": not lost},
        exits=fleet.exits,
    )


def _stored(ask: Callable[[str], list[tuple[int, int]]], database: str) -> set[tuple[int, int]]:
    return set(ask(f"SELECT DISTINCT raw_partition, raw_offset FROM {database}.outcomes"))


def _settle(fleet: Fleet, count: Callable[[], int]) -> None:
    """Until nothing more comes."""
    before, changed = count(), time.monotonic()
    while time.monotonic() < changed + QUIET_SECONDS:
        fleet.tend_for(0.5)
        if (now := count()) != before:
            before, changed = now, time.monotonic()
