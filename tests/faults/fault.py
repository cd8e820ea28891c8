"""What a fault is: one round of it, and under which settings it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.scene import Scene
from tests.flow.live_client import EVENTS_PER_SECOND

Act = Callable[[Scene], None]
"""Breaks something and returns when it is whole again; what must come after is the harness's to wait for."""


@dataclass(frozen=True)
class Size:
    """``rounds`` of a fault; what takes time takes ``seconds``; ``per_second`` records come all the while."""

    rounds: int
    seconds: float = 0.0
    per_second: int = EVENTS_PER_SECOND


@dataclass(frozen=True)
class Fault:
    """``whole`` is its size in the matrix, ``short`` in the tests that run on each change.

    ``env`` are settings of the workers. ``between`` is how many records come before each round, at least and at most.
    ``lasts``: not rounds, but the size's seconds end it.
    """

    name: str
    how: str
    act: Act
    whole: Size
    short: Size
    env: Mapping[str, str] = field(default_factory=dict)
    between: tuple[int, int] = (20, 300)
    lasts: bool = False
    word: str = ""
