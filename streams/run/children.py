"""Child processes that are restarted when they die, and never outlive us."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.errors import StoreError
from streams.processes import die_with_parent

VAIN_DEATHS = 4
"""A child that died so many times without any progress between has a bug or a setting, not a fault."""
LAST_LINES = 15


class Child:
    """One named worker process. Its output goes to ``log``; its CPU seconds add up over restarts.

    It has its own session, so that Ctrl-C in a terminal reaches only the supervisor, who stops the children in order.
    """

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.restarts = 0
        self.cpu_seconds = 0.0
        self._vain_deaths = 0
        self._progress = -1
        self._told = False
        self._command = list(command)
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, appending to its log."""
        self._told = False
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - no threads are started before the children
            )

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    def supervise(self, progress: int = 0) -> bool:
        """Restart it if it died; True when it had. Raises StoreError after VAIN_DEATHS at the same ``progress``."""
        if not self._reap(block=False):
            return False
        self.restarts += 1
        self._vain_deaths = self._vain_deaths + 1 if progress == self._progress else 1
        self._progress = progress
        if self._vain_deaths >= VAIN_DEATHS:
            raise StoreError(
                f"the {self.name} worker dies again and again; its last words:\n{last_words(self.log)}",
                f"read {self.log}",
            )
        self.start()
        return True

    def terminate(self) -> None:
        """SIGTERM, once; ``stop`` waits for the end."""
        if self._process is not None and not self._told:
            self._told = True
            os.kill(self._process.pid, signal.SIGTERM)  # send_signal would reap a dead one, and lose its CPU time

    def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL after ``grace`` seconds."""
        if self._process is None:
            return
        self.terminate()
        deadline = time.monotonic() + grace
        while not self._reap(block=False):
            if time.monotonic() > deadline:
                os.kill(self._process.pid, signal.SIGKILL)
                self._reap(block=True)
                return
            time.sleep(0.05)

    def _reap(self, *, block: bool) -> bool:
        """True when the process has ended; its CPU time is added up once."""
        if self._process is None:
            return False
        pid, status, usage = os.wait4(self._process.pid, 0 if block else os.WNOHANG)
        if pid == 0:
            return False
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._process = None
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        return True


def last_words(log: Path) -> str:
    """The end of a log from its last error on, else its last lines."""
    lines = log.read_text(errors="replace").splitlines()
    errors = [number for number, line in enumerate(lines) if "[ERROR]" in line or line.startswith("thalweg:")]
    start = errors[-1] if errors else max(0, len(lines) - LAST_LINES)
    return "\n".join(lines[start : start + LAST_LINES])
