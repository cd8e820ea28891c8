"""All formats as raw records in one file, headers full of canaries, every tenth record broken."""

import base64
import json
from collections.abc import Iterator

from tests.canary import combined, segment, snowplow
from tests.canary.values import Person

START_MS = 1_777_600_000_000
_PATH = "/com.snowplowanalytics.snowplow/tp2"


def lines(persons: int, *, free: bool = False, packed: str = "") -> Iterator[bytes]:
    """One record a person, the formats in turn; ``free`` and ``packed`` as a person is."""
    for number in range(persons):
        person = Person(number, free=free, packed=packed)
        name, value, path = record(person)
        if number % 10 == 9:
            value = broken(person, value)
        yield line({**headers(person, name), "path": path}, value)


def record(person: Person) -> tuple[str, bytes, str]:
    """(Format, value, request's path)."""
    kind = person.number % 6
    if kind == 0:
        return "segment", json.dumps(segment.message(person)).encode(), "/v1/track"
    if kind == 1:
        return "combined", combined.line(person).encode(), ""
    if kind == 2:
        mate = Person(person.number + 10**6, free=bool(person.free), packed=person.template)
        return "snowplow", snowplow.body([person, mate]), _PATH
    if kind == 3:
        return "snowplow", snowplow.query(person).encode(), ""
    if kind == 4:
        return "snowplow", b"", f"/i?{snowplow.query(person)}"
    return "snowplow-thrift", snowplow.thrift(person), ""


def headers(person: Person, name: str) -> dict[str, str]:
    """What the transport knew, and what it should not have written down."""
    return {
        "format": name,
        "app_id": "shop" if person.number % 5 else f"shop of {person.mail} {person.free}",
        "ip": person.v4,
        "user_agent": snowplow.agent(person, person.user),
        "event_id": f"{person.name}-record",
        "collector_tstamp": str(START_MS + 40_000 * person.number),
        "content_type": person.mail,
        "referer": person.url(person.user),
        "cookie": f"sp={person.name}",
        person.name: person.name,
    }


def broken(person: Person, value: bytes) -> bytes:
    """Cut short (a query where a value ends: half a value is another one), not UTF-8, another type, another format."""
    ways = (
        value[: len(value) // 2].rpartition(b"&")[0] or person.mail.encode(),
        value.replace(b"HTTP/1.1", b"\xffHTTP/1.1") if b"HTTP/1.1" in value else b"\xff" + value,
        value.replace(b"shop", b"\0shop") or b"\0",
        f'{{"schema": "{person.mail}", "data": ["{person.mail}"], "type": "{person.mail}"}}'.encode(),
        person.sentence(person.user).encode(),
    )
    return ways[person.number // 10 % len(ways)]


def line(told: dict[str, str], value: bytes) -> bytes:
    """As an archive holds it."""
    return json.dumps({"headers": told, "value_base64": base64.b64encode(value).decode()}).encode()
