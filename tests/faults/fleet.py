"""Workers of both roles that die, join, leave and freeze; what ends by itself is started again, as a supervisor would."""

import itertools
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from streams.agents.hooks import Point
from streams.agents.worker import Role
from streams.cli.main import INTERRUPTED
from streams.kafka.app import EXIT_FAILED
from streams.run.embedded import WORKER_COMMAND
from tests.flow.live import Installation
from tests.kafka.waiting import wait_until
from tests.kafka.workers import kill

Worker = subprocess.Popen[bytes]
FAILING_WORKER = Path(__file__).parents[1] / "flow" / "failing_worker.py"
ROLES: tuple[Role, ...] = get_args(Role)
PATIENCE = 180.0
"""Seconds for anything, on a machine that does much else."""
RESTARTED_TOO_OFTEN = 100
"""A worker that ends by itself so often in one run does not heal."""


class Fleet:
    """``exits`` are codes of workers that ended by themselves, ``refused`` those that woke and owned nothing more."""

    def __init__(self, installation: Installation, chance: random.Random, env: Mapping[str, str] | None = None) -> None:
        self._of, self._chance, self._env = installation, chance, env or {}
        self._numbers = itertools.count(1)
        self.workers: dict[Role, list[Worker]] = {role: [] for role in ROLES}
        self.refused: list[Worker] = []
        self.exits: list[int] = []

    def join(self, role: Role, command: tuple[str, ...] = WORKER_COMMAND, **env: str) -> Worker:
        """One more."""
        worker = self._of.start(role, command, **{**self._env, **env})
        self.workers[role].append(worker)
        return worker

    def start(self, each: int = 1) -> None:
        """So many of each role, the first of each ready."""
        for role in ROLES:
            self.join(role)
            self._of.await_ready(role)
            for _ in range(each - 1):
                self.join(role)

    def any_role(self) -> Role:
        """Drawn."""
        return self._chance.choice(ROLES)

    def kill_one(self, role: Role) -> None:
        """SIGKILL, whatever it does; another is started."""
        kill(self._take_one(role))
        self.join(role)

    def leave_one(self, role: Role) -> float:
        """SIGTERM; seconds until it was gone. It ends with 0, or by the signal where it has only begun to start."""
        worker, began = self._take_one(role), time.monotonic()
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(PATIENCE)
        assert code in (0, INTERRUPTED, -signal.SIGINT, -signal.SIGTERM), self._told(worker)
        return time.monotonic() - began

    def leave_at_once(self, role: Role) -> float:
        """SIGTERM, and a second one; seconds until it was gone."""
        worker, began = self._take_one(role), time.monotonic()
        worker.send_signal(signal.SIGTERM)
        while worker.poll() is None and time.monotonic() < began + PATIENCE:
            time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
        assert worker.poll() is not None, self._told(worker)
        return time.monotonic() - began

    def die_at(self, point: str, nth: int) -> None:
        """One more joins in another's place, and is killed when it comes to ``point`` for the nth time."""
        role: Role = "enrich" if point.startswith("enrich") else "sessions"
        flag = self._of.logs.parent / f"died-{next(self._numbers)}"
        kill(self._take_one(role))
        command = (sys.executable, str(FAILING_WORKER), point, str(nth), str(flag))
        worker = self.join(role, command)
        wait_until(lambda: flag.exists() and worker.poll() is not None, PATIENCE, f"a worker dead at {point}")
        assert worker.returncode == -signal.SIGKILL, self._told(worker)
        self.workers[role].remove(worker)
        self.join(role)

    def freeze_one(self, role: Role) -> Worker:
        """SIGSTOP at any moment; ``wake`` it later."""
        worker = self._chance.choice(self.workers[role])
        worker.send_signal(signal.SIGSTOP)
        return worker

    def freeze_at(self, point: Point) -> Worker:
        """A sessions worker joins and is frozen in the midst of a batch."""
        flag = self._of.logs.parent / f"frozen-{next(self._numbers)}"
        command = (sys.executable, str(FAILING_WORKER), point, str(self._chance.randrange(1, 6)), str(flag))
        worker = self._of.start("sessions", command, **self._env, THALWEG_TEST_SIGNAL="SIGSTOP")

        def frozen() -> bool:
            self.tend()
            return flag.exists() and is_stopped(worker)

        wait_until(frozen, PATIENCE, f"a worker frozen at {point}")
        return worker

    def wake_refused(self, worker: Worker) -> None:
        """SIGCONT after its partitions have moved: the changelog refuses it, and it ends."""
        assert is_stopped(worker)
        worker.send_signal(signal.SIGCONT)
        code = worker.wait(PATIENCE)
        assert code == EXIT_FAILED, f"exit {code} after it was woken: {self._told(worker)}"
        self.refused.append(worker)

    def tend(self) -> None:
        """Start again what ended."""
        for role, workers in self.workers.items():
            for worker in [worker for worker in workers if worker.poll() is not None]:
                workers.remove(worker)
                self.exits.append(worker.returncode)
                assert len(self.exits) < RESTARTED_TOO_OFTEN, self._told(worker)
                self.join(role)

    def _take_one(self, role: Role) -> Worker:
        self.tend()
        return self.workers[role].pop(self._chance.randrange(len(self.workers[role])))

    def _told(self, worker: Worker) -> str:
        return f"exit {worker.returncode}\n{self._of.log_of(worker).read_text()[-3000:]}"


def is_stopped(worker: Worker) -> bool:
    """Whether it is frozen."""
    return Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
