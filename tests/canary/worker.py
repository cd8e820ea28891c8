"""A worker whose metrics can be read: python worker.py FOLDER ROLE; its port goes to FOLDER/ROLE.port."""

import socket
import sys
from pathlib import Path

from streams.agents.worker import run_worker
from streams.settings import load_settings


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    _folder, _role = sys.argv[1:3]
    _port = free_port()
    (Path(_folder) / f"{_role}.port").write_text(str(_port))
    run_worker(_role, load_settings(None).model_copy(update={"metrics_port": _port}))  # type: ignore[arg-type]
