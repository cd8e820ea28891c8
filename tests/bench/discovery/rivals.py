"""Other ways to find funnels, on the same sessions: closed PrefixSpan, and k-means with PrefixSpan in each cluster."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np
from prefixspan import PrefixSpan
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from models.discovery.discover import discover
from models.discovery.growth import maximal
from tests.bench.discovery import sites
from tests.models.discovery.arrays import as_paths, paths_of
from tests.models.discovery.planted import Planted, shuffled_over

Sequences = list[list[int]]
Chains = set[tuple[int, ...]]
DATA = ("plain", "links, three a page, followed with 0.8", "plain, steps shuffled over all sessions")
SUPPORT = 0.01
LIFT = 3.0
CLUSTERS = 16
SUPPORT_IN_CLUSTER = 0.3
LEAST, MOST = 3, 8


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each method and kind of data."""
    for data in DATA:
        sites_made = [_made(data, sessions, seed) for seed in range(seeds)]
        for name, find in RIVALS.items():
            planted = right = found = 0
            spent = 0.0
            for made in sites_made:
                began = time.process_time()
                told = find(made)
                spent += time.process_time() - began
                found, right = found + len(told), right + len(told & set(made.funnels))
                planted += len(made.funnels)
            yield {
                "data": data,
                "method": name,
                "runs": seeds,
                "precision": f"{right / found:.2f}" if found else "–",
                "recall": f"{right / planted:.2f}" if planted else "–",
                "false": found - right,
                "CPU s a run": round(spent / seeds, 1),
            }


def _made(data: str, sessions: int, seed: int) -> Planted:
    made = sites.made(data.partition(", steps")[0], sessions, seed)
    return Planted(shuffled_over(made, seed), made.visitors, made.groups, []) if "shuffled" in data else made


def _ours(made: Planted) -> set[tuple[str, ...]]:
    return {one.steps for one in discover(paths_of(made)).findings}


def _ours_without_navigation(made: Planted) -> set[tuple[str, ...]]:
    return {one.steps for one in discover(paths_of(made)).findings if not one.by_navigation}


def _numbered(made: Planted) -> tuple[list[str], Sequences]:
    """Repeats in a row count once, as in ours."""
    paths = as_paths(made.sessions)
    code_of = {step: code for code, step in enumerate(paths.vocabulary)}
    return paths.vocabulary, [[code for code, _ in groupby(map(code_of.__getitem__, steps))] for steps in made.sessions]


def _closed(sequences: Sequences, support: float) -> list[tuple[int, tuple[int, ...]]]:
    miner = PrefixSpan(sequences)
    miner.minlen, miner.maxlen = LEAST, MOST
    least = max(25, round(support * len(sequences)))
    found = [(count, tuple(steps)) for count, steps in miner.frequent(least, closed=True)]
    return [(count, steps) for count, steps in found if len(set(steps)) == len(steps)]


def _prefixspan(made: Planted) -> set[tuple[str, ...]]:
    words, sequences = _numbered(made)
    return _in_words(words, [steps for _, steps in _closed(sequences, SUPPORT)])


def _prefixspan_lift(made: Planted) -> set[tuple[str, ...]]:
    """Support over that of independent steps in any of the orders."""
    words, sequences = _numbered(made)
    held = np.bincount([code for steps in sequences for code in set(steps)], minlength=len(words)) / len(sequences)
    orders = np.cumprod(np.arange(1, MOST + 1))
    return _in_words(
        words,
        [
            steps
            for count, steps in _closed(sequences, SUPPORT)
            if count / len(sequences) >= LIFT * np.prod(held[list(steps)]) / orders[len(steps) - 1]
        ],
    )


def _clusters(made: Planted) -> set[tuple[str, ...]]:
    """The maximal patterns of each cluster of sessions, by which steps they hold."""
    words, sequences = _numbered(made)
    holds = np.zeros((len(sequences), len(words)), dtype=np.float32)
    for session, steps in enumerate(sequences):
        holds[session, steps] = 1
    with threadpool_limits(1):
        of = KMeans(CLUSTERS, n_init=1, random_state=0).fit_predict(holds)
    chains: Chains = set()
    for cluster in range(CLUSTERS):
        inside = [sequences[session] for session in np.flatnonzero(of == cluster)]
        chains |= set(maximal(steps for _, steps in _closed(inside, SUPPORT_IN_CLUSTER)))
    return _in_words(words, list(chains))


def _in_words(words: Sequence[str], chains: Sequence[tuple[int, ...]]) -> set[tuple[str, ...]]:
    return {tuple(words[code] for code in steps) for steps in chains}


RIVALS: dict[str, Callable[[Planted], set[tuple[str, ...]]]] = {
    "thalweg": _ours,
    "thalweg, without the labelled": _ours_without_navigation,
    "closed PrefixSpan, 1 %": _prefixspan,
    "closed PrefixSpan, 1 %, lift 3": _prefixspan_lift,
    "k-means (16), closed PrefixSpan 30 % in each": _clusters,
}
