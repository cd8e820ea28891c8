"""Query strings as fields."""

from collections.abc import Container
from urllib.parse import unquote_to_bytes

from streams.memo import remember

MAX_PAIRS = 1_000


@remember
def _unescaped(value: str) -> str:
    """Raises UnicodeDecodeError."""
    return unquote_to_bytes(value).decode()


def query_of(target: str) -> str:
    """The query of a request's target (``/i?e=pv``), without fragment; empty where it has none."""
    return target.partition("?")[2].partition("#")[0]


def read_query(query: str, known: Container[str]) -> dict[str, str]:
    """The known, non-empty fields of a query string; the last of equal names counts.

    Raises UnicodeDecodeError for escapes that are no UTF-8, ValueError for too many pairs.
    Source: url.spec.whatwg.org/#urlencoded-parsing (``+`` is a space), but bytes that are no UTF-8 are refused.
    """
    pairs = query.split("&")
    if len(pairs) > MAX_PAIRS:
        raise ValueError(f"{len(pairs)} fields")
    fields: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not value or name not in known:
            continue
        if "+" in value:
            value = value.replace("+", " ")
        fields[name] = _unescaped(value) if "%" in value else value
    return fields
