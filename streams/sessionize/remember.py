"""An event as its visitor remembers it until it is sealed."""

from streams.records import Event
from streams.sessionize.hit import OTHER, PAGE_PING, Hit, kind_of
from streams.sessionize.options import SessionOptions
from streams.sessionize.texts import Texts
from streams.sessionize.words import origin_of, page_of, profile_of, write

_NOTHING = write((OTHER,))
_LOW32, _LOW24, _LOW16 = (1 << 32) - 1, (1 << 24) - 1, (1 << 16) - 1


def hit_of(event: Event, texts: Texts, options: SessionOptions, page_before: int = 0) -> Hit:
    """All that rows of sessions may need of it. ``page_before``: of the hit before, which often is the referrer."""
    kind = kind_of(event)
    user_id = event.user_id
    hit = _bare(event, texts, texts.number(profile_of(event)), texts.number(write(user_id)) if user_id else 0)
    hit.page = texts.number(page_of(event, kind, options.goals_of(event) if options.goals_of is not None else ()))
    if kind not in (OTHER, PAGE_PING):
        hit.origin = texts.number(origin_of(event))
        referrer = event.page_referrer
        if referrer:
            is_before = page_before and texts.is_page(page_before, referrer)
            hit.referrer = page_before if is_before else texts.number(write(referrer))
    return hit


def lone_hit(event: Event, texts: Texts) -> Hit:
    """Of an event without visitor: it is in no session."""
    hit = _bare(event, texts, 0, 0)
    hit.page = texts.number(_NOTHING)
    return hit


def _bare(event: Event, texts: Texts, profile: int, user: int) -> Hit:
    time, offset, size = event.derived_tstamp, event.raw_offset, event.raw_size
    lag = event.arrival_tstamp - time
    frame = (
        event.raw_topic,
        event.raw_partition,
        event.raw_index,
        event.raw_events,
        offset >> 24,
        lag >> 16,
        size >> 16,
        profile,
        user,
    )
    fingerprint = event.event_fingerprint & _LOW32
    return Hit(time, event.event_id, fingerprint, offset & _LOW24, lag & _LOW16, size & _LOW16, texts.frame(frame))
