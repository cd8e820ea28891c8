"""What --store names: a folder with the embedded server, or a ClickHouse by URL."""

import fcntl
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from streams.errors import StoreError
from streams.secret import read_secret, store_secret
from streams.settings import ClickHouseSettings, Settings
from streams.warehouse.client import parse_store_url
from streams.warehouse.embedded.store import is_store, open_store

WRITE_LOCK = "write.lock"
URL_SCHEMES = ("clickhouse://", "clickhouses://")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows go. ``folder`` is None for a ClickHouse by URL. The repr hides the password."""

    clickhouse: ClickHouseSettings
    password: str
    folder: Path | None = None

    def secret(self, settings: Settings) -> bytes:
        """The secret of the keyed hashes: the one that is set, else the folder's own. Raises ConfigError."""
        if self.folder is None or settings.secret is not None or settings.secret_file is not None:
            return read_secret(settings)
        return store_secret(self.folder)

    def __repr__(self) -> str:
        return f"Target({self.clickhouse!r}, folder={self.folder})"


@contextmanager
def alone(target: Target) -> Iterator[None]:
    """No other run or rebuild writes to the store meanwhile; a ClickHouse by URL has no such lock.

    Raises StoreError when another one does.
    """
    if target.folder is None:
        yield
        return
    with (target.folder / WRITE_LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{target.folder}: another run or rebuild writes to this store", "wait for its end"
            ) from None
        yield


@contextmanager
def open_target(store: str, settings: Settings, *, must_exist: bool = False) -> Iterator[Target]:
    """The store of a command, its embedded server running meanwhile where it is a folder.

    With ``must_exist`` a folder that is no store yet is refused, and stays as it is.
    Raises ConfigError (a bad URL), StoreError (no store there; the server does not start).
    """
    if store.startswith(URL_SCHEMES):
        password = settings.clickhouse_password.get_secret_value()
        yield Target(clickhouse=parse_store_url(store), password=password)
        return
    folder = Path(store)
    if must_exist and not is_store(folder):
        raise _no_store(folder)
    with open_store(folder) as address:
        clickhouse = ClickHouseSettings(
            host=address.host, port=address.port, user=address.user, database=settings.clickhouse.database
        )
        yield Target(clickhouse=clickhouse, password=address.password, folder=folder)


def _no_store(folder: Path) -> StoreError:
    if folder.exists() and not folder.is_dir():
        return StoreError(f"{folder}: is a file, and a store is a folder", "name the store's folder")
    made = f"`thalweg run … --store {shlex.quote(str(folder))}` makes one"
    return StoreError(f"no store at {folder}", f"name the store's folder; {made}")
