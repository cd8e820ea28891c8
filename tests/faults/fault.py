"""What a fault is: one round of it, and under which settings it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.scene import Scene
from tests.flow.live_client import EVENTS_PER_SECOND

Act = Callable[[Scene], None]
"""Breaks something and returns when it is whole again; what must come after is the harness's to wait for."""


@dataclass(frozen=True)
class Fault:
    """``rounds`` of ``act`` in the whole matrix, ``few`` of them in the tests that run on each change.

    ``env`` are settings of the workers. ``between`` is how many records come before each round, at least and at most.
    ``soon``: seconds within which the lag must be gone after a round (I5).
    """

    name: str
    how: str
    act: Act
    rounds: int
    few: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    between: tuple[int, int] = (20, 300)
    per_second: int = EVENTS_PER_SECOND
    soon: float = 60.0
    word: str = ""
