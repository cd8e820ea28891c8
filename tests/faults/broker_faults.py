"""Faults of the broker: killed and started again, or frozen."""

from tests.faults.fault import Fault, Size
from tests.faults.scene import Scene

DOWN_SECONDS = 2.0
FREEZE_EACH, LONG_EACH = 3, 6
"""Each third round it is frozen, each sixth for long."""
FREEZE_SECONDS = 40.0


def bounce(scene: Scene) -> None:
    """SIGKILL, a while without broker, and a start on the same data."""
    scene.world.broker.kill()
    scene.fleet.tend_for(DOWN_SECONDS)
    scene.world.broker.restart()


def freeze(scene: Scene, seconds: float) -> None:
    """It takes connections and answers nothing."""
    scene.world.broker.freeze()
    scene.fleet.tend_for(seconds)
    scene.world.broker.thaw()


def bounce_or_freeze(scene: Scene) -> None:
    """F4."""
    if scene.round % LONG_EACH == LONG_EACH - 1:
        freeze(scene, scene.seconds)
    elif scene.round % FREEZE_EACH == FREEZE_EACH - 1:
        freeze(scene, min(FREEZE_SECONDS, scene.seconds))
    else:
        bounce(scene)


BROKER_FAULTS = (
    Fault(
        "F4",
        "the broker is killed and started again, frozen for 40 s, frozen for 5 minutes",
        bounce_or_freeze,
        Size(6, 300),
        Size(1, 10),
    ),
)
