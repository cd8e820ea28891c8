"""Format ``records``: a line of a records file that the loader could not make a record of."""

import msgspec

from streams.outcome import Dead, Reason
from streams.parse.json_guard import decoded, unfit
from streams.parse.options import ParseOptions
from streams.parse.result import Empty, Headers, Parsed, Parser


class Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One raw record as JSON: its headers, and its value as text or in base64."""

    headers: dict[str, str | int] = {}
    value: str | None = None
    value_base64: str | None = None


decode_line = msgspec.json.Decoder(Line).decode


def make_records_line(options: ParseOptions = ParseOptions()) -> Parser:  # noqa: B008 - a frozen struct
    """A parser that says why the line is no record: it gives no event."""

    def parse(value: bytes, _headers: Headers) -> Parsed:
        if not value.strip():
            return Empty(Reason.BLANK)
        if len(value) > options.record_bytes:
            return Dead(Reason.TOO_LARGE, f"more than {options.record_bytes} bytes")
        dead = unfit(value)
        if dead is not None:
            return dead
        line = decoded(decode_line, value)
        if isinstance(line, Dead):
            return line
        if line.value is not None and line.value_base64 is not None:
            return Dead(Reason.FIELD_TYPE, "value and value_base64")
        return Dead(Reason.ENCODING, "value_base64 is no base64")

    return parse
