"""The texts of hits and their bytes: each text is small, self-contained and the same for every visitor."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import msgspec

from streams.memo import remember
from streams.records import Event
from streams.sessionize.hit import OTHER, PAGE_PING, PAGE_VIEW

T = TypeVar("T")

ENTRIES = 8192
"""Texts of each kind that are kept read: a few MB."""


class Page(NamedTuple):
    """What a hit is: its kind, the name of what is no page view, the columns of a view, the goals it reaches."""

    kind: int
    name: str = ""
    url: str = ""
    host: str = ""
    path: str = ""
    title: str = ""
    goals: tuple[tuple[str, float], ...] = ()


class Profile(NamedTuple):
    """Where and with what: columns a session takes from its first event (design.md §6 rule 8)."""

    geo_country: str = ""
    geo_region: str = ""
    geo_city: str = ""
    br_family: str = ""
    os_family: str = ""
    dvce_type: str = ""
    is_bot: int = 0


class Origin(NamedTuple):
    """Whence: columns a session takes from its first page or screen view, less the referrer (rule 8)."""

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

    @property
    def campaign(self) -> str:
        """Source, medium and campaign as one text, empty where none of them is given."""
        campaign = f"{self.mkt_source}\0{self.mkt_medium}\0{self.mkt_campaign}"
        return campaign if len(campaign) > 2 else ""  # more than the separators


class Words:
    """Reads texts, each once: visitors see the same pages and come from the same places."""

    def __init__(self) -> None:
        self.page = _reader(Page)
        self.profile = _reader(Profile)
        self.origin = _reader(Origin)
        self.text = _reader(str)
        self.campaign: Callable[[bytes], str] = _remember(lambda data: self.origin(data).campaign)


def _reader(kind: type[T]) -> Callable[[bytes], T]:
    return _remember(msgspec.msgpack.Decoder(kind).decode)


def _remember(function: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """The memory is typed for texts; bytes do as well: all it asks of a key is a hash and a length."""
    return cast("Callable[[bytes], T]", remember(cast("Callable[[str], T]", function), ENTRIES))


write = msgspec.msgpack.Encoder().encode
"""A text's bytes."""


def page_of(event: Event, kind: int, goals: tuple[tuple[str, float], ...]) -> bytes:
    """The event's ``Page``."""
    if kind == PAGE_PING:
        return write((kind, "", "", "", "", "", goals))
    name = "" if kind == PAGE_VIEW else event.event_name or event.event
    if kind == OTHER:
        return write((kind, name, "", "", "", "", goals))
    return write((kind, name, event.page_url, event.page_urlhost, event.page_urlpath, event.page_title, goals))


def profile_of(event: Event) -> bytes:
    """The event's ``Profile``."""
    return write(
        (
            event.geo_country,
            event.geo_region,
            event.geo_city,
            event.br_family,
            event.os_family,
            event.dvce_type,
            event.is_bot,
        )
    )


def origin_of(event: Event) -> bytes:
    """The event's ``Origin``."""
    return write(
        (
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
    )
