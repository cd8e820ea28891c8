"""Faults of the network between workers, broker and warehouse."""

from collections.abc import Callable, Mapping

from tests.faults.fault import Fault, Size
from tests.faults.scene import Scene
from tests.proxy import Proxy

RTT_SECONDS = 0.2
RESET_SHARE = 0.05
WAYS: Mapping[str, Callable[[Proxy], None]] = {
    "half open": Proxy.half_open,
    "out": Proxy.hold,
    "5 % reset": lambda proxy: proxy.reset_some(RESET_SHARE),
    "reset": Proxy.reset,
    "slow": lambda proxy: proxy.delay(RTT_SECONDS / 2),
    "refused": Proxy.refuse,
}


def network(scene: Scene) -> None:
    """F18: one of the ways, on the way to the broker or to the store."""
    ways = list(WAYS.values())
    disturb(scene, scene.round % 2 == 0, ways[scene.round // 2 % len(ways)])


def disturb(scene: Scene, to_kafka: bool, way: Callable[[Proxy], None]) -> None:
    """For the scene's seconds."""
    proxy = scene.world.to_kafka if to_kafka else scene.world.to_store
    way(proxy)
    scene.fleet.tend_for(scene.seconds)
    proxy.heal()


NETWORK_FAULTS = (
    Fault(
        "F18",
        f"to the broker and to the store: {', '.join(WAYS)} (200 ms RTT, each for 60 s)",
        network,
        Size(len(WAYS) * 2, 60),
        Size(6, 3),
        word="DNS failure is not tried: all addresses are numbers.",
    ),
)
