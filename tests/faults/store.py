"""The store's server as a process that is killed, frozen and started again: port and password stay."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from streams.warehouse.embedded.server import HOST
from streams.warehouse.embedded.store import USER, StoreAddress, find_store
from tests.kafka.waiting import wait_until
from tests.warehouse.debian import free_port

START_SECONDS = 90.0
PASSWORD_VARIABLE = "FAULTS_STORE_PASSWORD"


class KillableStore:
    """One store folder and whoever serves it. ``address`` is the server's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder.with_suffix(".log")
        self.address = StoreAddress(HOST, free_port(), USER, secrets.token_urlsafe(24))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        where = (str(self._folder), str(self.address.port), PASSWORD_VARIABLE)
        command = [sys.executable, "-m", "tests.faults.serve_store", *where]
        with self._log.open("ab") as log:
            self._process = process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, PASSWORD_VARIABLE: self.address.password}
            )

        def answers() -> bool:
            assert process.poll() is None, self._log.read_text()[-3000:]
            return find_store(self._folder) is not None

        wait_until(answers, START_SECONDS, "the store answers")

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """SIGSTOP: it takes connections and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.thaw()
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def log(self) -> bytes:
        """All it wrote."""
        return self._log.read_bytes()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
