"""Which ids stay: the same sessions again, and a twentieth of new ones."""

from collections.abc import Iterator

from tests.models.discovery.arrays import paths_of
from tests.models.patterns.test_model import learned, mixed


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """Sites of funnels and, half as many again, of three kinds."""
    counts = {"again": [0, 0], "a twentieth more": [0, 0]}
    new = 0
    for seed in range(seeds):
        more = sessions * 21 // 20
        first = learned(paths_of(mixed(sessions, more, seed)))
        again = learned(paths_of(mixed(sessions, more, seed)), first)
        later = learned(paths_of(mixed(more, more, seed)), first)
        for name, model in (("again", again), ("a twentieth more", later)):
            counts[name][0] += len(set(first.patterns) & set(model.patterns))
            counts[name][1] += len(first.patterns)
        new += len(set(later.patterns) - set(first.patterns))
    for name, (stayed, of) in counts.items():
        yield {
            "data": name,
            "sessions": sessions * 3 // 2,
            "seeds": seeds,
            "ids that stayed": f"{stayed} of {of}",
            "new": new if name != "again" else 0,
        }
