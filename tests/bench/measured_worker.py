"""A worker that says what its work cost: python measured_worker.py RESULT_FILE ROLE.

CPU and wall time count from the first slice's effects to the last, so start-up, imports and shutdown are left out.
"""

import json
import sys
import time
from pathlib import Path

from streams.agents.hooks import Hooks, Point
from streams.agents.worker import run_worker
from streams.settings import load_settings

FIRST = {"enrich": "enrich.before_send", "sessions": "sessions.before_insert"}
LAST = {"enrich": "enrich.after_send", "sessions": "sessions.after_changelog"}


class Stopwatch(Hooks):
    """Writes {cpu_s, wall_s} after every batch, so that the last write is the whole."""

    def __init__(self, role: str, result: Path) -> None:
        self._first, self._last, self._result = FIRST[role], LAST[role], result
        self._began: tuple[float, float] | None = None

    def reached(self, point: Point) -> None:
        """Start at the first batch; note the time after each."""
        if point == self._first and self._began is None:
            self._began = (time.process_time(), time.monotonic())
        if point == self._last and self._began is not None:
            cpu, wall = self._began
            self._result.write_text(json.dumps({"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}))


if __name__ == "__main__":
    _result, _role = sys.argv[1:3]
    run_worker(_role, load_settings(None), Stopwatch(_role, Path(_result)))  # type: ignore[arg-type]
