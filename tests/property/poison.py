"""Bodies that break parsers, for every format: the corpus of the fuzz run."""

import base64
import gzip
import json
import struct
from typing import Any

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

from streams.parse.snowplow_thrift import SCHEMA

PAYLOAD = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1"
UNSTRUCT = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"

TEXT_FIELDS: dict[int, str] = {
    20: "collector", 30: "encoding", 40: "hostname", 60: "ip", 70: "useragent", 80: "referrer", 10: "querystring",
    100: "network_userid", 110: "path", 120: "content_type", 31337: "schema",
}  # fmt: skip


def tp2(**keys: Any) -> dict[str, Any]:
    """One good event, with some keys changed; None takes one out."""
    event = {"e": "pv", "p": "web", "tv": "js-4", "url": "https://shop.example/", "eid": None, "stm": None} | keys
    return {key: value for key, value in event.items() if value is not None}


def body(*events: Any) -> bytes:
    """A payload of events."""
    return json.dumps({"schema": PAYLOAD, "data": list(events)}).encode()


def self_describing(schema: str, data: Any) -> str:
    """Key ``ue_pr``."""
    return json.dumps({"schema": UNSTRUCT, "data": {"schema": schema, "data": data}})


def contexts(*entities: tuple[str, Any]) -> str:
    """Key ``co``."""
    return json.dumps({"schema": CONTEXTS, "data": [{"schema": schema, "data": data} for schema, data in entities]})


def encoded(text: str | bytes) -> str:
    """As ``cx`` and ``ue_px`` come: URL-safe base64 without padding."""
    raw = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def collector_payload(**fields: Any) -> bytes:
    """Thrift bytes by the library's own writer."""
    buffer = TMemoryBuffer()
    out = TBinaryProtocol(buffer)
    values: dict[str, Any] = {"schema": SCHEMA + "0", "path": "/i", "timestamp": 1_716_164_880_000} | fields
    for number, name in TEXT_FIELDS.items():
        if values.get(name) is not None:
            out.writeFieldBegin(name, TType.STRING, number)
            out.writeString(values[name])
    if values.get("timestamp") is not None:
        out.writeFieldBegin("timestamp", TType.I64, 50)
        out.writeI64(values["timestamp"])
    if values.get("headers") is not None:
        out.writeFieldBegin("headers", TType.LIST, 90)
        out.writeListBegin(TType.STRING, len(values["headers"]))
        for line in values["headers"]:
            out.writeString(line)
    if values.get("body") is not None:
        out.writeFieldBegin("body", TType.STRING, 130)
        out.writeBinary(values["body"])
    out.writeFieldStop()
    return bytes(buffer.getvalue())


DEEP = b"[" * 100_000 + b"]" * 100_000
LONG_TEXT = "x" * 2_000_000
DIGITS = b"9" * 5_000

_TEXTS = ["a\0b", "\ud800", "x" * 9_000, LONG_TEXT, "NaN", "1e999", "-1", "\x7f\u202e", "é" * 4_000]
_VALUES = [None, True, 1, -1.5, [], {}, [["a"]], {"a": {"b": None}}, "", 10**30]

THRIFT_TYPES = range(17)


def thrift_poison() -> list[bytes]:
    """Truncated payloads, lengths that lie, nested and unknown types."""
    good = collector_payload(querystring="e=pv&p=web&tv=x", headers=["Accept: */*"], body=b"{}")
    cut = [good[:length] for length in range(0, len(good), 7)]
    lies = [
        b"\x0b\x00\x0a" + struct.pack(">i", length) + b"abc" for length in (-1, 4, 1 << 20, (1 << 31) - 1, -(1 << 31))
    ]
    containers = [
        bytes([kind]) + b"\x00\x5a" + bytes([element]) + struct.pack(">i", size)
        for kind in (13, 14, 15)
        for element in (2, 3, 11, 12, 15)
        for size in (-1, 1 << 16, 1 << 24, (1 << 31) - 1)
    ]
    nested = [b"\x0c\x00\x01" * depth for depth in (10, 1_000, 100_000)]
    lists = [b"\x0f\x00\x5a" + b"\x0f\x00\x00\x00\x01" * depth for depth in (10, 1_000, 100_000)]
    unknown = [bytes([kind]) + b"\x7f\xff" + b"\0" * 64 for kind in THRIFT_TYPES]
    bad_text = good.replace(b"Accept", b"\xff\xfeccpt")
    return [*cut, *lies, *containers, *nested, *lists, *unknown, bad_text, good + b"x", good * 2]


def snowplow_poison() -> list[bytes]:
    """Bodies and query strings."""
    keys = ("e", "p", "tv", "eid", "url", "page", "duid", "uid", "res", "vp", "dtm", "stm", "ttm", "se_va", "cx", "co")
    odd = [body(tp2(**{key: value})) for key in (*keys, "ue_px", "ue_pr", "vid", "pp_mix") for value in _VALUES]
    texts = [body(tp2(**{"e": "ue", key: text})) for key in (*keys, "ue_pr") for text in _TEXTS]
    inner = [DEEP, b"\xff", b'{"schema":', DIGITS, b"null", b"[]", b'{"schema":1,"data":2}']
    packed = [body(tp2(e="ue", ue_px=encoded(raw), cx=encoded(raw))) for raw in inner]
    bomb = encoded(encoded(encoded("A" * 100_000)))
    queries = [
        b"e=pv&p=web&tv=x&page=%FF",
        b"e=pv&page=%00",
        b"e=" + b"%" * 999,
        b"&" * 9_999,
        b"e=pv&" * 2_000,
        b"=",
        b"?",
    ]
    whole = [
        b"", b" ", b"{", b"[]", b"null", b"{}", b'{"data":[]}', b'{"schema":"iglu:x/y","data":[{}]}', b"\xff\xfe",
        b'{"schema":"%b","data":%b}' % (PAYLOAD.encode(), DEEP), body(*[{}] * 2_000), body(1, "a", None, [], True),
        b'{"schema":"%b","data":[{"e":"pv","dtm":%b}]}' % (PAYLOAD.encode(), DIGITS), body(tp2(cx=bomb)),
        b'{"schema":"%b","data":[{"e":NaN},{"e":Infinity}]}' % PAYLOAD.encode(), b"x" * 2_000_000,
        body(tp2(e="ue", ue_pr=self_describing("iglu:a/b/jsonschema/1-0-0", {"k" * 9_000: 1}))),
        body(tp2(e="ue", ue_pr=self_describing("iglu:a/b/jsonschema/1-0-0", {str(n): n for n in range(999)}))),
        body(tp2(co=contexts(*[("iglu:a/b/jsonschema/1-0-0", {"a": 1})] * 999))),
    ]  # fmt: skip
    return [*odd, *texts, *packed, *queries, *whole]


def segment_poison() -> list[bytes]:
    """Messages and batches."""
    keys = ("type", "messageId", "anonymousId", "context", "properties", "timestamp", "sentAt", "event", "batch")
    good = {"type": "track", "event": "Bought", "anonymousId": "a1", "sentAt": "2024-05-20T00:28:06Z"}
    odd = [json.dumps(good | {key: value}).encode() for key in keys for value in (*_VALUES, *_TEXTS)]
    inner = [json.dumps({"batch": [good, {"type": "track", "event": text}, good]}).encode() for text in _TEXTS]
    return [
        *odd,
        *inner,
        b'{"batch":[' + DEEP + b"]}",
        b'{"batch":[{"type":' + DIGITS + b"}]}",
        b'{"batch":' + DEEP + b"}",
    ]


def combined_poison() -> list[bytes]:
    """Log lines."""
    good = b'192.0.2.1 - - [20/May/2024:00:28:06 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"'
    return [
        good[:-1], good.replace(b"20/May", b"99/Foo"), good + b' "' + b"\\" * 9_999, b"[" * 9_999, b'"' * 9_999,
        good.replace(b"GET", b"G\0T"), good.replace(b"GET", b"\xff\xff"), b" " * 65_000, good * 900,
        good.replace(b"192.0.2.1", b"a:1 " * 9_999), good.replace(b"+0000", b"+9999"), b"a:80 " + good,
    ]  # fmt: skip


def records_poison() -> list[bytes]:
    """Lines of a records file."""
    return [
        b"{", b"[]", b"1", b'{"value":1}', b'{"value_base64":"%%%"}', b'{"value":"a","value_base64":"YQ=="}', DEEP,
        b'{"headers":{"a":[1]},"value":"x"}', b'{"headers":{"a":"\\ud800"}}', b'{"value":"%b"}' % (b"x" * 1_600_000),
        b'{"headers":{"control":"end"},"value":""}', b'{"headers":{"format":"nothing"},"value":"x"}', b"\xff",
    ]  # fmt: skip


def bombs() -> list[bytes]:
    """Compressed bodies: of zeros, cut short, of nothing."""
    return [gzip.compress(b"\0" * 20_000_000), gzip.compress(b'{"e":"pv"}' * 9)[:-9], b"\x1f\x8b", b"", b"no gzip"]


CORPUS: dict[str, list[bytes]] = {
    "snowplow": snowplow_poison(),
    "snowplow-thrift": thrift_poison(),
    "segment": segment_poison(),
    "combined": combined_poison(),
    "records": records_poison(),
}
