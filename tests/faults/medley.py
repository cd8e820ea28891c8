"""Several faults, one after the other, in one installation: what each costs beside its rounds is paid once."""

from collections.abc import Mapping, Sequence

from tests.faults.fault import Fault, Size
from tests.faults.scene import Scene


def medley(faults: Sequence[Fault], env: Mapping[str, str] | None = None) -> Fault:
    """A fault whose rounds are the short ones of all of them, in order."""
    plan = [(fault, number) for fault in faults for number in range(fault.short.rounds)]

    def act(scene: Scene) -> None:
        fault, scene.round = plan[scene.round]
        scene.seconds = fault.short.seconds
        fault.act(scene)

    name, how = "+".join(fault.name for fault in faults), "; ".join(fault.how for fault in faults)
    return Fault(name, how, act, Size(0), Size(len(plan)), env=env or {})
