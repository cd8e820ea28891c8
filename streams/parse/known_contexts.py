"""Contexts that say what has a column, and those that must not be kept.

Identities leave a context for the identity fields of the event, where they become pseudonyms, or go: what stays in
column ``contexts`` names no device and no person's place.
Source: github.com/snowplow/iglu-central/tree/master/schemas (the schemas named here).
"""

from collections.abc import Callable, Mapping
from typing import cast

import msgspec

from streams.parse.self_describing import Entity, name_of
from streams.parse.sizes import read_size
from streams.records import ParsedEvent

NIL = frozenset({"00000000-0000-0000-0000-000000000000", "00000000-0000-4000-a000-000000000000"})
"""What trackers and collectors send for "nobody" in anonymous mode."""

_SNOWPLOW, _MOBILE = "com.snowplowanalytics.snowplow", "com.snowplowanalytics.mobile"
_PRIVATE = frozenset(
    {
        ("org.ietf", "http_cookie"),
        ("com.google.analytics", "cookies"),
        ("com.google.analytics", "private"),
        ("com.google.ga4", "cookies"),
        (_SNOWPLOW, "geolocation_context"),
    }
)
"""Contexts that are nothing but an identity of another system, or a place to the metre."""

MAX_HINTS = 2048
"""Client hints are some 300 characters; what is far longer is none and says nothing."""

Data = dict[str, object]


def known_id(value: object) -> str:
    """An id as text; empty where it is none or stands for nobody."""
    if not value or not isinstance(value, str):
        return ""
    return "" if value[0] == "0" and value.lower() in NIL else value


def _session(event: ParsedEvent, data: Data) -> None:
    user, session = known_id(data.pop("userId", None)), known_id(data.pop("sessionId", None))
    data.pop("previousSessionId", None)
    data.pop("firstEventId", None)
    event.domain_userid = event.domain_userid or user
    event.domain_sessionid = event.domain_sessionid or session
    index = data.get("sessionIndex")
    if isinstance(index, int):
        event.properties.setdefault("domain_sessionidx", str(index))


def _browser(event: ParsedEvent, data: Data) -> None:
    data.pop("tabId", None)
    driven = data.get("webdriver")
    if isinstance(driven, bool):
        event.webdriver = driven
    _screen(event, data)
    event.br_lang = event.br_lang or _text(data, "browserLanguage")


def _mobile(event: ParsedEvent, data: Data) -> None:
    for name in ("appleIdfa", "appleIdfv", "androidIdfa", "openIdfa", "appSetId"):
        data.pop(name, None)
    _screen(event, data)
    event.br_lang = event.br_lang or _text(data, "language")
    model = _text(data, "deviceModel")
    if not event.ua_hints:
        hints = {"platform": _platform(_text(data, "osType")), "platformVersion": _text(data, "osVersion")}
        event.ua_hints = msgspec.json.encode(hints | {"model": model, "mobile": True}).decode()


def _hints(event: ParsedEvent, data: Data) -> None:
    hints = msgspec.json.encode(data).decode()
    event.ua_hints = hints if len(hints) <= MAX_HINTS else ""


def _screen(event: ParsedEvent, data: Data) -> None:
    """Contexts are no ground to refuse an event: a size that is none is passed over."""
    if not event.dvce_screenwidth:
        event.dvce_screenwidth, event.dvce_screenheight = read_size(_text(data, "resolution")) or (0, 0)


def _platform(name: str) -> str:
    return {"ios": "iOS", "android": "Android", "tvos": "tvOS"}.get(name.lower(), name)


def _text(data: Data, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


_READERS: Mapping[tuple[str, str], Callable[[ParsedEvent, Data], None]] = {
    (_SNOWPLOW, "client_session"): _session,
    (_SNOWPLOW, "browser_context"): _browser,
    (_SNOWPLOW, "mobile_context"): _mobile,
    (_MOBILE, "mobile_context"): _mobile,
    ("org.ietf", "http_client_hints"): _hints,
}


def take_contexts(event: ParsedEvent, entities: list[Entity]) -> None:
    """Reads what is known into the event's columns, and keeps the rest in ``contexts``, as a JSON array."""
    kept = []
    for entity in entities:
        name = cast("tuple[str, str, str]", name_of(entity.schema))[:2]
        if name in _PRIVATE:
            continue
        reader = _READERS.get(name)
        if reader is not None and isinstance(entity.data, dict):
            reader(event, entity.data)
        kept.append(entity)
    if kept:
        event.contexts = msgspec.json.encode(kept).decode()
