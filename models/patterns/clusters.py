"""How many clusters there are: as many as come out alike from other samples, more so than in shuffled data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import mannwhitneyu
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from models.patterns.features import AT_ONCE, Floats, axes_of, points_of, weights_of

MOST_CLUSTERS = 8
SAMPLE = 3_000
"""Sessions that one bootstrap round looks at."""
ROUNDS = 10
ALPHA = 0.01
"""Chance that shuffled data gives rounds as high, by the rank test of Mann and Whitney."""
STABLE = 0.7
BEYOND_CHANCE = 0.2
AS_GOOD = 0.03
"""The most stable number of clusters is taken, or a higher one that is less stable by no more than this."""
SWAPS = 50
"""Rounds of swaps of shuffled steps."""
LEAST_SESSIONS = 1_000
LEAST_STEPS = 2
"""Different usual steps of a session that clusters are learned from: one alone goes with nothing."""


@dataclass(frozen=True, slots=True)
class Stability:
    """Mean adjusted Rand index of two bootstrap samples' clusters, for ``clusters`` of them; and in shuffled data."""

    clusters: int
    stability: float
    by_chance: float | None
    """None where it was not looked at: the real data is not stable."""
    p_value: float

    @property
    def beyond(self) -> float:
        """How far above shuffled data."""
        return self.stability - (1.0 if self.by_chance is None else self.by_chance)


@dataclass(frozen=True, slots=True)
class Clusters:
    """weights: (steps,). axes: (dimensions, steps). centers: (clusters, dimensions); none where all sessions are one
    cluster. found: how sure the chosen number is; None without clusters. tried: every number that was looked at."""

    weights: Floats
    axes: Floats
    centers: Floats
    found: Stability | None
    tried: list[Stability]


def find_clusters(
    held: csr_array, seed: int, before: int | None = None, progress: Callable[[int, int], None] = lambda *_: None
) -> Clusters:
    """Clusters of the sessions of enough steps, by which they hold. ``before``: how many there were in the last run;
    that number stays while it is sure. In one thread: the sums are small, and many threads on few cores wait for each
    other."""
    telling = held[np.flatnonzero(np.diff(held.indptr) >= LEAST_STEPS)]
    if telling.shape[0] < LEAST_SESSIONS or telling.shape[1] <= MOST_CLUSTERS:
        return Clusters(np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)), None, [])
    with threadpool_limits(1):
        tried = []
        for k in range(2, MOST_CLUSTERS + 1):
            progress(k - 2, MOST_CLUSTERS - 1)
            tried.append(_trial(telling, k, seed))
        found = _best(tried, before)
        rng = np.random.default_rng([seed, 0])
        sample = telling[_some(rng, telling.shape[0], 4 * SAMPLE)]
        weights = weights_of(sample)
        axes = axes_of(sample, weights, seed)
        points = points_of(sample, weights, axes)
        centers = (
            _fit(points, found.clusters, seed, starts=10).cluster_centers_ if found else np.zeros((0, axes.shape[0]))
        )
    return Clusters(weights, axes, centers, found, tried)


def nearest(held: csr_array, weights: Floats, axes: Floats, centers: Floats) -> NDArray[np.int64]:
    """(sessions,) the cluster of each; -1 where it holds none of the steps, or there are no clusters."""
    labels = np.full(held.shape[0], -1, dtype=np.int64)
    telling = np.flatnonzero(np.diff(held.indptr) > 0)
    if len(centers):
        with threadpool_limits(1):
            for first in range(0, len(telling), AT_ONCE):
                some = telling[first : first + AT_ONCE]
                points = points_of(held[some], weights, axes)
                labels[some] = ((centers**2).sum(axis=1)[None, :] - 2 * points @ centers.T).argmin(axis=1)
    return labels


def _trial(held: csr_array, k: int, seed: int) -> Stability:
    """No further round where the mean cannot be stable any more; shuffled data only where it is."""
    real: list[float] = []
    while len(real) < ROUNDS:
        real.append(_round(held, k, np.random.default_rng([seed, k, len(real)]), shuffles=False))
        if sum(real) + ROUNDS - len(real) < STABLE * ROUNDS:
            return Stability(k, float(np.mean(real)), None, 1.0)
    dealt = [_round(held, k, np.random.default_rng([seed, k, turn]), shuffles=True) for turn in range(ROUNDS)]
    p_value = float(mannwhitneyu(real, dealt, alternative="greater", method="exact").pvalue)
    return Stability(k, float(np.mean(real)), float(np.mean(dealt)), p_value)


def _best(tried: list[Stability], before: int | None) -> Stability | None:
    sure = [one for one in tried if one.stability >= STABLE and one.beyond >= BEYOND_CHANCE and one.p_value <= ALPHA]
    if same := [one for one in sure if one.clusters == before]:
        return same[0]
    most = max((one.stability for one in sure), default=0.0)
    return max((one for one in sure if one.stability >= most - AS_GOOD), key=lambda one: one.clusters, default=None)


def _round(held: csr_array, k: int, rng: np.random.Generator, *, shuffles: bool) -> float:
    """How alike two bootstrap samples' clusters are, on the sessions both are drawn from."""
    sample = held[_some(rng, held.shape[0], SAMPLE)]
    seed = int(rng.integers(2**31))
    if shuffles:
        sample = dealt(sample, rng)
    weights = weights_of(sample)
    points = points_of(sample, weights, axes_of(sample, weights, seed))
    labels = [_fit(points[rng.integers(0, len(points), len(points))], k, seed + n).predict(points) for n in (0, 1)]
    return float(adjusted_rand_score(*labels))


def _some(rng: np.random.Generator, of: int, most: int) -> NDArray[np.int64]:
    return np.sort(rng.permutation(of)[:most]) if of > most else np.arange(of)


def dealt(held: csr_array, rng: np.random.Generator) -> csr_array:
    """The same steps dealt out anew: each session holds as many different ones, each step is held as often.

    What a session would hold twice is swapped with another's until there is none: without that, popular steps would
    leave shuffled sessions shorter than real ones, and any data would look like more than chance.
    """
    owners = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
    columns = rng.permutation(held.indices)
    for _ in range(SWAPS):
        keys = owners * held.shape[1] + columns
        twice = np.setdiff1d(np.arange(len(keys)), np.unique(keys, return_index=True)[1])
        if not len(twice):
            break
        for mine, theirs in zip(twice, rng.integers(0, len(columns), len(twice)), strict=True):
            columns[mine], columns[theirs] = columns[theirs], columns[mine]
    shuffled = csr_array((np.ones(len(columns), np.float32), columns, held.indptr.copy()), shape=held.shape)
    shuffled.sum_duplicates()
    shuffled.data[:] = 1
    return shuffled


def _fit(points: Floats, k: int, seed: int, starts: int = 3) -> KMeans:
    return KMeans(k, n_init=starts, random_state=seed).fit(points)
