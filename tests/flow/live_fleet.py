"""A fleet of sessions workers that die, join, leave and freeze; what ends by itself is started again."""

import itertools
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from clickhouse_driver import Client

from streams.agents.hooks import Point
from streams.cli.main import INTERRUPTED
from streams.kafka.app import EXIT_FAILED
from tests.flow.live import ENRICHED, Installation, leave
from tests.flow.live_witness import end_offsets
from tests.kafka.waiting import wait_until
from tests.kafka.workers import kill

Worker = subprocess.Popen[bytes]
FAILING_WORKER = Path(__file__).with_name("failing_worker.py")
PATIENCE = 120.0
"""Seconds for anything, on a machine that does much else."""


class Fleet:
    """``recoveries`` are seconds from a worker's end to the moment when all that lay there then was folded."""

    def __init__(self, installation: Installation, chance: random.Random) -> None:
        self._of, self._chance = installation, chance
        self._client: Client = installation.client()
        self._numbers = itertools.count(1)
        self.workers: list[Worker] = []
        self.recoveries: list[float] = []
        self.refused: list[Worker] = []
        """Those that were woken and found that they own nothing any more."""
        self.exits: list[int] = []
        """Codes of workers that ended by themselves."""

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()

    def join(self) -> Worker:
        """One more."""
        self.workers.append(self._of.start("sessions"))
        return self.workers[-1]

    def leave_one(self) -> None:
        """SIGTERM; it ends with 0, or by the signal where it has only begun to start."""
        code = leave(self._take_one(), PATIENCE)
        assert code in (0, INTERRUPTED, -signal.SIGINT, -signal.SIGTERM), f"exit {code}"

    def kill_one(self, *, patiently: bool = True) -> None:
        """SIGKILL, whatever it does; another is started."""
        began = time.monotonic()
        kill(self._take_one())
        self.join()
        if patiently:
            self.recover()
            self.recoveries.append(time.monotonic() - began)

    def freeze_one(self) -> None:
        """SIGSTOP at any moment until the others have taken over, then SIGCONT: it joins again, or ends."""
        self._not_alone()
        worker = self._chance.choice(self.workers)
        worker.send_signal(signal.SIGSTOP)
        self._takeover(worker)
        worker.send_signal(signal.SIGCONT)

    def freeze_at(self, point: Point) -> None:
        """One more joins and is frozen in the midst of a batch, until the others have taken over. Woken, it is refused
        by the changelog, and ends.
        """
        self._not_alone()
        while len(self.workers) >= ENRICHED:  # else there may be no partition for it
            self.leave_one()
        flag = self._of.logs.parent / f"frozen-{next(self._numbers)}"
        nth = str(self._chance.randrange(1, 6))
        command = [sys.executable, str(FAILING_WORKER), point, nth, str(flag)]
        worker = self._of.start("sessions", command, THALWEG_TEST_SIGNAL="SIGSTOP")

        def frozen() -> bool:
            self.tend()
            return flag.exists() and is_stopped(worker)

        wait_until(frozen, PATIENCE, f"a worker frozen at {point}")
        self._takeover(worker)
        worker.send_signal(signal.SIGCONT)
        code = worker.wait(PATIENCE)
        assert code == EXIT_FAILED, f"exit {code} after it was woken: {self._of.log_of(worker).read_text()[-3000:]}"
        self.refused.append(worker)

    def recover(self) -> None:
        """Until everything that lies on the enriched topic now is folded."""
        ends = self._ends()
        query = f"SELECT partition, applied FROM {self._of.database}.progress FINAL"

        def recovered() -> bool:
            self.tend()
            applied = dict(self._client.execute(query))
            return all(applied.get(partition, -1) >= end - 1 for partition, end in ends.items())

        wait_until(recovered, PATIENCE, f"offsets {ends} folded")

    def tend(self) -> None:
        """Start again what ended."""
        for worker in [worker for worker in self.workers if worker.poll() is not None]:
            self.workers.remove(worker)
            self.exits.append(worker.returncode)
            self.join()

    def _take_one(self) -> Worker:
        return self.workers.pop(self._chance.randrange(len(self.workers)))

    def _not_alone(self) -> None:
        while len(self.workers) < 2:
            self.join()

    def _takeover(self, frozen: Worker) -> None:
        """The others have its partitions once more than the session timeout has passed and all is folded."""
        began = time.monotonic()
        here = self._ends()  # markers go to every partition, so there will be more on each
        wait_until(lambda: all(end > here[partition] for partition, end in self._ends().items()), PATIENCE, "more")
        self.recover()
        self.recoveries.append(time.monotonic() - began)
        assert is_stopped(frozen)

    def _ends(self) -> dict[int, int]:
        return end_offsets(self._of.brokers, self._of.enriched, ENRICHED)


def is_stopped(worker: Worker) -> bool:
    """Whether it is frozen."""
    return Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
