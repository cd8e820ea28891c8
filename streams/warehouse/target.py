"""What --store names: a folder with the embedded server, or a ClickHouse by URL; with its password and secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from streams.secret import read_secret, store_secret
from streams.settings import ClickHouseSettings, Settings
from streams.warehouse.client import parse_store_url
from streams.warehouse.embedded.store import open_store


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows go. ``folder`` is None for a ClickHouse by URL. The repr hides password and secret."""

    clickhouse: ClickHouseSettings
    password: str
    secret: bytes
    folder: Path | None = None

    def __repr__(self) -> str:
        return f"Target({self.clickhouse!r}, folder={self.folder})"


@contextmanager
def open_target(store: str, settings: Settings) -> Iterator[Target]:
    """The store of a command, its embedded server running meanwhile where it is a folder.

    Raises ConfigError (a URL without a secret), StoreError (the server does not start).
    """
    if store.startswith("clickhouse://"):
        password = settings.clickhouse_password.get_secret_value()
        yield Target(clickhouse=parse_store_url(store), password=password, secret=read_secret(settings))
        return
    folder = Path(store)
    with open_store(folder) as address:
        clickhouse = ClickHouseSettings(
            host=address.host, port=address.port, user=address.user, database=settings.clickhouse.database
        )
        named = settings.secret is not None or settings.secret_file is not None
        secret = read_secret(settings) if named else store_secret(folder)
        yield Target(clickhouse=clickhouse, password=address.password, secret=secret, folder=folder)
