"""What the tables must hold in the end, worked out from the raw log by the letter of design.md §6, slowly.

Shares no code with ``streams``; knows nothing of watermarks, batches, order of arrival or redelivery.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from streams.records import Event, Outcome

from .worlds import DAY, Rules

Place = tuple[str, int, int, int]
Key = tuple[str, bytes, int, bytes]


@dataclass
class Truth:
    """Per event key is_late and the raw places its row may have (several late copies: any of them); and the rest."""

    events: dict[Key, tuple[int, set[Place]]] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[Place, tuple[str, str]] = field(default_factory=dict)
    visitors: dict[tuple[str, bytes], dict[str, Any]] = field(default_factory=dict)


def place(record: Event | Outcome) -> Place:
    """Raw coordinates."""
    return record.raw_topic, record.raw_partition, record.raw_offset, record.raw_index


def row_key(event: Event) -> Key:
    """Sort key of table ``events``, as far as it says more than its own date."""
    return event.app_id, event.visitor_id, event.derived_tstamp, event.event_id


def truth(rules: Rules, raw: Iterable[Event | Outcome]) -> Truth:
    """The final tables."""
    out = Truth()
    on_time: dict[tuple[str, bytes, bytes], list[Event]] = defaultdict(list)
    late: dict[Key, set[Place]] = defaultdict(set)
    for record in raw:
        if isinstance(record, Outcome):
            out.outcomes[place(record)] = (record.outcome, record.reason)
        elif record.arrival_tstamp - record.derived_tstamp > rules.lateness:
            out.outcomes[place(record)] = ("late", "lateness")
            late[row_key(record)].add(place(record))
        else:
            on_time[record.app_id, record.visitor_id, record.event_id].append(record)
    kept = [event for copies in on_time.values() for event in copies if not _has_earlier(event, copies, rules.window)]
    met = {row_key(event) for copies in on_time.values() for event in copies}
    out.events = {key: (1, places) for key, places in late.items() if key not in met}
    for copies in on_time.values():
        out.outcomes.update((place(event), ("duplicate", "copy")) for event in copies)
    for event in kept:
        out.events[row_key(event)] = (0, {place(event)})
        out.outcomes[place(event)] = ("accepted", "")
    visitors: dict[tuple[str, bytes], list[Event]] = defaultdict(list)
    for event in kept:
        if event.visitor_id != bytes(16):
            visitors[event.app_id, event.visitor_id].append(event)
    for key, events in visitors.items():
        rows = _numbered(_split(sorted(events, key=lambda e: (e.derived_tstamp, e.event_id)), rules), rules)
        out.sessions += rows
        out.visitors[key] = _visitor(rows)
    return out


def _visitor(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the sessions since the visitor was last new."""
    newest = max(at for at, row in enumerate(rows) if row["session_index"] == 1)
    return {
        "first_seen_tstamp": rows[newest]["start_tstamp"],
        "last_seen_tstamp": rows[-1]["end_tstamp"],
        "sessions": rows[-1]["session_index"],
        "user_id": next((row["user_id"] for row in reversed(rows[newest:]) if row["user_id"]), ""),
    }


def _rank(event: Event) -> tuple[int, int, Place]:
    return event.derived_tstamp, event.event_fingerprint, place(event)


def _has_earlier(event: Event, copies: list[Event], window: int) -> bool:
    return any(_rank(c) < _rank(event) and event.derived_tstamp - c.derived_tstamp <= window for c in copies)


def _split(events: list[Event], rules: Rules) -> list[list[Event]]:
    parts: list[list[Event]] = []
    for event in events:
        time = event.derived_tstamp
        if parts:
            start, end = parts[-1][0].derived_tstamp, parts[-1][-1].derived_tstamp
            stays = time - end <= rules.gap and time - start <= rules.longest
            if rules.by_date and _date(time) != _date(start):
                stays = False
            if rules.by_campaign and _changes_campaign(parts[-1], event):
                stays = False
            if time == end or stays:
                parts[-1].append(event)
                continue
        parts.append([event])
    return parts


def _date(time: int) -> date:
    return datetime.fromtimestamp(time / 1000, ZoneInfo("Europe/Berlin")).date()


def _changes_campaign(part: list[Event], event: Event) -> bool:
    """A view names a campaign, and the landing page before it had another or none."""
    views = [_campaign(other) for other in part if _is_view(other)]
    return _is_view(event) and any(_campaign(event)) and bool(views) and views[0] != _campaign(event)


def _campaign(event: Event) -> tuple[str, str, str]:
    return event.mkt_source, event.mkt_medium, event.mkt_campaign


def _goals(event: Event) -> list[tuple[str, float]]:
    """Those of tests/property/worlds.py: goal ``cart`` by event, with a price; goal ``one`` by page."""
    price = {"1.5": 1.5, "-2": -2.0}.get(event.properties.get("price", ""), 0.0)
    cart = [("cart", price)] if (event.event_name or event.event) == "add_to_cart" else []
    return cart + ([("one", 0.0)] if event.event == "page_view" and event.page_urlpath == "/1" else [])


def _numbered(parts: list[list[Event]], rules: Rules) -> list[dict[str, Any]]:
    rows = []
    index = 0
    for before, part in zip([None, *parts], parts, strict=False):
        away = part[0].derived_tstamp - before[-1].derived_tstamp if before else 0
        index = 1 if away > 395 * DAY else index + 1
        rows.append(_row(part, index, rules.max_steps))
    return rows


def _is_view(event: Event) -> bool:
    return event.event in {"page_view", "screen_view"}


def _row(part: list[Event], index: int, max_steps: int) -> dict[str, Any]:
    start, end = part[0].derived_tstamp, part[-1].derived_tstamp
    views = [event for event in part if _is_view(event)]
    engaged = _engaged(part)
    steps = [event for event in part if event.event != "page_ping"]
    goals = [goal for event in part for goal in _goals(event)]
    return {
        "first_id": part[0].event_id,
        "app_id": part[0].app_id,
        "visitor_id": part[0].visitor_id,
        "start_tstamp": start,
        "end_tstamp": end,
        "absolute_time_in_s": (end - start) // 1000,
        "engaged_time_in_s": engaged,
        "views": len(views),
        "total_events": len(part),
        "is_bounce": int(len(views) < 2 and engaged < 10 and not goals),
        "goals": list(dict.fromkeys(name for name, _ in goals)),
        "goal_value": sum(value for _, value in goals),
        "session_index": index,
        "is_new_visitor": int(index == 1),
        "user_id": next((event.user_id for event in reversed(part) if event.user_id), ""),
        "geo_country": part[0].geo_country,
        "dvce_type": part[0].dvce_type,
        **{f"first_{c}": getattr(views[0], c) if views else "" for c in ("page_url", "page_urlpath", "page_title")},
        **{f"last_{c}": getattr(views[-1], c) if views else "" for c in ("page_url", "page_urlpath", "page_title")},
        **{
            c: getattr(views[0], c) if views else "" for c in ("page_referrer", "mkt_campaign", "default_channel_group")
        },
        "steps": [_step(event) for event in steps[:max_steps]],
        "step_offsets_ms": [event.derived_tstamp - start for event in steps[:max_steps]],
        "is_capped": int(len(steps) > max_steps),
        "is_final": 1,
        "is_deleted": 0,
    }


def _engaged(part: list[Event]) -> int:
    """Per page 10 s for every distinct heartbeat but the first, which counts 5 s."""
    heartbeats: dict[int, set[int]] = defaultdict(set)
    page = 0
    for event in part:
        page += _is_view(event)
        if event.event == "page_ping":
            heartbeats[page].add(event.derived_tstamp // 10_000)
    return sum(10 * (len(distinct) - 1) + 5 for distinct in heartbeats.values())


def _step(event: Event) -> str:
    return f"page:{event.page_urlpath}" if event.event == "page_view" else f"event:{event.event_name or event.event}"
