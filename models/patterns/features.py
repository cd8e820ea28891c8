"""What sessions do, as points: which steps they hold, rare ones counting more, in few dimensions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD

from models.paths import Paths

Floats = NDArray[np.float64]
DIMENSIONS = 16
LEAST_SHARE = 0.002
"""Of the sessions that must hold a step, for it to be part of a description."""
LEAST_SESSIONS = 10
AT_ONCE = 50_000
"""Sessions projected at a time: the points of more need not be held."""


def presence(paths: Paths, steps: Sequence[str]) -> csr_array:
    """(sessions, steps) 1 where a session holds the step; steps that ``paths`` does not know are never held."""
    place_of = {step: place for place, step in enumerate(steps)}
    places = np.array([place_of.get(step, -1) for step in paths.vocabulary], dtype=np.int32)
    columns = places[paths.codes] if len(paths.codes) else np.zeros(0, dtype=np.int32)
    known = columns >= 0
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(known)])[paths.starts]
    ones = np.ones(int(known.sum()), dtype=np.float32)
    held = csr_array((ones, columns[known], starts), shape=(len(paths), len(steps)))
    held.sum_duplicates()
    held.data[:] = 1
    return held


def usual_steps(paths: Paths) -> list[str]:
    """Steps that enough sessions hold, in the order of the vocabulary."""
    held = np.asarray(presence(paths, paths.vocabulary).sum(axis=0))
    least = max(LEAST_SHARE * len(paths), LEAST_SESSIONS)
    return [step for step, n in zip(paths.vocabulary, held, strict=True) if n >= least]


def weights_of(held: csr_array) -> Floats:
    """(steps,) the log of how rare each is."""
    weights: Floats = np.log((1 + held.shape[0]) / (1 + np.asarray(held.sum(axis=0), dtype=np.float64))) + 1
    return weights


def axes_of(held: csr_array, weights: Floats, seed: int) -> Floats:
    """(dimensions, steps) the directions in which sessions differ most."""
    dimensions = min(DIMENSIONS, held.shape[1] - 1)
    axes: Floats = TruncatedSVD(dimensions, random_state=seed).fit(_scaled(held, weights)).components_
    return axes


def points_of(held: csr_array, weights: Floats, axes: Floats) -> Floats:
    """(sessions, dimensions) each of length 1 before it is projected; 0 where a session holds none of the steps."""
    points: Floats = np.asarray(_scaled(held, weights) @ axes.T)
    return points


def _scaled(held: csr_array, weights: Floats) -> csr_array:
    weighted = csr_array((weights[held.indices], held.indices, held.indptr), shape=held.shape)
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)))
    weighted.data /= np.repeat(np.maximum(norms, 1e-12), np.diff(weighted.indptr))
    return weighted
