"""``python -m streams.warehouse.embedded DIR``: serve the store in DIR until told to stop."""

import argparse
import logging
import os
import secrets
import select
import signal
import sys
import time
from pathlib import Path
from threading import Thread
from types import FrameType

import msgspec

# Before the engine starts: DateTime without a zone means UTC whatever the machine says.
os.environ["TZ"] = "UTC"
time.tzset()
# chdb loads pyarrow where it finds it; nothing here uses it, and without it the server is up 0.4 s sooner.
sys.modules["pyarrow"] = None  # type: ignore[assignment]

from streams.errors import StoreError  # noqa: E402
from streams.warehouse.embedded.engine import Engine, wait_until_free  # noqa: E402
from streams.warehouse.embedded.server import HOST, Server  # noqa: E402
from streams.warehouse.embedded.session import Account  # noqa: E402
from streams.warehouse.embedded.store import (  # noqa: E402
    ADDRESS_FILE,
    DATA_FOLDER,
    USER,
    ServerRecord,
    find_store,
    is_alive,
    make_store_dir,
)

_POLL_SECONDS = 0.5

_log = logging.getLogger("streams.warehouse.embedded")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 after a stop, 3 if the store cannot be opened."""
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        return serve(options.dir, options.port, os.getppid() if options.die_with_parent else options.parent_pid)
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def serve(path: Path, port: int, parent_pid: int | None, password: str = "") -> int:
    """Open the store, write its address, serve, take the address away. Raises StoreError if it cannot be opened.

    Without ``password`` each start has one of its own.
    """
    os.umask(0o077)  # the engine makes its files for everybody
    make_store_dir(path)
    wait_until_free(path / DATA_FOLDER, lambda: find_store(path) is not None)
    engine = Engine(path / DATA_FOLDER)
    account = Account(USER, password or secrets.token_urlsafe(24))
    try:
        server = Server(engine, account, port)
    except OSError as error:
        raise StoreError(f"cannot listen on {HOST}:{port}: {error.strerror}", "choose another port, or 0") from error
    _stop_on_signals(server)
    if parent_pid is not None:
        Thread(target=_stop_after, args=(parent_pid, server), daemon=True).start()
    _write_address(path, ServerRecord(HOST, server.port, os.getpid(), account.user, account.password))
    _log.info("store %s: engine %s on %s:%d, pid %d", path, engine.version, HOST, server.port, os.getpid())
    finished = server.serve()
    _remove_address(path)
    if not finished:
        _log.warning("stopped in the middle of a statement: it ran longer than the deadline")
        logging.shutdown()
        os._exit(0)
    engine.close()
    _log.info("store %s: stopped", path)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams.warehouse.embedded", description=__doc__)
    parser.add_argument("dir", type=Path, help="the store's folder; made if it is not there")
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0 is any free one")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--die-with-parent", action="store_true", help="stop when the starting process ends")
    group.add_argument("--parent-pid", type=int, help="stop when this process ends")
    return parser


def _stop_on_signals(server: Server) -> None:
    def stop(_signum: int, _frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _stop_after(pid: int, server: Server) -> None:
    _wait_for_end(pid)
    server.stop()


def _wait_for_end(pid: int) -> None:
    """Block until process ``pid`` has ended, however it ended: kill -9 is noticed too."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:  # an old kernel
        while is_alive(pid):
            time.sleep(_POLL_SECONDS)
    else:
        select.select([fd], [], [])


def _write_address(path: Path, record: ServerRecord) -> None:
    """All or nothing, readable by the owner only."""
    temporary = path / f".{ADDRESS_FILE}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(record))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path / ADDRESS_FILE)


def _remove_address(path: Path) -> None:
    """Only our own: the folder is still locked, so nobody else has written one."""
    (path / ADDRESS_FILE).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
