"""Format ``snowplow-thrift``: what the Snowplow collector writes to its raw topic, a Thrift CollectorPayload.

Source: iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-0; Thrift's TBinaryProtocol
(github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md).
"""

from collections.abc import Mapping

import msgspec
from thrift.protocol import fastbinary
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TException, TType
from thrift.transport.TTransport import TMemoryBuffer

from streams.outcome import Dead, Reason
from streams.parse.inflate import inflate
from streams.parse.known_contexts import MAX_HINTS
from streams.parse.options import ParseOptions
from streams.parse.range import in_range
from streams.parse.result import Empty, Headers, Parsed, Parser
from streams.parse.routes import SNOWPLOW, format_of
from streams.parse.sender import Sender
from streams.parse.snowplow import read_payload

SCHEMA = "iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-"
MAX_HTTP_HEADERS = 1_000
_SCHEMA_ID = 31337
_FIELDS: Mapping[int, tuple[str, str]] = {
    10: ("querystring", "BINARY"),
    20: ("collector", "UTF8"),
    30: ("encoding", "UTF8"),
    40: ("hostname", "UTF8"),
    60: ("ip_address", "UTF8"),
    70: ("user_agent", "UTF8"),
    80: ("referrer", "UTF8"),
    100: ("network_user_id", "UTF8"),
    110: ("path", "UTF8"),
    120: ("content_type", "UTF8"),
    130: ("body", "BINARY"),
    _SCHEMA_ID: ("schema", "UTF8"),
}
_GZIP = b"\x1f\x8b"


class CollectorPayload:
    """The payload as the Thrift library fills it: a field that was not sent is None."""

    schema: str | None = None
    querystring: bytes | None = None
    timestamp: int | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    referrer: str | None = None
    headers: list[str] | None = None
    network_user_id: str | None = None
    path: str | None = None
    content_type: str | None = None
    body: bytes | None = None

    @staticmethod
    def spec() -> tuple[tuple[object, ...] | None, ...]:
        """The struct as the library's decoder wants it: by field id, (id, type, name, type's own spec, default)."""
        fields: list[tuple[object, ...] | None] = [None] * (_SCHEMA_ID + 1)
        for number, (name, kind) in _FIELDS.items():
            fields[number] = (number, TType.STRING, name, kind, None)
        fields[50] = (50, TType.I64, "timestamp", None, None)
        fields[90] = (90, TType.LIST, "headers", (TType.STRING, "UTF8", False), None)
        return tuple(fields)


_SPEC = [CollectorPayload, CollectorPayload.spec()]


def make_snowplow_thrift(options: ParseOptions = ParseOptions()) -> Parser:  # noqa: B008 - a frozen struct
    """A parser of collector payloads: the query string goes before the body's keys, event fields before the payload's.

    Lengths are checked against the bytes that are there before anything is allocated, containers against a limit.
    Dead: syntax (no such struct, cut short, bytes behind it), encoding (a query string that is no UTF-8; in other texts
    such bytes become U+FFFD), tracker_unknown (a path that is not the tracker protocol's), and all that format
    ``snowplow`` knows.
    """

    def parse(value: bytes, headers: Headers) -> Parsed:
        if len(value) > 2 * options.record_bytes:
            return Dead(Reason.TOO_LARGE, f"{len(value)} bytes")
        body = inflate(value, "gzip", 2 * options.record_bytes) if value[:2] == _GZIP else value
        if isinstance(body, Dead):
            return body
        if not body:
            return Empty(Reason.BLANK)
        payload = read_payload_struct(body)
        return payload if isinstance(payload, Dead) else _events(payload, headers, options)

    return parse


def read_payload_struct(value: bytes) -> CollectorPayload | Dead:
    """The payload of Thrift bytes."""
    transport = TMemoryBuffer(value)
    protocol = TBinaryProtocol(
        transport, string_length_limit=len(value), container_length_limit=min(MAX_HTTP_HEADERS, len(value))
    )
    payload = CollectorPayload()
    try:
        fastbinary.decode_binary(payload, protocol, _SPEC)
    except (TException, EOFError, OverflowError, TypeError, ValueError) as error:
        return Dead(Reason.SYNTAX, f"no CollectorPayload: {type(error).__name__} {error}"[:200])
    if not (payload.schema or "").startswith(SCHEMA):
        return Dead(Reason.SYNTAX, f"no CollectorPayload: schema {payload.schema}"[:200])
    if transport.cstringio_buf.tell() != len(value):
        return Dead(Reason.SYNTAX, "bytes behind the payload")
    return payload


def _events(payload: CollectorPayload, headers: Headers, options: ParseOptions) -> Parsed:
    path = payload.path or ""
    if format_of(path) != SNOWPLOW:
        return Dead(Reason.TRACKER_UNKNOWN, f"path {path[:200]}")
    tstamp = payload.timestamp
    if tstamp is not None and not in_range(tstamp):
        return Dead(Reason.TIME_RANGE, f"timestamp {tstamp}")
    try:
        query = (payload.querystring or b"").decode()
    except UnicodeDecodeError as error:
        return Dead(Reason.ENCODING, f"byte {error.start} of the query string is not UTF-8")
    told = _http_headers(payload.headers or ())
    sender = Sender(
        headers.get("app_id", ""),
        payload.ip_address or "",
        payload.user_agent or "",
        payload.network_user_id or "",
        payload.referrer or "",
        tstamp,
        _hints(told),
    )
    return read_payload(payload.body or b"", query, sender, options)


def _http_headers(lines: list[str] | tuple[str, ...]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _hints(told: Mapping[str, str]) -> str:
    """Client hints as ``navigator.userAgentData`` names them. Source: wicg.github.io/ua-client-hints."""
    found: dict[str, object] = {name: told[header].strip('"') for header, name in _HINTS.items() if header in told}
    if "sec-ch-ua-mobile" in told:
        found["mobile"] = told["sec-ch-ua-mobile"] == "?1"
    text = msgspec.json.encode(found).decode() if found else ""
    return text if len(text) <= MAX_HINTS else ""


_HINTS = {
    "sec-ch-ua-platform": "platform",
    "sec-ch-ua-platform-version": "platformVersion",
    "sec-ch-ua-model": "model",
    "sec-ch-ua-arch": "architecture",
    "sec-ch-ua-full-version": "uaFullVersion",
}
