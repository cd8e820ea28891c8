"""Turns what the server or the wire says into a StoreError a person can read."""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver.errors import Error, ServerException

from streams.errors import StoreError


@contextmanager
def as_store_error() -> Iterator[None]:
    """Raise StoreError, with the server's first line and code, for any driver error inside."""
    try:
        yield
    except ServerException as error:
        text = error.message.splitlines()[0] if error.message else ""
        raise StoreError(f"ClickHouse code {error.code}: {text}") from error
    except (Error, OSError, EOFError) as error:
        raise StoreError(f"no answer from ClickHouse: {error}", "check the store's address and that it runs") from error
