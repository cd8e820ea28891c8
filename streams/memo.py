"""A bounded memory for pure functions of text: the stages see the same agents, addresses and URLs again and again."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

ENTRIES = 20_000
"""Answers kept per function: holds all agents of a 10 000-agent long tail, where 2 000 lose a sixth."""

NETWORKS = 60_000
"""The same for functions of an address: there are more networks than agents, and a geo record costs much (15 MB)."""

LONGEST = 1024
"""Longer texts are worked out anew each time, so hostile input cannot fill the memory."""


class _Memory(dict[str, T]):
    """Answers by text, in two halves. A full half becomes the former one, and takes the place of that before it.

    What is asked again moves into the new half, so what is common outlives what came once. Cheaper per hit than keeping
    an order, and hits are what counts.
    """

    def __init__(self, function: Callable[[str], T], entries: int, longest: int) -> None:
        super().__init__()
        self._function = function
        self._half = max(1, entries // 2)
        self._longest = longest
        self._former: dict[str, T] = {}

    def __missing__(self, text: str) -> T:
        former = self._former
        answer = former[text] if text in former else self._function(text)
        if len(text) <= self._longest:
            if len(self) >= self._half:
                self._former = dict(self)
                self.clear()
            self[text] = answer
        return answer


def remember(function: Callable[[str], T], entries: int = ENTRIES, longest: int = LONGEST) -> Callable[[str], T]:
    """``function`` with at most ``entries`` answers kept. It must be pure and its answers immutable.

    A hit costs one dict look-up and no Python frame (0.05 µs). What the function raises is raised, and not kept.
    """
    return _Memory(function, entries, longest).__getitem__
