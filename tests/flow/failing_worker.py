"""A worker that is killed once at a named point: python failing_worker.py POINT NTH FLAG_FILE ROLE.

The flag file says that it has died, so that the restarted worker lives. THALWEG_TEST_SIGNAL=SIGSTOP: it freezes there.
"""

import os
import signal
import sys
from pathlib import Path

from streams.agents.hooks import Hooks, Point
from streams.agents.worker import run_worker
from streams.settings import load_settings

SIGNAL = signal.Signals[os.environ.get("THALWEG_TEST_SIGNAL", "SIGKILL")]


class KillOnce(Hooks):
    """The signal at the nth time a point is reached, unless the flag file is there."""

    def __init__(self, point: str, nth: int, flag: Path) -> None:
        self._point = point
        self._left = nth
        self._flag = flag

    def reached(self, point: Point) -> None:
        """Die here, if it is time."""
        if point != self._point or self._flag.exists():
            return
        self._left -= 1
        if self._left == 0:
            self._flag.touch()
            os.kill(os.getpid(), SIGNAL)


if __name__ == "__main__":
    _point, _nth, _flag, _role = sys.argv[1:5]
    run_worker(_role, load_settings(None), KillOnce(_point, int(_nth), Path(_flag)))  # type: ignore[arg-type]
