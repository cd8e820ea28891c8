"""Rows for the warehouse from what the fold knows (design.md §6 rule 8, §7)."""

from typing import Protocol

from streams.outcome import Reason, Verdict
from streams.records import Event, Outcome, SessionRow, VisitorRow
from streams.sessionize.fold import Session, Start
from streams.sessionize.history import Closed
from streams.sessionize.hit import Hit
from streams.sessionize.identity import session_id
from streams.sessionize.visitor import Visitor

ENGAGED_S = 10
"""Less engaged time than this may be a bounce."""


class Owner(Protocol):
    """Whose rows they are."""

    @property
    def app_id(self) -> str: ...
    @property
    def visitor_id(self) -> bytes: ...


def session_row(visitor: Visitor, session: Session, index: int, version: int, *, is_final: int) -> SessionRow:
    """The row of a session; ``index`` counts from 1."""
    geo_country, geo_region, geo_city, br_family, os_family, dvce_type, is_bot = visitor.texts.profile(session.first)
    row = SessionRow(
        session_id=session_id(visitor.app_id, visitor.visitor_id, session.start, session.first.id),
        app_id=visitor.app_id,
        visitor_id=visitor.visitor_id,
        user_id=session.user_id,
        start_tstamp=session.start,
        end_tstamp=session.end,
        absolute_time_in_s=(session.end - session.start) // 1000,
        engaged_time_in_s=session.engaged_s,
        views=session.views,
        total_events=session.total,
        is_bounce=int(session.views < 2 and session.engaged_s < ENGAGED_S and not session.goals),
        is_new_visitor=int(index == 1),
        session_index=index,
        geo_country=geo_country,
        geo_region=geo_region,
        geo_city=geo_city,
        br_family=br_family,
        os_family=os_family,
        dvce_type=dvce_type,
        is_bot=is_bot,
        goals=session.goals,
        goal_value=session.goal_value,
        steps=session.steps,
        step_offsets_ms=session.offsets_ms,
        is_capped=session.is_capped,
        is_final=is_final,
        version=version,
    )
    if session.first_view is not None and session.last_view is not None:
        _add_pages(row, visitor, session.first_view, session.last_view)
    return row


def _add_pages(row: SessionRow, visitor: Visitor, first: Hit, last: Hit) -> None:
    texts = visitor.texts
    landing, drop_off = texts.page(first), texts.page(last)
    row.first_page_url = landing.url
    row.first_page_urlhost = landing.host
    row.first_page_urlpath = landing.path
    row.first_page_title = landing.title
    row.last_page_url = drop_off.url
    row.last_page_urlhost = drop_off.host
    row.last_page_urlpath = drop_off.path
    row.last_page_title = drop_off.title
    row.page_referrer = texts.referrer(first)
    (
        row.refr_medium,
        row.refr_source,
        row.refr_term,
        row.mkt_medium,
        row.mkt_source,
        row.mkt_term,
        row.mkt_content,
        row.mkt_campaign,
        row.mkt_network,
        row.default_channel_group,
    ) = texts.origin(first)


def session_tombstone(visitor: Visitor, start: Start, version: int) -> SessionRow:
    """Deletes the row of this session from table ``sessions``: its whole key."""
    time, event_id = start
    return SessionRow(
        session_id=session_id(visitor.app_id, visitor.visitor_id, time, event_id),
        app_id=visitor.app_id,
        visitor_id=visitor.visitor_id,
        start_tstamp=time,
        end_tstamp=time,
        version=version,
        is_deleted=1,
    )


def visitor_row(visitor: Visitor, closed: Closed, version: int) -> VisitorRow:
    """What the closed sessions say of the visitor, ``closed`` being the last."""
    return VisitorRow(
        app_id=visitor.app_id,
        visitor_id=visitor.visitor_id,
        user_id=closed.user_id,
        first_seen_tstamp=closed.first_seen,
        last_seen_tstamp=closed.session.end,
        sessions=closed.nth,
        version=version,
    )


def event_outcome(event: Event, outcome: Verdict, reason: Reason, version: int) -> Outcome:
    """What became of an event at hand."""
    return Outcome(
        app_id=event.app_id,
        arrival_tstamp=event.arrival_tstamp,
        raw_topic=event.raw_topic,
        raw_partition=event.raw_partition,
        raw_offset=event.raw_offset,
        raw_index=event.raw_index,
        outcome=outcome,
        reason=reason,
        events=event.raw_events,
        size=event.raw_size,
        version=version,
    )


def loser_outcome(visitor: Visitor, hit: Hit, version: int) -> Outcome:
    """An event accepted before that is a duplicate after all."""
    place = visitor.texts.place(hit)
    return Outcome(
        app_id=visitor.app_id,
        arrival_tstamp=place.arrival,
        raw_topic=place.raw_topic,
        raw_partition=place.raw_partition,
        raw_offset=place.raw_offset,
        raw_index=place.raw_index,
        outcome=Verdict.DUPLICATE,
        reason=Reason.COPY,
        events=place.events,
        size=place.size,
        version=version,
    )


def tombstone(visitor: Owner, event_id: bytes, time: int, version: int) -> Event:
    """Deletes the row of this key from table ``events``."""
    return Event(
        event_id=event_id,
        app_id=visitor.app_id,
        visitor_id=visitor.visitor_id,
        event_fingerprint=0,
        collector_tstamp=time,
        derived_tstamp=time,
        arrival_tstamp=time,
        raw_topic="",
        raw_partition=0,
        raw_offset=0,
        event="",
        version=version,
        is_deleted=1,
    )
