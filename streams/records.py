"""The words everything speaks: what each stage takes and gives.

raw topic ─▶ RawRecord ─parse─▶ ParsedEvent ─anonymize─▶ Event ─enrich─▶ Event ─encode─▶ enriched topic
enriched topic ─▶ Event | Outcome | Marker | Control ─sessionize─▶ Event, SessionRow, Outcome, Progress ─▶ warehouse

Times are integers, milliseconds since 1970 UTC. Text is never None: absent is the empty string (the column's default).
Ids of events, visitors and sessions are 16 raw bytes of a UUID; sixteen zero bytes mean none.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

FORMAT_VERSION = 1
"""First byte of every record of the enriched topic; raised when an old reader could misread a new record."""

INFINITY = 2**63 - 1
"""Arrival time of a raw partition that has ended (bounded input), in milliseconds."""

NO_ID = bytes(16)

OWN_KEY = b"\0partition"
"""State: key of the partition's own record, the last of every publication; keys of visitors start with a letter."""


class RawRecord(Protocol):
    """One record of a raw topic, as aiokafka's ConsumerRecord has it."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class RawBatch(msgspec.Struct, frozen=True):
    """Consecutive records of one raw partition. ``topic`` is ``name@n``: the name and its incarnation."""

    topic: str
    partition: int
    records: Sequence[RawRecord]


class ParsedEvent(msgspec.Struct, kw_only=True, gc=False):
    """One event as its format gave it: **unmasked**. It never leaves the enrich worker's memory.

    Absent times are None. ``ip`` and ``useragent`` are already the body's where the body names them.
    """

    app_id: str = ""
    platform: str = "web"
    event: str
    event_name: str = ""
    event_id: str = ""
    collector_tstamp: int | None = None
    dvce_created_tstamp: int | None = None
    dvce_sent_tstamp: int | None = None
    true_tstamp: int | None = None
    ip: str = ""
    useragent: str = ""
    domain_userid: str = ""
    network_userid: str = ""
    anonymous_id: str = ""
    user_id: str = ""
    domain_sessionid: str = ""
    page_url: str = ""
    page_title: str = ""
    page_referrer: str = ""
    mkt_medium: str = ""
    mkt_source: str = ""
    mkt_term: str = ""
    mkt_content: str = ""
    mkt_campaign: str = ""
    br_lang: str = ""
    os_timezone: str = ""
    dvce_screenwidth: int = 0
    dvce_screenheight: int = 0
    se_category: str = ""
    se_action: str = ""
    se_label: str = ""
    se_property: str = ""
    se_value: float | None = None
    contexts: str = ""
    properties: dict[str, str] = {}
    webdriver: bool | None = None
    """Whether the browser says a program drives it; None where it was not asked."""
    ua_hints: str = ""
    """User agent client hints: a JSON object as ``navigator.userAgentData`` or Snowplow's http_client_hints has it."""


class Event(msgspec.Struct, kw_only=True, array_like=True, tag="e", gc=False):
    """One anonymized event: a record of the enriched topic and a row of table ``events``.

    It has no field that can hold a raw IP or a raw id. Wire form: a MessagePack array in this order, so fields are
    only ever appended, with a default.
    """

    # identity
    event_id: bytes
    app_id: str
    visitor_id: bytes = NO_ID
    event_fingerprint: int
    """Keyed 64-bit hash of the event's payload (unsigned); orders copies of one id."""
    # time
    collector_tstamp: int
    derived_tstamp: int
    arrival_tstamp: int
    dvce_created_tstamp: int | None = None
    dvce_sent_tstamp: int | None = None
    # coordinates: where its raw record lies, or lay when it was first loaded (an archive keeps them)
    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_index: int = 0
    raw_events: int = 1
    """How many events its raw record held."""
    raw_size: int = 0
    """Bytes of its raw record's value."""
    read_from: tuple[str, int, int, int] | None = None
    """(topic, partition, offset, index) it was read from, where that differs from the coordinates above."""
    # what happened
    platform: str = "web"
    event: str
    event_name: str = ""
    user_id: str = ""
    domain_sessionid: str = ""
    user_ipaddress: str = ""
    useragent: str = ""
    page_url: str = ""
    page_urlscheme: str = ""
    page_urlhost: str = ""
    page_urlpath: str = ""
    page_urlquery: str = ""
    page_title: str = ""
    page_referrer: str = ""
    refr_urlhost: str = ""
    refr_medium: str = ""
    refr_source: str = ""
    refr_term: str = ""
    mkt_medium: str = ""
    mkt_source: str = ""
    mkt_term: str = ""
    mkt_content: str = ""
    mkt_campaign: str = ""
    mkt_network: str = ""
    default_channel_group: str = ""
    geo_country: str = ""
    geo_region: str = ""
    geo_city: str = ""
    geo_latitude: float | None = None
    geo_longitude: float | None = None
    geo_timezone: str = ""
    asn_number: int = 0
    asn_organization: str = ""
    br_family: str = ""
    br_version: str = ""
    os_family: str = ""
    os_version: str = ""
    dvce_family: str = ""
    dvce_type: str = ""
    is_bot: int = 0
    bot_indicators: list[str] = []
    br_lang: str = ""
    os_timezone: str = ""
    dvce_screenwidth: int = 0
    dvce_screenheight: int = 0
    se_category: str = ""
    se_action: str = ""
    se_label: str = ""
    se_property: str = ""
    se_value: float | None = None
    contexts: str = ""
    properties: dict[str, str] = {}
    # provenance
    rules_version: str = ""
    ua_version: str = ""
    geo_version: str = ""
    app_version: str = ""
    # set by the session fold
    is_late: int = 0
    version: int = 0
    is_deleted: int = 0
    # read by the enrich stage, no columns: what they say is in bot_indicators, br_*, os_* and dvce_*
    webdriver: bool | None = None
    ua_hints: str = ""
    """Empty behind the enrich stage."""


class Outcome(msgspec.Struct, kw_only=True, array_like=True, tag="o", gc=False):
    """What became of one raw event: a row of table ``outcomes``. On the enriched topic: an event that became none."""

    app_id: str
    arrival_tstamp: int
    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_index: int = 0
    outcome: str
    reason: str = ""
    events: int = 1
    size: int = 0
    version: int = 0
    read_from: tuple[str, int, int, int] | None = None


class Marker(msgspec.Struct, kw_only=True, array_like=True, tag="m", gc=False):
    """Arrival times heard so far: everything of a raw partition up to it stands before this record.

    ``heard`` maps raw partition to milliseconds; ``partitions`` is how many the raw topic has.
    """

    raw_topic: str
    partitions: int
    heard: dict[int, int]


class Control(msgspec.Struct, kw_only=True, array_like=True, tag="c", gc=False):
    """Word from one part to another through the log. ``kind`` ``rules``: {"hash": …, "text": …}."""

    kind: str
    body: dict[str, str]


Record = Event | Outcome | Marker | Control


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One record for topic ``dead`` (restricted zone): the original bytes, where they lie, and why.

    ``carrier``: index of the letter of the same raw record that has the bytes and headers, where this one has not.
    """

    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_index: int
    carrier: int | None = None
    reason: str
    detail: str


class SessionRow(msgspec.Struct, kw_only=True, gc=False):
    """One row of table ``sessions``."""

    session_id: bytes
    app_id: str
    visitor_id: bytes
    user_id: str = ""
    start_tstamp: int
    end_tstamp: int = 0
    absolute_time_in_s: int = 0
    engaged_time_in_s: int = 0
    views: int = 0
    total_events: int = 0
    is_bounce: int = 0
    is_new_visitor: int = 0
    session_index: int = 0
    first_page_url: str = ""
    first_page_urlhost: str = ""
    first_page_urlpath: str = ""
    first_page_title: str = ""
    last_page_url: str = ""
    last_page_urlhost: str = ""
    last_page_urlpath: str = ""
    last_page_title: str = ""
    page_referrer: str = ""
    refr_medium: str = ""
    refr_source: str = ""
    refr_term: str = ""
    mkt_medium: str = ""
    mkt_source: str = ""
    mkt_term: str = ""
    mkt_content: str = ""
    mkt_campaign: str = ""
    mkt_network: str = ""
    default_channel_group: str = ""
    geo_country: str = ""
    geo_region: str = ""
    geo_city: str = ""
    br_family: str = ""
    os_family: str = ""
    dvce_type: str = ""
    is_bot: int = 0
    goals: list[str] = []
    goal_value: float = 0.0
    steps: list[str] = []
    step_offsets_ms: list[int] = []
    is_capped: int = 0
    """A cap was met: steps or goals are cut, or order among too many events, or duplicates among too many ids."""
    is_final: int = 0
    version: int = 0
    is_deleted: int = 0


class VisitorRow(msgspec.Struct, kw_only=True, gc=False):
    """One row of table ``visitors``: what the closed sessions of a visitor say, since the visitor was last new."""

    app_id: str
    visitor_id: bytes
    user_id: str = ""
    first_seen_tstamp: int
    last_seen_tstamp: int
    sessions: int = 0
    version: int = 0


class Progress(msgspec.Struct, kw_only=True, gc=False):
    """One row of table ``progress``: how far the fold of an enriched partition has come.

    ``applied`` is the last enriched offset folded; ``watermark`` is INFINITY when all input has ended, -1 before any.
    """

    generation: int
    partition: int
    applied: int
    watermark: int
