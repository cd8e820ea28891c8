"""Format ``segment``: one message of the Segment spec as JSON.

Source: Segment spec (segment.com/docs/connections/spec): Common Fields, Page, Screen, Track, Identify.
"""

from collections.abc import Mapping

import msgspec

from streams.outcome import Dead, Reason
from streams.parse.json_guard import undecoded, unfit
from streams.parse.properties import as_texts
from streams.parse.range import UINT16_MAX
from streams.parse.result import MAX_BYTES, Empty, Headers, Parsed, Parser
from streams.parse.segment_message import MAX_HINTS, MAX_TEXT, Context, Message, Page
from streams.parse.segment_times import read_times
from streams.records import ParsedEvent

EVENTS: Mapping[str, str] = {"page": "page_view", "screen": "screen_view", "track": "track", "identify": "identify"}
"""Segment's ``type`` to our ``event``."""

PLATFORMS: Mapping[str, str] = {"server": "srv", "mobile": "mob", "browser": "web"}
"""Segment's ``channel`` to Snowplow's platform."""

_PAGE_KEYS = ("url", "title", "referrer", "path", "search")
_NO_CONTEXT, _NO_PAGE = Context(), Page()


def make_segment(max_bytes: int = MAX_BYTES) -> Parser:
    """A parser of Segment messages: page, screen, track, identify; other types are dead (event_unknown).

    * Names: page → ``page_view``, screen → ``screen_view`` (event_name: the screen's name where given), track →
      ``track`` (event_name: the message's ``event``), identify → ``identify``. **Traits are never read.**
    * Times: ``receivedAt`` is the collector's. With ``sentAt``: created is ``originalTimestamp``, else ``timestamp``;
      sent is ``sentAt``. Without: ``timestamp`` is the true time (a server's own word), created is
      ``originalTimestamp``.
      Source: Segment spec, Common Fields, "Timestamps": timestamp = receivedAt - (sentAt - originalTimestamp).
    * ``properties`` of a page: url, title, referrer become columns (before context.page's), path and search are parts
      of the url; none of the five stays among the properties. name and category of page and screen join them.
    * ip and useragent: the context's, else the headers'. Screen sizes are cut to whole pixels, 0 … 65535.
    * Ids may be numbers. A missing type, or no anonymousId and no userId: dead (field_missing); a wrong type:
      field_type; too long, too many or too deep: too_large; a NUL, bad UTF-8, half a surrogate pair: encoding.

    ``max_bytes`` is the longest body read.
    """
    decode = msgspec.json.Decoder(Message).decode

    def parse(value: bytes, headers: Headers) -> Parsed:
        if len(value) > max_bytes:
            return Dead(Reason.TOO_LARGE, f"{len(value)} bytes")
        dead = unfit(value)
        if dead is not None:
            return dead
        try:
            message = decode(value)
        except msgspec.ValidationError as error:
            return _invalid(str(error))
        except msgspec.DecodeError as error:
            return undecoded(value, str(error)) if value.strip() else Empty(Reason.BLANK)
        event = _event(message, headers, len(value) > MAX_TEXT)
        return event if isinstance(event, Dead) else [event]

    return parse


def _invalid(message: str) -> Dead:
    too_large = " of length <= " in message or "out of range" in message
    return Dead(Reason.TOO_LARGE if too_large else Reason.FIELD_TYPE, message)


def _event(message: Message, headers: Headers, is_long: bool) -> ParsedEvent | Dead:
    """``is_long``: the body is so long that a property's JSON may be too."""
    kind = message.type
    if not kind:
        return Dead(Reason.FIELD_MISSING, "type")
    if kind not in EVENTS:
        return Dead(Reason.EVENT_UNKNOWN, kind[:64])
    anonymous_id, user_id = _id(message.anonymous_id), _id(message.user_id)
    if not anonymous_id and not user_id:
        return Dead(Reason.FIELD_MISSING, "anonymousId and userId")
    if kind == "track" and not message.event:
        return Dead(Reason.FIELD_MISSING, "event")
    try:
        times = read_times(message)
    except ValueError as error:
        return Dead(Reason.TIME_UNREADABLE, str(error))
    properties = _properties(message, kind)
    if is_long and any(len(text) > MAX_TEXT for text in properties.values()):
        return Dead(Reason.TOO_LARGE, "a property")
    parsed = ParsedEvent(event=EVENTS[kind])
    parsed.event_name = _name(message, kind) or parsed.event
    parsed.platform = PLATFORMS.get(message.channel or "", "mob" if kind == "screen" else "web")
    parsed.event_id = _id(message.message_id) or headers.get("event_id", "")
    parsed.anonymous_id, parsed.user_id = anonymous_id, user_id
    parsed.collector_tstamp, parsed.dvce_created_tstamp, parsed.dvce_sent_tstamp, parsed.true_tstamp = times
    context = message.context or _NO_CONTEXT
    url, title, referrer = _page(context.page or _NO_PAGE, kind, properties)
    parsed.page_url, parsed.page_title, parsed.page_referrer = url or "", title or "", referrer or ""
    parsed.properties = properties
    _take_context(parsed, context, headers)
    return parsed


def _name(message: Message, kind: str) -> str | None:
    return message.event if kind == "track" else message.name if kind == "screen" else None


def _take_context(parsed: ParsedEvent, context: Context, headers: Headers) -> None:
    parsed.app_id = headers.get("app_id") or (context.app.name if context.app else None) or ""
    parsed.ip = context.ip or headers.get("ip", "")
    parsed.useragent = context.user_agent or headers.get("user_agent", "")
    parsed.br_lang, parsed.os_timezone = context.locale or "", context.timezone or ""
    parsed.ua_hints = _hints(context.user_agent_data)
    screen, campaign = context.screen, context.campaign
    if screen is not None:
        parsed.dvce_screenwidth, parsed.dvce_screenheight = _pixels(screen.width), _pixels(screen.height)
    if campaign is not None:
        parsed.mkt_medium, parsed.mkt_source = campaign.medium or "", campaign.source or ""
        parsed.mkt_term, parsed.mkt_content = campaign.term or "", campaign.content or ""
        parsed.mkt_campaign = campaign.name or ""


def _hints(data: msgspec.Raw) -> str:
    """Client hints, an object of some 300 characters; what is no object or far longer is none and says nothing."""
    sent = bytes(data)
    return sent.decode() if len(sent) <= MAX_HINTS and sent.startswith(b'{"') else ""


def _id(value: str | int | None) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _pixels(value: float | None) -> int:
    if not value:
        return 0
    return int(value) if 0 < value <= UINT16_MAX else UINT16_MAX if value > 0 else 0


def _properties(message: Message, kind: str) -> dict[str, str]:
    if kind == "identify":
        return {}
    texts = as_texts(message.properties) if message.properties else {}
    if message.name and kind == "page":
        texts.setdefault("name", message.name)
    if message.category and kind != "track":
        texts.setdefault("category", message.category)
    return texts


def _page(page: Page, kind: str, properties: dict[str, str]) -> tuple[str | None, str | None, str | None]:
    """(url, title, referrer); takes a page call's own out of ``properties``."""
    if kind != "page" or not properties:
        return page.url, page.title, page.referrer
    url, title, referrer, _, _ = [properties.pop(key, "") for key in _PAGE_KEYS]
    return url or page.url, title or page.title, referrer or page.referrer
