"""F25: an hour under load, with one fault after the other, drawn."""

from tests.faults.broker_faults import bounce, freeze
from tests.faults.fault import Fault, Size
from tests.faults.network_faults import WAYS, disturb
from tests.faults.scene import Scene
from tests.faults.worker_faults import kill_one

HOUR = 3600.0
CALM_SECONDS, ROUGH_SECONDS = 5.0, 20.0


def anything(scene: Scene) -> None:
    """A worker, the broker, a slow store, or the network."""
    whole, scene.seconds = scene.seconds, scene.chance.uniform(CALM_SECONDS, ROUGH_SECONDS)
    what = scene.chance.choice(("F1", "F1", "F4", "F7", "F18"))
    scene.figures[what] = scene.figures.get(what, 0) + 1
    match what:
        case "F1":
            kill_one(scene)
        case "F4":
            scene.chance.choice((bounce, lambda scene: freeze(scene, scene.seconds)))(scene)
        case "F7":
            disturb(scene, False, lambda proxy: proxy.delay(scene.chance.uniform(0.1, 1.0)))
        case _:
            disturb(scene, scene.chance.random() < 0.5, scene.chance.choice(list(WAYS.values())))
    scene.seconds = whole


SOAK = Fault(
    "F25",
    "60 minutes of F1, F4, F7, F18, drawn",
    anything,
    Size(0, HOUR),
    Size(0, 60),
    between=(300, 3000),
    lasts=True,
    word="150 records/s: what a machine bears that does much else, not 80 % of what the workers can do.",
)
