"""One Segment message as our columns."""

from collections.abc import Mapping

import msgspec

from streams.outcome import Dead, Reason
from streams.parse.properties import as_texts
from streams.parse.range import UINT16_MAX
from streams.parse.result import Headers
from streams.parse.routes import segment_type
from streams.parse.segment_message import MAX_HINTS, MAX_TEXT, Context, Kept, Message, Page
from streams.parse.segment_times import read_times
from streams.records import ParsedEvent

EVENTS: Mapping[str, str] = {
    "page": "page_view",
    "screen": "screen_view",
    "track": "track",
    "identify": "identify",
    "group": "group",
    "alias": "alias",
}
"""Segment's ``type`` to our ``event``."""

PLATFORMS: Mapping[str, str] = {"server": "srv", "mobile": "mob", "browser": "web"}
"""Segment's ``channel`` to Snowplow's platform."""

_PAGE_KEYS = ("url", "title", "referrer", "path", "search")
_WITHOUT_PROPERTIES = frozenset({"identify", "group", "alias"})
_NO_CONTEXT, _NO_PAGE = Context(), Page()


def read_message(message: Message, headers: Headers, size: int) -> ParsedEvent | Dead:
    """The message's columns. ``size``: bytes of its JSON; a shorter one than a text's limit holds no longer text."""
    kind = message.type or segment_type(headers.get("path", ""))
    if not kind:
        return Dead(Reason.FIELD_MISSING, "type")
    event = EVENTS.get(kind)
    if event is None:
        return Dead(Reason.EVENT_UNKNOWN, kind[:64])
    anonymous_id, user_id = _id(message.anonymous_id) or _id(message.previous_id), _id(message.user_id)
    if not anonymous_id and not user_id:
        return Dead(Reason.FIELD_MISSING, "anonymousId and userId")
    if kind == "track" and not message.event:
        return Dead(Reason.FIELD_MISSING, "event")
    try:
        times = read_times(message)
    except ValueError as error:
        return Dead(Reason.TIME_UNREADABLE, str(error))
    properties = _properties(message, kind)
    if size > MAX_TEXT and any(len(text) > MAX_TEXT for text in properties.values()):
        return Dead(Reason.TOO_LARGE, "a property")
    parsed = ParsedEvent(event=event)
    parsed.event_name = _name(message, kind) or event
    parsed.platform = PLATFORMS.get(message.channel or "", "mob" if kind == "screen" else "web")
    parsed.event_id = _id(message.message_id)
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
    parsed.ua_hints = _hints(context)
    screen, campaign = context.screen, context.campaign
    if screen is not None:
        parsed.dvce_screenwidth, parsed.dvce_screenheight = _pixels(screen.width), _pixels(screen.height)
    if campaign is not None:
        parsed.mkt_medium, parsed.mkt_source = campaign.medium or "", campaign.source or ""
        parsed.mkt_term, parsed.mkt_content = campaign.term or "", campaign.content or ""
        parsed.mkt_campaign = campaign.name or ""
    if context.library or context.app or context.device or context.os or context.network:
        kept = Kept(context.app, context.device, context.library, context.network, context.os)
        parsed.contexts = msgspec.json.encode(kept).decode()


def _hints(context: Context) -> str:
    """Client hints; where there are none, an app's own word on its device in the same form."""
    data = context.user_agent_data
    if len(data) > 2:
        sent = bytes(data)
        return sent.decode() if len(sent) <= MAX_HINTS and sent.startswith(b'{"') else ""
    device, system = context.device, context.os
    if device is None:
        return ""
    found = {"model": device.model or ""}
    if system is not None:
        found |= {"platform": system.name or "", "platformVersion": system.version or ""}
    return msgspec.json.encode(found).decode()


def _id(value: str | int | None) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _pixels(value: float | None) -> int:
    if not value:
        return 0
    return int(value) if 0 < value <= UINT16_MAX else UINT16_MAX if value > 0 else 0


def _properties(message: Message, kind: str) -> dict[str, str]:
    if kind in _WITHOUT_PROPERTIES:
        return {"group_id": _id(message.group_id)} if message.group_id else {}
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
