"""One test process at a time, where two would install the same thing at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILD = Path(__file__).parents[1] / "build"


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Wait until no other process of this checkout is within ``alone(what)``."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
