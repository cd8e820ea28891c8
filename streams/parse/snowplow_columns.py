"""One Snowplow event as our columns. Source: docs.snowplow.io, tracker protocol and canonical event model."""

import math
import re
from collections.abc import Mapping
from itertools import compress
from operator import attrgetter
from typing import TypeVar

from streams.outcome import Dead, Reason
from streams.parse.known_contexts import known_id, take_contexts
from streams.parse.options import Check
from streams.parse.properties import as_texts
from streams.parse.range import in_range
from streams.parse.self_describing import Entity, name_of, read_contexts, read_event
from streams.parse.sender import Sender
from streams.parse.sizes import read_size
from streams.parse.snowplow_event import DECIMAL, MAX_TEXT, PROPERTIES, WHOLE, Tp2
from streams.records import ParsedEvent

EVENTS: Mapping[str, str] = {
    "pv": "page_view",
    "pp": "page_ping",
    "se": "struct",
    "ev": "struct",
    "ue": "unstruct",
    "tr": "transaction",
    "ti": "transaction_item",
    "ad": "ad_impression",
}
PLATFORMS = frozenset("web mob pc srv app tv cnsl iot headset".split())
MAX_PROPERTIES = 255
MAX_CONTEXTS = 1 << 17
"""Characters of the contexts that are kept."""
GITLAB = "com.gitlab"

_rest = attrgetter(*PROPERTIES)
_NAMES = tuple(PROPERTIES.values())
_MOST_DIGITS = len("4294967295999")
_NUMBERS = WHOLE | DECIMAL
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INT32 = 1 << 31
_DIGITS = frozenset(map(str, range(10_000)))
"""Most numbers that trackers send; they stay as they are."""
T = TypeVar("T")


class Unusable(Exception):  # noqa: N818 - it carries a verdict up, within this module
    """Why the event is dead."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.dead = Dead(reason, detail)


def read_columns(raw: Tp2, sender: Sender, check: Check) -> ParsedEvent | Dead:
    """The event's columns; Dead where a field is missing, of another type, or outside what its column holds."""
    try:
        return _read(raw, sender, check)
    except Unusable as unusable:
        return unusable.dead


def _read(raw: Tp2, sender: Sender, check: Check) -> ParsedEvent:
    if not raw.e:
        raise Unusable(Reason.FIELD_MISSING, "e")
    kind = EVENTS.get(raw.e)
    if kind is None:
        raise Unusable(Reason.EVENT_UNKNOWN, raw.e[:64])
    if raw.p and raw.p not in PLATFORMS:
        raise Unusable(Reason.FIELD_TYPE, f"p {raw.p[:64]}")
    event = ParsedEvent(event=kind, event_name=kind)
    texts = _rest(raw)
    event.properties = dict(zip(compress(_NAMES, texts), filter(None, texts), strict=True))
    event.platform = raw.p or "web"
    event.app_id = sender.app_id or raw.aid or ""
    event.event_id = raw.eid or ""
    _take_times(event, raw, sender)
    event.ip, event.useragent = raw.ip or sender.ip, raw.ua or sender.useragent
    event.ua_hints = sender.ua_hints
    event.domain_userid, event.domain_sessionid = known_id(raw.duid), known_id(raw.sid)
    event.network_userid = known_id(raw.tnuid) or known_id(raw.nuid) or known_id(sender.network_userid)
    event.user_id = raw.uid or ""
    event.page_url, event.page_title = raw.url or sender.referrer, raw.page or ""
    event.page_referrer = raw.refr or ""
    event.br_lang, event.os_timezone = raw.lang or "", raw.tz or ""
    if raw.res:
        event.dvce_screenwidth, event.dvce_screenheight = _size("res", raw.res)
    _take_sizes(event.properties, raw)
    if not _NUMBERS.isdisjoint(event.properties):
        _check_numbers(event.properties)
    if kind == "struct":
        _take_struct(event, raw)
    elif kind == "unstruct":
        _take_self_describing(event, _usable(read_event(raw.ue_pr, raw.ue_px, check)))
    if raw.co or raw.cx:
        take_contexts(event, _usable(read_contexts(raw.co, raw.cx, check)))
        if len(event.contexts) > MAX_CONTEXTS:
            raise Unusable(Reason.TOO_LARGE, f"{len(event.contexts)} characters of contexts")
    return event


def _usable(found: T | Dead) -> T:
    if isinstance(found, Dead):
        raise Unusable(found.reason, found.detail)
    return found


def _take_times(event: ParsedEvent, raw: Tp2, sender: Sender) -> None:
    event.collector_tstamp = sender.collector_tstamp
    event.dvce_created_tstamp = _time("dtm", raw.dtm)
    event.dvce_sent_tstamp = _time("stm", raw.stm)
    event.true_tstamp = _time("ttm", raw.ttm)


def _time(key: str, text: str | None) -> int | None:
    """Milliseconds since 1970."""
    if not text:
        return None
    whole = text.partition(".")[0] if "." in text else text
    if not (whole.isascii() and whole.isdigit() and len(whole) <= _MOST_DIGITS):
        raise Unusable(Reason.TIME_UNREADABLE, f"{key} {text[:64]}")
    tstamp = int(whole)
    if not in_range(tstamp):
        raise Unusable(Reason.TIME_RANGE, f"{key} {tstamp}")
    return tstamp


def _size(key: str, text: str) -> tuple[int, int]:
    try:
        size = read_size(text)
    except OverflowError:
        raise Unusable(Reason.FIELD_RANGE, f"{key} {text[:64]}") from None
    if size is None:
        raise Unusable(Reason.FIELD_TYPE, f"{key} {text[:64]}")
    return size


def _take_sizes(properties: dict[str, str], raw: Tp2) -> None:
    """Of the window and of the page: text as sent, once it is a size."""
    if raw.vp:
        width, height = _size("vp", raw.vp)
        properties["br_viewwidth"], properties["br_viewheight"] = str(width), str(height)
    if raw.ds:
        width, height = _size("ds", raw.ds)
        properties["doc_width"], properties["doc_height"] = str(width), str(height)


def _check_numbers(properties: dict[str, str]) -> None:
    for name in [name for name in properties if name in _NUMBERS]:  # in a fixed order: one verdict for equal bytes
        if properties[name] in _DIGITS:
            continue
        number = _number(name, properties[name])
        if name in WHOLE:
            if not -_INT32 <= number < _INT32:
                raise Unusable(Reason.FIELD_RANGE, f"{name} {properties[name][:64]}")
            properties[name] = str(int(number))


def _number(key: str, text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise Unusable(Reason.FIELD_TYPE, f"{key} {text[:64]}")
    number = float(text)
    if not math.isfinite(number):
        raise Unusable(Reason.FIELD_RANGE, f"{key} {text[:64]}")
    return number


def _take_struct(event: ParsedEvent, raw: Tp2) -> None:
    event.se_category, event.se_action = raw.se_ca or "", raw.se_ac or ""
    event.se_label, event.se_property = raw.se_la or "", raw.se_pr or ""
    event.event_name = event.se_action or event.event
    if raw.se_va:
        event.se_value = _number("se_va", raw.se_va)


def _take_self_describing(event: ParsedEvent, entity: Entity) -> None:
    """Its data become properties, its schema's name the event's; a GitLab custom event has a name of its own."""
    vendor, name, version = name_of(entity.schema) or ("", "", "")
    data = entity.data if isinstance(entity.data, dict) else {"data": entity.data}
    custom = data.get("name")
    if vendor == GITLAB and name == "custom_event" and custom and isinstance(custom, str):
        name = custom
        del data["name"]
        props = data.pop("props", None)
        data = data | props if isinstance(props, dict) else data
    event.event_name = name
    if len(data) > MAX_PROPERTIES:
        raise Unusable(Reason.TOO_LARGE, f"{len(data)} properties")
    texts = as_texts(data)
    if any(len(text) > MAX_TEXT for text in texts.values()) or len(name) > MAX_TEXT:
        raise Unusable(Reason.TOO_LARGE, "a property")
    event.properties.update(texts)
    event.properties["event_vendor"], event.properties["event_version"] = vendor, version
