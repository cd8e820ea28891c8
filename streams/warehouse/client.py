"""Clients of the warehouse: one place where the driver's defaults are put right."""

import logging
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from clickhouse_driver import Client

from streams.errors import ConfigError
from streams.settings import ClickHouseSettings

CONNECT_TIMEOUT = 5
"""Seconds to connect."""
ANSWER_TIMEOUT = 60
"""Seconds without a byte from the server before a query counts as failed."""
KEEPALIVE = (30, 10, 3)
"""TCP keepalive: idle seconds, seconds between probes, probes. The driver's default is none at all."""

PLAIN_PORT, TLS_PORT = 9000, 9440

# The driver warns with a traceback at each failed connect, and raises as well: who catches it says it in one line.
logging.getLogger("clickhouse_driver.connection").setLevel(logging.ERROR)

_HAS_TABLE = "SELECT count() > 0 FROM system.tables WHERE database = %(database)s AND name = %(name)s"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STORE_URL = re.compile(r"clickhouses?://[^/?#\s]+(/\w*)?")
_UNREADABLE = "the store's address cannot be read"
_URL_MEND = "write it as clickhouse://user@host:port/database"


def make_client(
    settings: ClickHouseSettings, password: str, *, in_database: bool = False, answer_timeout: float = ANSWER_TIMEOUT
) -> Client:
    """A client that connects at its first query. It serves one thread.

    With ``in_database`` unqualified names mean ``settings.database``, which must exist; without, the server's default
    database holds (our own queries name the database).
    """
    options = client_options(settings, password, in_database=in_database)
    return Client(**{**options, "send_receive_timeout": answer_timeout})


def client_options(settings: ClickHouseSettings, password: str, *, in_database: bool = False) -> dict[str, Any]:
    """What ``make_client`` gives the driver; for makers of other kinds of client."""
    return {
        "host": settings.host,
        "port": settings.port,
        "user": settings.user,
        "password": password,
        "database": identifier(settings.database) if in_database else "",
        "client_name": "thalweg",
        "connect_timeout": CONNECT_TIMEOUT,
        "send_receive_timeout": ANSWER_TIMEOUT,
        "tcp_keepalive": KEEPALIVE,
        "secure": settings.secure,
        "verify": True,
        "ca_certs": str(settings.ca_certs) if settings.ca_certs else None,
    }


def parse_store_url(url: str) -> ClickHouseSettings:
    """``clickhouse://user@host:port/db`` (``clickhouses://`` for TLS) as settings; what is left out keeps its default.

    Raises ConfigError where it is no such address, or carries a password (it would show in the process list).
    """
    if not _STORE_URL.fullmatch(url):
        raise ConfigError(_UNREADABLE, _URL_MEND)
    parts = urlsplit(url)
    secure = parts.scheme == "clickhouses"
    try:
        given = {
            "host": parts.hostname,
            "port": parts.port or (TLS_PORT if secure else PLAIN_PORT),
            "user": unquote(parts.username or ""),
            "database": parts.path.strip("/"),
        }
        settings = ClickHouseSettings.model_validate({k: v for k, v in given.items() if v} | {"secure": secure})
    except ValueError:  # pydantic's ValidationError is one
        raise ConfigError(_UNREADABLE, _URL_MEND) from None
    if parts.password is not None:
        raise ConfigError(
            "the store's address holds a password", "leave it out and set THALWEG_CLICKHOUSE_PASSWORD instead"
        )
    return settings


def has_table(client: Client, database: str, name: str) -> bool:
    """Whether a table or view is there; not where the database is not."""
    ((there,),) = client.execute(_HAS_TABLE, {"database": database, "name": name})
    return bool(there)


def qualified(query: str, database: str) -> str:
    """``query`` with ``{database}`` filled in. Values never go this way: they are the driver's parameters."""
    return query.replace("{database}", identifier(database))


def identifier(name: str) -> str:
    """``name``, safe to stand in SQL as it is. Raises ConfigError where it is not a plain identifier."""
    if not _IDENTIFIER.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot name a database, table or column", "use letters, digits and _, not a digit first"
        )
    return name
