"""A line of a records file as the raw record it stands for. What no record can be made of is loaded as it is, under
format ``records``, so that it ends as a dead letter and is counted."""

import base64
import binascii

import msgspec

from streams.parse.json_guard import is_too_deep
from streams.parse.records_line import decode_line

MAX_BYTES = 1_000_000
"""Value and headers of one record."""
_OURS = frozenset({"control"})
"""Headers that a file may not set."""

RawRecord = tuple[bytes, dict[str, str]]
"""Value and headers."""


def raw_record(line: bytes) -> RawRecord | None:
    """Value and headers of a line; None where it is none, or above MAX_BYTES."""
    if is_too_deep(line):
        return None
    try:
        record = decode_line(line)
        value = _value(record.value, record.value_base64)
        headers = {name: str(text) for name, text in record.headers.items() if name not in _OURS}
        size = len(value) + sum(len(name.encode()) + len(text.encode()) for name, text in headers.items())
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        return None
    return (value, headers) if size <= MAX_BYTES else None


def _value(text: str | None, encoded: str | None) -> bytes:
    if encoded is None:
        return (text or "").encode()
    if text is not None:
        raise ValueError("both")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
