"""The method with one part taken out, for as long as the context lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np

from models.discovery import growth
from models.discovery import trial as trial_module
from models.discovery.chance import Chance, learn_chance
from models.discovery.sample import Sample


@contextmanager
def without_order() -> Iterator[None]:
    """A step that stands in its place never stands there by a shuffle: the test always passes."""
    with patch.object(trial_module, "_reinserted", lambda others, within, counts: np.zeros(len(others))):
        yield


@contextmanager
def without_association() -> Iterator[None]:
    """No step is ever expected: the test always passes."""
    with patch.object(Chance, "expected", lambda self, slots, place, of: np.zeros(self.inside.shape[1])):
        yield


@contextmanager
def without_positions() -> Iterator[None]:
    """Plain frequency at the ends too."""

    def flat(sample: Sample) -> Chance:
        inside = learn_chance(sample).inside
        return Chance(inside, inside, inside)

    with patch.object(growth, "learn_chance", flat):
        yield
