"""Workers of both roles that die, join, leave and freeze; what ends by itself is started again."""

import contextlib
import itertools
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from streams.agents.hooks import Point
from streams.agents.worker import Role
from streams.cli.main import INTERRUPTED
from streams.kafka.app import EXIT_FAILED
from streams.run.embedded import WORKER_COMMAND
from tests.flow.live import Installation
from tests.kafka.waiting import wait_until

Worker = subprocess.Popen[bytes]
FAILING_WORKER = Path(__file__).parents[1] / "flow" / "failing_worker.py"
LEFT = (0, INTERRUPTED, -signal.SIGINT, -signal.SIGTERM)
ROLES: tuple[Role, ...] = get_args(Role)
PATIENCE = 180.0
"""Seconds for anything, on a machine that does much else."""
RESTART_SECONDS = 3.0
"""What ended by itself is not started again sooner after the last time."""


class Fleet:
    """``exits`` are codes of workers that ended by themselves, ``refused`` those that woke and owned nothing more.

    ``command`` starts a worker of the role that is its last word.
    """

    def __init__(
        self,
        installation: Installation,
        chance: random.Random,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = WORKER_COMMAND,
        roles: Sequence[Role] = ROLES,
    ) -> None:
        self._of, self._chance, self._env, self._command = installation, chance, env or {}, command
        self._numbers = itertools.count(1)
        self._restarted = dict.fromkeys(roles, 0.0)
        self.workers: dict[Role, list[Worker]] = {role: [] for role in roles}
        self._leaving: list[Worker] = []
        self.refused: list[Worker] = []
        self.exits: list[int] = []

    def join(self, role: Role, command: Sequence[str] = ()) -> Worker:
        """One more."""
        worker = self._of.start(role, command or self._command, **self._env)
        self.workers[role].append(worker)
        return worker

    def start(self, each: int = 1) -> None:
        """So many of each role, the first of each ready."""
        for role in self.workers:
            self.join(role)
            self._of.await_ready(role)
            for _ in range(each - 1):
                self.join(role)

    def any_role(self) -> Role:
        """Drawn."""
        return self._chance.choice(list(self.workers))

    def kill_one(self, role: Role) -> None:
        """SIGKILL, whatever it does; another is started."""
        end(self._take_one(role))
        self.join(role)

    def leave_one(self, role: Role) -> float:
        """SIGTERM; seconds until it was gone."""
        began = time.monotonic()
        self.ask_to_leave(role)
        self.see_off()
        return time.monotonic() - began

    def ask_to_leave(self, role: Role) -> None:
        """SIGTERM; ``see_off`` waits for it."""
        self._leaving.append(self._take_one(role))
        self._leaving[-1].send_signal(signal.SIGTERM)

    def see_off(self) -> None:
        """Those that were asked end with 0, or by the signal where they had only begun to start.

        One that was being refused just then, as a zombie, ends with 70 all the same.
        """
        for worker in self._leaving:
            code = worker.wait(PATIENCE)
            assert code in LEFT or (code == EXIT_FAILED and self._is_refused(worker)), self._told(worker)
        self._leaving.clear()

    def leave_at_once(self, role: Role) -> float:
        """SIGTERM, and a second one; seconds until it was gone."""
        worker, began = self._take_one(role), time.monotonic()
        worker.send_signal(signal.SIGTERM)
        while worker.poll() is None and time.monotonic() < began + PATIENCE:
            time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
        assert worker.poll() is not None, self._told(worker)
        return time.monotonic() - began

    def leave_or_die(self, role: Role, grace: float) -> None:
        """SIGTERM, and SIGKILL to what is still there when the grace is over."""
        worker = self._take_one(role)
        worker.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(grace)
        end(worker)

    def die_at(self, point: str, nth: int) -> None:
        """One more joins in another's place, and is killed when it comes to ``point`` for the nth time."""
        role: Role = "enrich" if point.startswith("enrich") else "sessions"
        flag = self._of.logs.parent / f"died-{next(self._numbers)}"
        end(self._take_one(role))
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
        """Start again what ended, but not at once again and again."""
        for role, workers in self.workers.items():
            for worker in [worker for worker in workers if worker.poll() is not None]:
                if time.monotonic() < self._restarted[role] + RESTART_SECONDS:
                    continue
                self._restarted[role] = time.monotonic()
                workers.remove(worker)
                self.exits.append(worker.returncode)
                self.join(role)

    def tend_for(self, seconds: float) -> None:
        """Time passes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.tend()
            time.sleep(0.1)

    def _take_one(self, role: Role) -> Worker:
        self.tend()
        return self.workers[role].pop(self._chance.randrange(len(self.workers[role])))

    def _is_refused(self, worker: Worker) -> bool:
        """Whether the changelog's fence has refused its write."""
        refusal = rf"send to {re.escape(self._of.changelog)}\[\d+\]: ProducerFenced"
        return re.search(refusal, self._of.log_of(worker).read_text()) is not None

    def _told(self, worker: Worker) -> str:
        return f"exit {worker.returncode}\n{self._of.log_of(worker).read_text()[-3000:]}"


def end(worker: Worker) -> None:
    """Kill -9, of one that may have ended by itself."""
    worker.kill()
    worker.wait()


def is_stopped(worker: Worker) -> bool:
    """Whether it is frozen."""
    return Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
