"""An event as its visitor remembers it until it is sealed."""

from streams.records import Event
from streams.sessionize.hit import OTHER, PAGE_PING, Hit, kind_of
from streams.sessionize.open_part import OpenPart
from streams.sessionize.options import SessionOptions
from streams.sessionize.texts import Texts
from streams.sessionize.words import origin_of, page_of, profile_of, write

_NOTHING = write((OTHER,))
_LOW32, _LOW24, _LOW16 = (1 << 32) - 1, (1 << 24) - 1, (1 << 16) - 1


def hit_of(event: Event, texts: Texts, options: SessionOptions, before: OpenPart) -> Hit:
    """All that rows of sessions may need of it. The page ``before`` it often is the referrer."""
    kind, number, user_id = kind_of(event), texts.number, event.user_id
    profile, user = number(profile_of(event)), number(write(user_id)) if user_id else 0
    page = number(page_of(event, kind, options.goals_of(event) if options.goals_of is not None else ()))
    if kind in (OTHER, PAGE_PING):
        return _hit(event, texts, profile, user, page)
    origin, referrer = number(origin_of(event)), event.page_referrer
    return _hit(event, texts, profile, user, page, origin, _referrer(referrer, texts, before) if referrer else 0)


def _referrer(url: str, texts: Texts, before: OpenPart) -> int:
    page = before.last_page
    return page if page and texts.is_page(page, url) else texts.number(write(url))


def lone_hit(event: Event, texts: Texts) -> Hit:
    """Of an event without visitor: it is in no session."""
    return _hit(event, texts, 0, 0, texts.number(_NOTHING))


def _hit(  # noqa: PLR0913 - numbers of texts
    event: Event, texts: Texts, profile: int, user: int, page: int, origin: int = 0, referrer: int = 0
) -> Hit:
    time, offset, size = event.derived_tstamp, event.raw_offset, event.raw_size
    lag = event.arrival_tstamp - time
    topic, index, events = event.raw_topic, event.raw_index, event.raw_events
    high = (offset >> 24, lag >> 16, size >> 16)
    return Hit(
        time,
        event.event_id,
        event.event_fingerprint & _LOW32,
        offset & _LOW24,
        lag & _LOW16,
        size & _LOW16,
        texts.frame((topic, event.raw_partition, index, events, *high, profile, user)),
        page,
        origin,
        referrer,
    )
