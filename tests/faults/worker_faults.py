"""Faults of workers: killed, asked to leave, frozen, joining and leaving all the time."""

import signal
import time
from typing import get_args

from streams.agents.hooks import Point
from tests.faults.fault import Fault, Size
from tests.faults.scene import Scene
from tests.flow.live import ENRICHED

AMID = ("sessions.mid_insert", "sessions.mid_changelog")
POINTS: tuple[str, ...] = (*get_args(Point), *AMID)
STORM_SECONDS = 3.0
MOST = ENRICHED + 1
"""Workers of a role: one more than there are partitions."""
GRACE_SECONDS = 3.0
LONG_INSERT = {"THALWEG_KAFKA__REBALANCE_TIMEOUT": "5"}
SLOW_SECONDS = 2.0
"""How much longer each piece takes to the store or back: an insert is four of them at least."""


def kill_one(scene: Scene) -> None:
    """F1: whatever it does just then."""
    scene.fleet.kill_one(scene.fleet.any_role())


def die_at_each_point(scene: Scene) -> None:
    """F2: once at each named point, and all is settled between."""
    for point in POINTS:
        scene.fleet.die_at(point, scene.chance.randrange(1, 4))
        if point != POINTS[-1]:
            scene.settle()


def ask_to_leave(scene: Scene) -> None:
    """F3: SIGTERM; SIGTERM and a second one; SIGTERM while the store hangs, and SIGKILL when the grace is over."""
    role, fleet = scene.fleet.any_role(), scene.fleet
    match scene.round % 3:
        case 0:
            scene.note_most("leave_max_s", fleet.leave_one(role))
        case 1:
            scene.note_most("leave_at_once_max_s", fleet.leave_at_once(role))
        case _:
            scene.world.store.freeze()
            fleet.leave_or_die(role, GRACE_SECONDS)
            scene.world.store.thaw()
    fleet.join(role)


def storm(scene: Scene) -> None:
    """F10: every three seconds one joins, leaves or dies, of either role: one at least, one more than partitions at
    most.
    """
    fleet, until = scene.fleet, time.monotonic() + scene.seconds
    while time.monotonic() < until:
        role = fleet.any_role()
        here = len(fleet.workers[role])
        what = scene.chance.choice(["join"] * (here < MOST) * 2 + ["leave", "kill"] * (here > 1))
        if what == "join":
            fleet.join(role)
        elif what == "leave":
            fleet.ask_to_leave(role)
        else:
            fleet.kill_one(role)
        scene.figures[f"{what}s"] = scene.figures.get(f"{what}s", 0) + 1
        fleet.tend_for(STORM_SECONDS)
    for role in fleet.workers:
        while len(fleet.workers[role]) > 1:
            fleet.ask_to_leave(role)
    fleet.see_off()


def write_as_a_zombie(scene: Scene) -> None:
    """F11: a worker that has lost its partitions goes on: in an insert that lasts longer than a rebalance waits, or
    frozen amid a batch, or at any moment, and woken when others have taken over.
    """
    fleet = scene.fleet
    match scene.round % 4:
        case 0:
            scene.world.to_store.delay(SLOW_SECONDS)
            fleet.tend_for(SLOW_SECONDS * 2)
            fleet.join("sessions")
            fleet.tend_for(scene.seconds)
            scene.world.to_store.heal()
            fleet.leave_one("sessions")
        case 1:
            fleet.join("sessions")
            frozen = fleet.freeze_one("sessions")
            scene.settle()
            frozen.send_signal(signal.SIGCONT)
            scene.settle()
            fleet.leave_one("sessions")
        case turn:
            zombie = fleet.freeze_at("sessions.before_insert" if turn == 2 else "sessions.after_insert")
            scene.settle()
            fleet.wake_refused(zombie)
            scene.figures["zombies_refused"] = float(len(fleet.refused))


WORKER_FAULTS = (
    Fault("F1", "kill -9 of a worker of either role at a random moment", kill_one, Size(200), Size(3)),
    Fault(
        "F2",
        f"kill -9 at each of {len(POINTS)} named points, also amid the tables of an insert and amid a changelog batch",
        die_at_each_point,
        Size(20),
        Size(1),
    ),
    Fault("F3", "SIGTERM, twice SIGTERM, SIGTERM and SIGKILL after the grace", ask_to_leave, Size(15), Size(3)),
    Fault(
        "F10",
        f"every {STORM_SECONDS:.0f} s a worker joins, leaves or is killed, 1 to {MOST} of each role",
        storm,
        Size(1, 300),
        Size(1, 60),
    ),
    Fault(
        "F11",
        "a worker joins during an insert longer than the rebalance timeout; zombies are woken after a takeover",
        write_as_a_zombie,
        Size(12, 20),
        Size(3, 10),
        env=LONG_INSERT,
    ),
)
