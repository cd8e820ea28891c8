"""A store folder: find its running server, or start one for as long as it is needed."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
from clickhouse_driver.connection import Connection
from clickhouse_driver.errors import Error

from streams.errors import StoreError

ADDRESS_FILE = "server.json"
LOG_FILE = "server.log"
DATA_FOLDER = "data"
"""What the engine owns, inside the store's folder."""
USER = "default"
"""Of the store's server, as of any ClickHouse."""
_START_LOCK = "start.lock"
_USE_LOCK = "use.lock"
"""Held together by all that have the store open."""
LEAVE_SECONDS = 10.0
"""How long a starter that is done waits for others that use its server."""
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
_PING_SECONDS = 10.0
_POLL_SECONDS = 0.02
_LOG_LINES = 15


class StoreAddress(msgspec.Struct, frozen=True):
    """Where a store's server listens and how to get in: what ``clickhouse_driver.Client`` takes."""

    host: str
    port: int
    user: str
    password: str

    def __repr__(self) -> str:
        return f"StoreAddress({self.user}@{self.host}:{self.port})"


class ServerRecord(msgspec.Struct, frozen=True):
    """What ``server.json`` holds."""

    host: str
    port: int
    pid: int
    user: str
    password: str

    @property
    def address(self) -> StoreAddress:
        """Without the process id."""
        return StoreAddress(self.host, self.port, self.user, self.password)


def find_store(path: Path) -> StoreAddress | None:
    """The server of the store at ``path`` if it is alive and answers to the password in its file, else None."""
    try:
        record = msgspec.json.decode((path / ADDRESS_FILE).read_bytes(), type=ServerRecord)
    except (OSError, msgspec.DecodeError):
        return None
    return record.address if is_alive(record.pid) and _answers(record.address) else None


@contextmanager
def open_store(path: Path) -> Iterator[StoreAddress]:
    """The store's running server, or one started here as a child process and stopped at the end.

    A started one ends with its starter, however that ends; others that use it have LEAVE_SECONDS to be done.
    Raises StoreError if it does not come up.
    """
    make_store_dir(path)
    child = None
    try:
        with os.fdopen(os.open(path / _USE_LOCK, os.O_RDONLY | os.O_CREAT, 0o600), "rb") as use:
            with _starting(path):
                address = find_store(path)
                if address is None:
                    child = _start(path)
                    address = _wait_until_ready(path, child)
                _locks(use.fileno(), fcntl.LOCK_SH)
            yield address
    finally:
        if child is not None:
            _stop_when_left(path, child)


def is_store(path: Path) -> bool:
    """Whether a server has made the folder ``path`` a store: a folder ``data`` alone is anybody's."""
    signs = (path / _START_LOCK, path / DATA_FOLDER / "metadata", path / DATA_FOLDER / "status")
    return (path / DATA_FOLDER).is_dir() and any(sign.exists() for sign in signs)


def make_store_dir(path: Path) -> None:
    """Make the folder with mode 0700 if it is not there; an empty one of ours, or a store, gets that mode.

    Raises StoreError if it cannot be a store's folder.
    """
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path}: is a file, and a store is a folder", "name another folder")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot make the store's folder: {error.strerror}") from error
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise StoreError(f"{path}: this user may not write into the store's folder", "change its owner or mode")
    if path.stat().st_uid == os.geteuid() and (is_store(path) or not any(path.iterdir())):
        path.chmod(0o700)


@contextmanager
def _starting(path: Path) -> Iterator[None]:
    """One starter at a time: the others wait, then find the server of the first."""
    with os.fdopen(os.open(path / _START_LOCK, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
        deadline = time.monotonic() + READY_SECONDS
        while not _locks(lock.fileno()):
            if time.monotonic() > deadline:
                raise StoreError(f"{path}: another process has been starting its server for {READY_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)
        yield


def _stop_when_left(path: Path, child: "subprocess.Popen[bytes]") -> None:
    """Who opens the store now waits until ours has stopped; who uses it already may be done first."""
    with ExitStack() as stack:
        try:
            with suppress(OSError):  # the folder is gone
                start, use = (stack.enter_context((path / name).open("rb")) for name in (_START_LOCK, _USE_LOCK))
                deadline = time.monotonic() + LEAVE_SECONDS
                while not (_locks(start.fileno()) and _locks(use.fileno())) and time.monotonic() < deadline:
                    time.sleep(_POLL_SECONDS)
        finally:
            _stop(child)


def _locks(fd: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(path: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "streams.warehouse.embedded", str(path), "--parent-pid", str(os.getpid())]
    log = os.open(path / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        # In a session of its own: Ctrl-C reaches the starter, and the starter stops its server last.
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=_environment()
        )
    finally:
        os.close(log)


def _environment() -> dict[str, str]:
    """The child finds this very package, wherever the starter found it."""
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _wait_until_ready(path: Path, child: "subprocess.Popen[bytes]") -> StoreAddress:
    """Raises StoreError, with the child stopped, if it does not answer in time."""
    deadline = time.monotonic() + READY_SECONDS
    try:
        while time.monotonic() < deadline and child.poll() is None:
            if (address := find_store(path)) is not None:
                return address
            time.sleep(_POLL_SECONDS)
    except BaseException:
        _stop(child)
        raise
    _stop(child)
    raise StoreError(f"{path}: the store's server did not come up\n{_log_tail(path)}", f"read {path / LOG_FILE}")


def _log_tail(path: Path) -> str:
    try:
        lines = (path / LOG_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(f"  | {line}" for line in lines[-_LOG_LINES:])


def _stop(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def is_alive(pid: int) -> bool:
    """Whether there is a process ``pid``."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _answers(address: StoreAddress) -> bool:
    connection = Connection(
        address.host,
        address.port,
        user=address.user,
        password=address.password,
        connect_timeout=_PING_SECONDS,
        send_receive_timeout=_PING_SECONDS,
        sync_request_timeout=_PING_SECONDS,
    )
    try:
        connection.connect()
        return bool(connection.ping())
    except (Error, OSError, EOFError):
        return False
    finally:
        connection.disconnect()
