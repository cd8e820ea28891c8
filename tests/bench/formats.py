"""CPU per event of each input format, parser alone and whole pure pipeline: `python -m tests.bench.formats [events]`.

Events are distinct, as live ones: ids, times and page view ids differ; agents, pages and addresses come again.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from streams import __version__
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import default_rules
from streams.enrich.sources import open_lookups
from streams.keys import Keys
from streams.parse.options import ParseOptions
from streams.parse.reading import make_parsers
from streams.pipeline import PipelineOptions, make_pipeline, read_headers
from streams.records import RawBatch
from streams.settings import GeoSettings
from tests.property.poison import body, collector_payload, contexts, encoded, self_describing

T0 = 1_716_164_880_000
ROUNDS = 3
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
SNOWPLOW = "iglu:com.snowplowanalytics.snowplow/"


class Raw(msgspec.Struct, frozen=True):
    """A raw record as aiokafka gives it."""

    offset: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int = T0 + 60_000


def uuid(number: int, kind: int = 0) -> str:
    return str(UUID(int=Random(number * 16 + kind).getrandbits(128), version=4))


def tp2_event(n: int) -> dict[str, str]:
    """What the browser tracker sends: every fourth a page ping, every fifth a link click, each with two contexts."""
    page, visitor, now = n % 300, n % 5_000, str(T0 + n)
    kinds = (
        {"e": "pp", "pp_mix": "0", "pp_max": "0", "pp_miy": "0", "pp_may": str(n % 900)} if n % 4 == 0 else {"e": "pv"}
    )
    if n % 5 == 0:
        click = {
            "targetUrl": f"https://shop.example.com/p/{page}",
            "elementId": "go",
            "elementClasses": ["btn", "primary"],
        }
        kinds = {"e": "ue", "ue_px": encoded(self_describing(SNOWPLOW + "link_click/jsonschema/1-0-1", click))}
    view = (SNOWPLOW + "web_page/jsonschema/1-0-0", {"id": uuid(n, 3)})
    browser = {"viewport": "1440x900", "documentSize": "1440x3000", "resolution": "1920x1080", "colorDepth": 24}
    browser |= {"cookiesEnabled": True, "online": True, "browserLanguage": "sv-SE", "documentLanguage": "sv"}
    browser |= {"webdriver": False, "deviceMemory": 8, "hardwareConcurrency": 8, "tabId": uuid(visitor, 4)}
    return kinds | {
        "url": f"https://shop.example.com/products/{page}?utm_source=news", "page": f"Produkt {page} – Räv",
        "refr": "https://www.google.com/", "eid": uuid(n), "tv": "js-4.6.8", "tna": "sp", "aid": "shop", "p": "web",
        "cookie": "1", "cs": "UTF-8", "lang": "sv-SE", "res": "1920x1080", "cd": "24", "tz": "Europe/Stockholm",
        "dtm": now, "vp": "1440x900", "ds": "1440x3000", "vid": "3", "sid": uuid(visitor, 1), "duid": uuid(visitor, 2),
        "stm": now, "cx": encoded(contexts(view, (SNOWPLOW + "browser_context/jsonschema/2-0-0", browser))),
    }  # fmt: skip


def query(n: int) -> str:
    return urlencode(tp2_event(n))


def segment_message(n: int) -> dict[str, object]:
    page, visitor = n % 300, n % 5_000
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(T0 // 1000 + n // 1000)) + f".{n % 1000:03}Z"
    return {
        "type": "page", "messageId": uuid(n), "anonymousId": uuid(visitor, 2), "userId": f"user-{visitor}",
        "name": "Product", "originalTimestamp": when, "sentAt": when, "receivedAt": when,
        "context": {
            "ip": f"203.0.113.{visitor % 250}", "userAgent": AGENT, "locale": "sv-SE", "timezone": "Europe/Stockholm",
            "library": {"name": "analytics.js", "version": "2.1.0"}, "screen": {"width": 1920, "height": 1080},
            "page": {"url": f"https://shop.example.com/p/{page}", "title": f"Produkt {page}", "path": f"/p/{page}"},
        },
        "properties": {"url": f"https://shop.example.com/p/{page}?utm_source=news", "sku": page},
    }  # fmt: skip


def line(n: int) -> bytes:
    at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(T0 // 1000 + n // 1000))
    request = f'"GET /p/{n % 300}?utm_source=n HTTP/1.1" 200 178'
    return f'203.0.113.{n % 250} - - [{at}] {request} "https://www.google.com/" "{AGENT}"'.encode()


FORMATS: dict[str, tuple[str, int, Callable[[int], bytes]]] = {
    "combined": ("combined", 1, line),
    "segment": ("segment", 1, lambda n: json.dumps(segment_message(n)).encode()),
    "segment batch of 10": (
        "segment",
        10,
        lambda n: json.dumps({"batch": [segment_message(n * 10 + k) for k in range(10)]}).encode(),
    ),
    "snowplow body of 1": ("snowplow", 1, lambda n: body(tp2_event(n))),
    "snowplow body of 10": ("snowplow", 10, lambda n: body(*[tp2_event(n * 10 + k) for k in range(10)])),
    "snowplow query string": ("snowplow", 1, lambda n: query(n).encode()),
    "snowplow-thrift, GET": ("snowplow-thrift", 1, lambda n: thrift(n, querystring=query(n))),
    "snowplow-thrift, body of 10": (
        "snowplow-thrift",
        10,
        lambda n: thrift(n, body=body(*[tp2_event(n * 10 + k) for k in range(10)])),
    ),
}


def thrift(n: int, **fields: object) -> bytes:
    headers = ["Accept: */*", "Accept-Language: sv-SE", f"User-Agent: {AGENT}", "Host: c.example.com", "Cookie: sp=1"]
    path = "/i" if "querystring" in fields else "/com.snowplowanalytics.snowplow/tp2"
    return collector_payload(
        ip=f"203.0.113.{n % 250}", useragent=AGENT, headers=headers, path=path, timestamp=T0 + n, **fields
    )


def cpu_us(work: Callable[[Sequence[Raw]], object], rounds: Sequence[Sequence[Raw]], events: int) -> float:
    """The fastest of some rounds: others' work only adds. Each has its own records: a memory must not know them yet."""
    costs = []
    for records in rounds:
        began = time.process_time()
        work(records)
        costs.append(time.process_time() - began)
    return min(costs) * 1e6 / events


def rows(events: int) -> Iterator[tuple[str, int, float, float]]:
    """(format, bytes per event, µs of the parser, µs of the pipeline)."""
    parsers = make_parsers(ParseOptions())
    lookups = open_lookups(GeoSettings(), __version__)
    for name, (format, each, make) in FORMATS.items():
        headers = (("format", format.encode()), ("ip", b"203.0.113.9"), ("user_agent", AGENT.encode()))
        count = events // each
        rounds = [[Raw(n, make(n), headers) for n in range(r * count, (r + 1) * count)] for r in range(ROUNDS)]
        options, secret = PipelineOptions(enriched_partitions=2), b"k" * 32
        pipeline = make_pipeline(options, Keys(secret), SecretKeyring(secret), default_rules(), lookups)
        parser, told = parsers[format], read_headers(headers)
        parse = cpu_us(lambda records: [parser(record.value, told) for record in records], rounds, events)  # noqa: B023
        whole = cpu_us(lambda records: [pipeline(RawBatch("raw@1", 0, p)) for p in parts(records)], rounds, events)  # noqa: B023
        yield name, sum(len(record.value) for record in rounds[0]) // events, parse, whole


def parts(records: Sequence[Raw]) -> Iterator[Sequence[Raw]]:
    rest = iter(records)
    while part := list(islice(rest, 2_000)):
        yield part


if __name__ == "__main__":
    print(f"{'format':28} {'bytes':>6} {'parse µs':>9} {'pipeline µs':>12}")
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000):
        print("{:28} {:6} {:9.1f} {:12.1f}".format(*row))
