"""Turns what the server or the wire says into a StoreError a person can read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver.errors import Error, ErrorCodes, ServerException

from streams.errors import StoreError

_LONGEST = 600
"""Characters of the server's words: some quote the whole statement."""
_NAMED = re.compile(r"\s*\(([A-Z][A-Z0-9_]{2,})\)")
_CUT = re.compile(r"[.\s]*Stack trace:.*|[.:,\s]*Expected one of:.*", re.DOTALL)
_NAMES = {code: name for name, code in vars(ErrorCodes).items() if isinstance(code, int)}


@contextmanager
def as_store_error() -> Iterator[None]:
    """Raise StoreError, with the server's words on one line, code and name, for any driver error inside."""
    try:
        yield
    except ServerException as error:
        raise StoreError(_words(int(error.code), error.message or "")) from error
    except (Error, EOFError, ConnectionError, TimeoutError) as error:
        raise StoreError(f"no answer from ClickHouse: {error}", "check the store's address and that it runs") from error


def _words(code: int, message: str) -> str:
    """Without the stack trace (the driver's part) and without the list of all that could have stood there."""
    names = _NAMED.findall(message.partition("Stack trace:")[0])
    name = names[-1] if names else _NAMES.get(code, "")
    text = " ".join(_CUT.sub("", message).removeprefix("DB::Exception: ").replace(f"({name})", "").split())
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return f"ClickHouse code {code}{f' ({name})' if name else ''}: {short}"
