"""Faults of workers: killed, asked to leave, joining and leaving all the time."""

from typing import get_args

from streams.agents.hooks import Point
from tests.faults.fault import Fault
from tests.faults.scene import Scene

AMID = ("sessions.mid_insert", "sessions.mid_changelog")
POINTS: tuple[str, ...] = (*get_args(Point), *AMID)


def kill_one(scene: Scene) -> None:
    """F1: whatever it does just then."""
    scene.fleet.kill_one(scene.fleet.any_role())


def die_at_each_point(scene: Scene) -> None:
    """F2: once at each named point, and all is settled between."""
    for point in POINTS:
        scene.fleet.die_at(point, scene.chance.randrange(1, 4))
        if point != POINTS[-1]:
            scene.settle()


WORKER_FAULTS = (
    Fault("F1", "kill -9 of a worker of either role at a random moment", kill_one, rounds=200, few=4),
    Fault("F2", f"kill -9 at each of {len(POINTS)} named points", die_at_each_point, rounds=20, few=1),
)
