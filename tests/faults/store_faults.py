"""Faults of the warehouse: away, hanging, slow, and answers that are lost."""

import time

from tests.faults.fault import Fault, Size
from tests.faults.scene import Scene
from tests.flow.live import RAW
from tests.flow.live_witness import end_offsets
from tests.kafka.waiting import wait_until
from tests.proxy import Cut

PIECE_SECONDS = (0.3, 1.5)
"""How much longer each piece takes, when the store is slow: four pieces an insert at least, six inserts a batch."""


def store_away(scene: Scene) -> None:
    """F5: kill -9 of the server; when it is back, the backlog drains."""
    before = sum(end_offsets(scene.at.brokers, scene.at.raw, RAW).values())
    scene.world.store.kill()
    scene.fleet.tend_for(scene.seconds)
    scene.world.store.start()
    began = time.monotonic()
    backlog = sum(end_offsets(scene.at.brokers, scene.at.raw, RAW).values()) - before
    scene.settle()
    scene.note_most("backlog_records", backlog)
    scene.note_most("drained_records_per_s", backlog / (time.monotonic() - began))


def store_hangs(scene: Scene) -> None:
    """F6: SIGSTOP, for longer than a consumer may let pass between two polls where that is checked (15 s)."""
    scene.world.store.freeze()
    scene.fleet.tend_for(scene.seconds)
    scene.world.store.thaw()


def store_slow(scene: Scene) -> None:
    """F7: nobody is thrown out of the group, and nobody leaves it."""
    before = _rebalances(scene)
    scene.world.to_store.delay(scene.chance.uniform(*PIECE_SECONDS))
    scene.fleet.tend_for(scene.seconds)
    scene.note_most("rebalances", _rebalances(scene) - before)
    scene.world.to_store.heal()


def _rebalances(scene: Scene) -> int:
    return scene.at.log_texts().count(b"Joined group")


def answer_lost(scene: Scene) -> None:
    """F8: the server has stored the rows, and its word does not arrive; every second time it is killed then."""
    proxy = scene.world.to_store.cut(Cut.LOST_ANSWER, scene.chance.choice((300, 3_000, 20_000)), cuts=3)

    def lost() -> bool:
        scene.fleet.tend()
        return proxy.done.is_set()

    wait_until(lost, 60, "answers lost")
    if scene.round % 2:
        scene.world.store.kill()
        scene.world.store.start()


STORE_FAULTS = (
    Fault(
        "F5",
        "kill -9 of the store, away for 5 minutes while records come at full speed",
        store_away,
        Size(1, 300, per_second=1000),
        Size(1, 30, per_second=600),
    ),
    Fault("F6", "the store is frozen (SIGSTOP) for 75 s", store_hangs, Size(3, 75), Size(1, 20)),
    Fault("F7", "each insert takes 2 to 30 s", store_slow, Size(3, 60), Size(1, 20)),
    Fault("F8", "the answer is lost after the insert was done", answer_lost, Size(20), Size(2)),
)
