"""What a rule may touch: each field of an event, its kind, and which actions make sense on it."""

from enum import Enum

from msgspec.structs import fields

from streams.anonymize.paths import Path
from streams.records import Event, ParsedEvent


class Kind(Enum):
    """What a field holds, in words for an error."""

    TEXT = "text"
    AGENT = "a user agent"
    URL = "a URL"
    TREE = "keys and values"
    NUMBER = "a number"
    TIME = "a time"
    ADDRESS = "an IP address"
    ID = "an id that leaves as a pseudonym"
    DEVICE = "an id that never leaves"
    VISITOR = "the visitor's id"
    LIST = "words of our own"


ADDRESS = "user_ipaddress"
VISITOR = "visitor_id"
TREES = ("contexts", "properties")
URLS = ("page_url", "page_referrer")
AGENTS = ("useragent", "ua_hints")
IDS = ("user_id", "domain_sessionid")
DEVICES = ("domain_userid", "network_userid", "anonymous_id")
REQUIRED = frozenset({"app_id", "event"})
"""An event without them says nothing: where one cannot be masked, the event goes."""

NULLABLE = frozenset({"se_value"})
"""A number that an event may be without, and that may be anyone's: a tracker lets a page send what it likes."""

_OURS = frozenset(
    "event_id visitor_id event_fingerprint raw_topic raw_partition raw_offset raw_index raw_events raw_size read_from "
    "rules_version ua_version geo_version app_version is_late version is_deleted arrival_tstamp is_bot".split()
)
"""Columns that hold nothing of the input, or are what order and account rest on."""


def _kinds() -> tuple[dict[str, Kind], dict[str, Kind]]:
    parsed = {field.name for field in fields(ParsedEvent)}
    special = dict.fromkeys(URLS, Kind.URL) | dict.fromkeys(TREES, Kind.TREE) | dict.fromkeys(AGENTS, Kind.AGENT)
    both, after = {}, {}
    for field in fields(Event):
        name = field.name
        if name in _OURS or name in (ADDRESS, *IDS):
            continue
        kind = special.get(name) or _kind_of(name, field.type)
        after[name] = kind
        if name in parsed or kind is Kind.TIME:
            both[name] = kind
    identity = dict.fromkeys(IDS, Kind.ID) | dict.fromkeys(DEVICES, Kind.DEVICE)
    return both | identity | {ADDRESS: Kind.ADDRESS, VISITOR: Kind.VISITOR}, after


def _kind_of(name: str, annotation: object) -> Kind:
    if annotation is str:
        return Kind.TEXT
    if name.endswith("_tstamp"):
        return Kind.TIME
    if annotation in (dict[str, str], dict[str, object]):
        return Kind.TREE
    return Kind.LIST if annotation == list[str] else Kind.NUMBER


BEFORE, AFTER = _kinds()
"""Field → kind, before and after enrichment; new columns of text join by themselves."""

IDENTITY = frozenset({ADDRESS, VISITOR, *IDS, *DEVICES})
TEXTS = tuple(name for name, kind in BEFORE.items() if kind is Kind.TEXT)
GROUPS = {
    "texts": TEXTS,
    "urls": URLS,
    "geo": ("geo_region", "geo_city", "geo_latitude", "geo_longitude", "geo_timezone"),
}
"""Words for several fields at once."""


def expand(path: Path) -> list[Path]:
    """The paths a field of a rule stands for: a group's columns, else itself."""
    return [(name,) for name in GROUPS[path[0]]] if len(path) == 1 and path[0] in GROUPS else [path]
