"""The door for notebooks: open a store, ask it SQL, read its sessions and paths."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from clickhouse_driver import Client

from models.paths import Paths, read_paths
from models.selection import Selection
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target


class Store:
    """An open store. One query at a time."""

    def __init__(self, client: Client, database: str) -> None:
        self.client = client
        self.database = database

    def frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pd.DataFrame:
        """The rows of one query, a column for each of its columns. Times are UTC. ``%(name)s`` takes a parameter."""
        columns, types = self.client.execute(sql, parameters or {}, with_column_types=True, columnar=True)
        names = [name for name, _ in types]
        return pd.DataFrame(dict(zip(names, columns or [[] for _ in names], strict=True)))

    def sessions(self, selection: Selection | None = None, columns: str = "*") -> pd.DataFrame:
        """Sessions of ``sessions_v``, one row each, in order of start; no bots and none cut at the step cap by default.

        ``columns``: SQL, e.g. ``"dvce_type, views, absolute_time_in_s"``. Units stand in the names: ``…_in_s`` are
        seconds, ``…_ms`` milliseconds, ``…_tstamp`` times in UTC.
        """
        chosen = selection or Selection()
        query = f"SELECT {columns} FROM sessions_v WHERE {chosen.condition()} ORDER BY start_tstamp, session_id"  # noqa: S608 - the reader's own SQL
        return self.frame(query, chosen.parameters())

    def paths(self, selection: Selection | None = None, *, fold: bool = False) -> Paths:
        """Step sequences with learned URL templates: see models.paths.Paths for shapes and units."""
        return read_paths(self.client, self.database, selection, fold=fold)


@contextmanager
def open_store(store: str | Path) -> Iterator[Store]:
    """A store by its folder or by ``clickhouse://user@host:port/database``, its embedded server running meanwhile.

    Raises ConfigError (a bad address), StoreError (no store there).
    """
    with open_target(str(store), load_settings(None), must_exist=True) as target:
        client = make_client(target.clickhouse, target.password, in_database=True)
        try:
            yield Store(client, target.clickhouse.database)
        finally:
            client.disconnect()
