"""An event as its visitor remembers it until it is sealed."""

from streams.records import Event
from streams.sessionize.hit import OTHER, PAGE_PING, PAGE_VIEW, Hit, campaign_of, kind_of, origin_of, profile_of
from streams.sessionize.options import SessionOptions
from streams.sessionize.repeated import Repeated


def lone_hit(event: Event) -> Hit:
    """Of an event without visitor: it is in no session."""
    return _bare(event, kind_of(event), 0)


def hit_of(event: Event, repeated: Repeated, options: SessionOptions) -> Hit:
    """All that rows of sessions may need of it."""
    kind = kind_of(event)
    hit = _bare(event, kind, repeated.profile(profile_of(event)))
    hit.user_id = event.user_id
    if options.goals_of is not None:
        hit.goals = options.goals_of(event)
    if kind == PAGE_PING:
        return hit
    hit.name = "" if kind == PAGE_VIEW else event.event_name or event.event
    if kind != OTHER:
        hit.origin = repeated.origin(origin_of(event))
        hit.url = event.page_url
        hit.host = event.page_urlhost
        hit.path = event.page_urlpath
        hit.title = event.page_title
        hit.referrer = event.page_referrer
        if options.cut_at_campaign:
            hit.campaign = campaign_of(event)
    return hit


def _bare(event: Event, kind: int, profile: int) -> Hit:
    return Hit(
        event.derived_tstamp,
        event.event_id,
        event.event_fingerprint,
        event.raw_topic,
        event.raw_partition,
        event.raw_offset,
        event.raw_index,
        event.arrival_tstamp,
        event.raw_events,
        event.raw_size,
        kind,
        profile,
    )
