"""What the same work costs without our Faust hooks: bare aiokafka loops, and a stock Faust agent with ``take``.

Each peer is a process of its own that takes its settings from the environment as a worker does, reads the topics from
their start to their end (bounded input), and writes what it cost: python -m tests.bench.peers PEER RESULT_FILE.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
PEERS = ("bare_enrich", "bare_sessions", "stock_take")


class Cost(msgspec.Struct, frozen=True):
    """From the first batch to the last; start-up and imports are left out. Seconds."""

    events: int
    cpu_s: float
    wall_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.wall_s

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_s * 1e6 / self.events


class Meter:
    """Counts from the first ``note`` on: what the first batch cost is left out, as it is for the measured workers."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self._events = 0

    def note(self, records: int) -> None:
        """A batch of so many records is done."""
        if self._began is None:
            self._began = (time.process_time(), time.monotonic())
        else:
            self._events += records

    def cost(self) -> Cost:
        """Up to now. Raises ValueError when there was only one batch."""
        if self._began is None or not self._events:
            raise ValueError("too few batches to measure: give more events")
        cpu, wall = self._began
        return Cost(self._events, time.process_time() - cpu, time.monotonic() - wall)


def measure(peer: str, environment: Mapping[str, str], folder: Path, limit_s: float = 300.0) -> Cost:
    """Run one of PEERS over topics that are filled and ended.

    ``environment`` is that of a worker (``worker_environment`` of streams.run.embedded); logs and the result go to
    ``folder``. ``bare_sessions`` needs a migrated store. Raises CalledProcessError, TimeoutExpired.
    """
    result = folder / f"{peer}.json"
    with (folder / f"{peer}.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.bench.peers", peer, str(result)]
        subprocess.run(command, check=True, env=dict(environment), cwd=ROOT, stdout=log, stderr=log, timeout=limit_s)
    return msgspec.json.decode(result.read_bytes(), type=Cost)


def _main(peer: str, result: Path) -> None:
    from streams.settings import load_settings
    from tests.bench import bare, stock

    runs = {"bare_enrich": bare.enrich, "bare_sessions": bare.sessions, "stock_take": stock.take}
    runs[peer](load_settings(None), lambda cost: _write(result, cost))


def _write(result: Path, cost: Cost) -> None:
    result.write_bytes(msgspec.json.encode(cost))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
