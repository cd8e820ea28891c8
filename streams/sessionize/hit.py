"""What the fold remembers of one accepted event until it is sealed."""

import msgspec

from streams.records import Event

OTHER, PAGE_VIEW, SCREEN_VIEW, PAGE_PING = range(4)
VIEWS = (PAGE_VIEW, SCREEN_VIEW)
_KINDS = {"page_view": PAGE_VIEW, "screen_view": SCREEN_VIEW, "page_ping": PAGE_PING}

Profile = tuple[str, str, str, str, str, str, int]
"""geo_country, geo_region, geo_city, br_family, os_family, dvce_type, is_bot."""

Origin = tuple[str, str, str, str, str, str, str, str, str, str]
"""refr_medium, _source, _term; mkt_medium, _source, _term, _content, _campaign, _network; channel."""

NO_ORIGIN: Origin = ("", "", "", "", "", "", "", "", "", "")


class Hit(msgspec.Struct, array_like=True, gc=False):
    """One accepted event. ``profile`` and ``origin`` are places in the visitor's lists, as texts repeat."""

    time: int
    id: bytes
    fingerprint: int
    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_index: int
    arrival: int
    events: int
    size: int
    kind: int
    profile: int
    origin: int = 0
    name: str = ""
    user_id: str = ""
    url: str = ""
    host: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""
    campaign: str = ""
    """Source, medium and campaign of a view that names one, where its app cuts by it."""
    goals: tuple[tuple[str, float], ...] = ()
    """Names and values of the goals it reaches."""

    def order(self) -> tuple[int, bytes]:
        """Place in the fold (rule 2)."""
        return self.time, self.id

    def rank(self) -> tuple[int, str, int, int, int]:
        """Place among copies of one id and time (rule 7): the least is kept."""
        return self.fingerprint, self.raw_topic, self.raw_partition, self.raw_offset, self.raw_index


def kind_of(event: Event) -> int:
    """What the event counts as in a session. Segment names the kind in ``event``, Snowplow also in ``event_name``."""
    kind = _KINDS.get(event.event)
    return _KINDS.get(event.event_name, OTHER) if kind is None else kind


def campaign_of(event: Event) -> str:
    """Source, medium and campaign as one text, empty where none of them is given."""
    campaign = f"{event.mkt_source}\0{event.mkt_medium}\0{event.mkt_campaign}"
    return campaign if len(campaign) > 2 else ""  # more than the separators


def profile_of(event: Event) -> Profile:
    """Where and with what: columns a session takes from its first event (rule 8)."""
    return (
        event.geo_country,
        event.geo_region,
        event.geo_city,
        event.br_family,
        event.os_family,
        event.dvce_type,
        event.is_bot,
    )


def origin_of(event: Event) -> Origin:
    """Whence: columns a session takes from its first page or screen view, less the referrer (rule 8)."""
    return (
        event.refr_medium,
        event.refr_source,
        event.refr_term,
        event.mkt_medium,
        event.mkt_source,
        event.mkt_term,
        event.mkt_content,
        event.mkt_campaign,
        event.mkt_network,
        event.default_channel_group,
    )
