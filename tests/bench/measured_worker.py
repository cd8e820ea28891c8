"""A worker that says what its work cost: python -m tests.bench.measured_worker RESULT_FILE ROLE.

As for the peers, the first batch is left out, and with it start-up and imports.
"""

import sys
import time
from pathlib import Path

import msgspec

from streams.agents.hooks import Hooks, Point
from streams.agents.worker import run_worker
from streams.metrics import Metrics
from streams.settings import load_settings
from tests.bench.peers import Cost

LAST = {"enrich": "enrich.after_send", "sessions": "sessions.after_changelog"}
COUNTED = {"enrich": "thalweg_raw_records_total", "sessions": "thalweg_outcomes_total"}


class Reading(msgspec.Struct, frozen=True):
    """``records``: raw records worked off so far, the first batch's too, which ``cost`` leaves out."""

    records: int
    cost: Cost


class Stopwatch(Hooks):
    """Writes a Reading after every batch, so that the last one stands for the whole."""

    def __init__(self, role: str, metrics: Metrics, result: Path) -> None:
        self._last, self._counted, self._metrics, self._result = LAST[role], COUNTED[role], metrics, result
        self._began: tuple[float, float, int] | None = None

    def reached(self, point: Point) -> None:
        """Begin after the first batch; note the cost after each of the others."""
        if point != self._last:
            return
        now = time.process_time(), time.monotonic(), self._records()
        if self._began is None:
            self._began = now
            return
        cpu, wall, records = (at - began for at, began in zip(now, self._began, strict=True))
        unfinished = self._result.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(Reading(now[2], Cost(int(records), cpu, wall))))
        unfinished.replace(self._result)

    def _records(self) -> int:
        families = self._metrics.registry.collect()
        return sum(int(s.value) for family in families for s in family.samples if s.name == self._counted)


if __name__ == "__main__":
    _result, _role = sys.argv[1:3]
    _metrics = Metrics()
    run_worker(_role, load_settings(None), Stopwatch(_role, _metrics, Path(_result)), _metrics)  # type: ignore[arg-type]
