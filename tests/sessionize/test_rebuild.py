"""Rebuild of one visitor against a brute-force oracle, and by literal cases."""

from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.records import INFINITY, Event, SessionRow, VisitorRow
from streams.sessionize.options import SessionOptions
from streams.sessionize.rebuild import rebuild
from streams.sessionize.rebuilt import Bounds, Rebuilt, Stored
from streams.sessionize.state import lone_key, visitor_key

from .conftest import GAP, LATENESS, OPTIONS, WINDOW, Raw, uuid

HOUR = 3_600_000
T0 = 1_000 * 24 * HOUR
VISITOR = uuid("v")
KEY = visitor_key("shop", VISITOR)
DONE = Bounds(INFINITY, 1, 0, True)


class Store:
    """Of one visitor, what FINAL shows: rows by key, and the highest version ever."""

    def __init__(self, *events: Event) -> None:
        self.events = {(event.derived_tstamp, event.event_id): event for event in events}
        self.sessions: dict[bytes, SessionRow] = {}
        self.visitor: VisitorRow | None = None
        self.version = 1 << 48

    def rebuild(self, options: SessionOptions = OPTIONS, bounds: Bounds = DONE, key: bytes = KEY) -> Rebuilt:
        """A rebuild that writes."""
        result = rebuild(key, options, self.stored(), bounds)
        for event in [*result.adopted, *result.tombstones]:
            self._put_event(event)
        for row in result.session_rows():
            assert row.version > self.version
            if row.is_deleted:
                del self.sessions[row.session_id]
            else:
                self.sessions[row.session_id] = row
        if result.visitor is not None:
            assert result.visitor.version > self.version
            self.visitor = result.visitor
        self.version = max(self.version, result.version)
        return result

    def told(self) -> tuple[int, int, int, str] | None:
        """(first seen, last seen, sessions, user id) of the visitor's row."""
        row = self.visitor
        return None if row is None else (row.first_seen_tstamp, row.last_seen_tstamp, row.sessions, row.user_id)

    def _put_event(self, event: Event) -> None:
        assert event.version > self.version
        if event.is_deleted:
            del self.events[event.derived_tstamp, event.event_id]
        else:
            self.events[event.derived_tstamp, event.event_id] = event

    def stored(self) -> Stored:
        """As read."""
        events = [msgspec.structs.replace(self.events[key]) for key in sorted(self.events)]
        return Stored(events, list(self.sessions.values()), self.version, self.visitor)

    def spans(self) -> list[tuple[int, int, int]]:
        """(start, end, events), by start."""
        return sorted((r.start_tstamp, r.end_tstamp, r.total_events) for r in self.sessions.values())


def late(event: Event) -> Event:
    """The event as one that came too late."""
    event.is_late = 1
    event.version = 16
    return event


def watermark(horizon: int) -> Bounds:
    """Nothing to come lies below ``horizon``."""
    return Bounds(horizon + LATENESS, 1, 0, True)


# Literal cases


def test_a_late_event_joins_two_sessions(raw: Raw) -> None:
    """The later session's row goes, the first grows, the event is no longer late."""
    store = Store(raw.event(T0), raw.event(T0 + 2 * GAP))
    store.rebuild()
    assert store.spans() == [(T0, T0, 1), (T0 + 2 * GAP, T0 + 2 * GAP, 1)]
    bridge = late(raw.event(T0 + GAP, arrival=T0 + 5 * HOUR))
    store.events[bridge.derived_tstamp, bridge.event_id] = bridge

    result = store.rebuild()

    assert store.spans() == [(T0, T0 + 2 * GAP, 3)]
    assert [(event.event_id, event.is_late) for event in result.adopted] == [(bridge.event_id, 0)]
    assert [(bool(c.before), bool(c.after)) for c in result.sessions] == [(True, True), (True, False)]
    assert result.losers == []


def test_an_earlier_late_event_moves_the_start_and_shifts_nothing_else(raw: Raw) -> None:
    """Another id for the same session: the old one gets a tombstone; a session of its own shifts the later index."""
    store = Store(raw.event(T0 + 9 * HOUR))
    store.rebuild()
    for at in (T0, T0 + 9 * HOUR - 1):
        event = late(raw.event(at))
        store.events[event.derived_tstamp, event.event_id] = event
    store.rebuild()

    rows = sorted(store.sessions.values(), key=lambda row: row.start_tstamp)
    assert [(r.start_tstamp, r.session_index, r.is_new_visitor) for r in rows] == [
        (T0, 1, 1),
        (T0 + 9 * HOUR - 1, 2, 0),
    ]


@pytest.mark.parametrize(("beyond", "adopted"), [(0, 0), (1, 1)])
def test_an_event_is_adopted_only_when_no_on_time_copy_or_neighbour_can_come(
    raw: Raw, beyond: int, adopted: int
) -> None:
    """H must lie beyond the end by more than gap and dedup window: at exactly that it waits."""
    store = Store(late(raw.event(T0)))

    result = store.rebuild(bounds=watermark(T0 + max(GAP, WINDOW) + beyond))

    assert (len(result.adopted), result.waiting) == (adopted, 1 - adopted)
    assert len(store.sessions) == adopted


@pytest.mark.parametrize(("away", "adopted"), [(GAP, 0), (GAP + 1, 1)])
def test_an_event_that_would_join_an_open_session_waits(raw: Raw, away: int, adopted: int) -> None:
    """The component it makes is open, however old the event."""
    first = T0 + 9 * HOUR
    store = Store(late(raw.event(first - away)), raw.event(first), raw.event(first + GAP), raw.event(first + 2 * GAP))

    result = store.rebuild(bounds=watermark(first + 2 * GAP + WINDOW))

    assert (len(result.adopted), result.waiting) == (adopted, 1 - adopted)


def test_a_late_copy_of_a_kept_event_goes(raw: Raw) -> None:
    """It follows the kept one within the window: its row goes, no outcome changes (it stays late)."""
    store = Store(raw.event(T0, name="x"), late(raw.event(T0 + WINDOW, name="x")))

    result = store.rebuild()

    assert [event.derived_tstamp for event in result.tombstones] == [T0 + WINDOW]
    assert (result.adopted, result.losers) == ([], [])
    assert store.spans() == [(T0, T0, 1)]


def test_a_late_copy_before_a_kept_event_takes_its_place(raw: Raw) -> None:
    """The accepted copy is a duplicate after all: its row goes, its outcome says so."""
    accepted = raw.event(T0 + WINDOW, name="x")
    store = Store(accepted, late(raw.event(T0, name="x")))

    result = store.rebuild()

    assert [event.derived_tstamp for event in result.tombstones] == [T0 + WINDOW]
    assert [(o.raw_offset, o.outcome, o.reason) for o in result.losers] == [(0, "duplicate", "copy")]
    assert store.spans() == [(T0, T0, 1)]


def test_copies_that_two_runs_accepted_each_for_itself_become_one(raw: Raw) -> None:
    """The later one's row goes, and its outcome says so; one beyond the window stays."""
    store = Store(*[raw.event(at, name="x") for at in (T0, T0 + WINDOW, T0 + 2 * WINDOW + 1)])

    result = store.rebuild()

    assert [event.derived_tstamp for event in result.tombstones] == [T0 + WINDOW]
    assert [(o.raw_offset, o.outcome, o.reason) for o in result.losers] == [(1, "duplicate", "copy")]
    assert store.spans() == [(T0, T0, 1), (T0 + 2 * WINDOW + 1, T0 + 2 * WINDOW + 1, 1)]


def test_a_copy_of_an_event_that_is_not_final_waits(raw: Raw) -> None:
    """Adopting would take an event out of an open session."""
    lateness = SessionOptions(
        gap_ms=GAP, longest_ms=24 * HOUR, lateness_ms=LATENESS, dedup_window_ms=10 * GAP, max_steps=500
    )
    opened = T0 + 8 * GAP
    store = Store(late(raw.event(T0, name="x")), raw.event(opened, name="x"), raw.event(opened + 10 * GAP))

    result = store.rebuild(lateness, Bounds(opened + 10 * GAP + LATENESS, 1, 0, True))

    assert (result.adopted, result.tombstones, result.waiting) == ([], [], 1)


def test_open_sessions_are_left_to_the_worker(raw: Raw) -> None:
    """Neither written nor removed, whatever row they have."""
    store = Store(raw.event(T0), raw.event(T0 + 9 * HOUR))
    store.rebuild()
    opened = next(row for row in store.sessions.values() if row.start_tstamp == T0 + 9 * HOUR)
    opened.total_events, opened.is_final = 7, 0

    result = store.rebuild(bounds=watermark(T0 + 9 * HOUR + GAP))

    assert result.is_empty
    assert result.counts == (T0 + 9 * HOUR + GAP, 1, T0, T0 + GAP, T0, "")


def test_sessions_older_than_the_events_held_stay_and_give_the_counts(raw: Raw) -> None:
    """Their events are gone; an event they reach into the first day by is not folded again; late ones near wait."""
    day = T0 + 24 * HOUR
    store = Store(*[raw.event(at) for at in (day - 1, day + 5, day + 9 * HOUR)])
    store.rebuild()
    for row in store.sessions.values():
        row.session_index += 4
    assert store.visitor is not None
    store.visitor.sessions += 4
    del store.events[min(store.events)]
    near = late(raw.event(day + 5 + GAP))
    store.events[near.derived_tstamp, near.event_id] = near

    result = store.rebuild(bounds=Bounds(INFINITY, 1, day, True))

    assert result.is_empty
    assert (result.waiting, result.counts.closed) == (1, 6)


def test_the_visitor_is_told_from_all_closed_sessions(raw: Raw) -> None:
    """Also what a second run, which saw the last one only, has written over; told to the worker too; once."""
    times = (T0, "a"), (T0 + 9 * HOUR, ""), (T0 + 20 * HOUR, "")
    store = Store(*[raw.event(at, user_id=user) for at, user in times])
    store.rebuild()
    expected = (T0, T0 + 20 * HOUR, 3, "a")
    assert store.told() == expected
    last = T0 + 20 * HOUR
    store.visitor = VisitorRow(
        app_id="shop", visitor_id=VISITOR, first_seen_tstamp=last, last_seen_tstamp=last, sessions=1
    )

    result = store.rebuild()

    assert (result.sessions, result.is_told, result.counts[-2:]) == ([], True, (T0, "a"))
    assert store.told() == expected
    assert store.rebuild().is_empty


def test_a_visitor_of_whom_the_worker_has_closed_more_is_left_to_it(raw: Raw) -> None:
    """It closed a session beyond the watermark that was read."""
    store = Store(raw.event(T0), raw.event(T0 + 9 * HOUR))
    store.rebuild()
    told = store.told()

    assert store.rebuild(bounds=watermark(T0 + 2 * GAP)).visitor is None
    assert store.told() == told


def test_a_visitor_without_a_closed_session_after_all_is_told_so(raw: Raw) -> None:
    """A rebuild that adopted died before it wrote the event; one that adopts nothing ran next."""
    store = Store(late(raw.event(T0)))
    store.rebuild()
    (event,) = store.events.values()
    late(event)

    result = store.rebuild(bounds=Bounds(INFINITY, 1, 0, False))

    assert (store.spans(), store.told()) == ([], (0, 0, 0, ""))
    assert result.counts.closed == 0
    assert store.rebuild(bounds=Bounds(INFINITY, 1, 0, False)).is_empty


@pytest.mark.parametrize("is_first_held", [True, False])
def test_sessions_that_are_held_no_more_are_remembered_by_those_after_them(raw: Raw, is_first_held: bool) -> None:
    """First seen, user and number come from older sessions' rows, else from the visitor's row."""
    day = T0 + 48 * HOUR
    events = [raw.event(at, user_id=user) for at, user in ((T0, "a"), (day - HOUR, ""), (day, ""), (day + HOUR, ""))]
    store = Store(*events)
    store.rebuild()
    told = store.told()
    for event in events[:2]:
        del store.events[event.derived_tstamp, event.event_id]
    if not is_first_held:
        del store.sessions[min(store.sessions.values(), key=lambda row: row.start_tstamp).session_id]

    assert store.rebuild(bounds=Bounds(INFINITY, 1, day, True)).is_empty
    assert (told, store.told()) == ((T0, day + HOUR, 4, "a"), told)


def test_numbers_outlive_all_rows_of_older_sessions(raw: Raw) -> None:
    """Events and sessions expired by one rule: the visitor's row says how many there were."""
    day = T0 + 48 * HOUR
    store = Store(*[raw.event(at, user_id="a") for at in (T0, T0 + HOUR, day + HOUR)])
    store.rebuild()
    store.events = {key: event for key, event in store.events.items() if key[0] >= day}
    store.sessions = {key: row for key, row in store.sessions.items() if row.start_tstamp >= day}
    event = late(raw.event(day + 5 * HOUR))
    store.events[event.derived_tstamp, event.event_id] = event

    store.rebuild(bounds=Bounds(INFINITY, 1, day, True))

    assert store.told() == (T0, day + 5 * HOUR, 4, "a")
    assert [row.session_index for row in sorted(store.sessions.values(), key=lambda row: row.start_tstamp)] == [3, 4]


def test_events_without_visitor_are_only_told_from_their_copies(raw: Raw) -> None:
    """The late one of an id becomes kept, or goes; no session comes of it."""
    events = [raw.event(at, name="x", visitor=None) for at in (T0, T0 + WINDOW, T0 + 3 * WINDOW)]
    store = Store(*[late(event) for event in events])

    result = store.rebuild(key=lone_key("shop", uuid("x")))

    assert [event.derived_tstamp for event in result.adopted] == [T0, T0 + 3 * WINDOW]
    assert [event.derived_tstamp for event in result.tombstones] == [T0 + WINDOW]
    assert (result.sessions, result.tombstones[0].visitor_id) == ([], bytes(16))


def test_without_leave_to_adopt_sessions_are_mended_only(raw: Raw) -> None:
    """What ends a second run."""
    store = Store(raw.event(T0), late(raw.event(T0 + 1)), raw.event(T0 + 2))

    result = store.rebuild(bounds=Bounds(INFINITY, 1, 0, False))

    assert (result.adopted, result.waiting, store.spans()) == ([], 1, [(T0, T0 + 2, 2)])


def test_versions_beat_everything_read(raw: Raw) -> None:
    """The highest read plus one, and never below the generation's first."""
    store = Store(raw.event(T0))
    store.version = 5
    assert store.rebuild(bounds=Bounds(INFINITY, 3, 0, True)).version == (3 << 48) + 1
    store.version = (7 << 48) + 9
    assert store.rebuild(bounds=Bounds(INFINITY, 3, 0, True)).version == (7 << 48) + 10


# Against the oracle


@dataclass(frozen=True)
class World:
    """Copies as stored: (time, id, fingerprint, is_late), and rules."""

    copies: list[tuple[int, int, int, bool]]
    options: SessionOptions
    horizon: int
    seed: int

    def events(self) -> list[Event]:
        """One row per (time, id): the accepted one if there is one."""
        raw = Raw()
        rows: dict[tuple[int, int], Event] = {}
        dice = Random(self.seed)
        for time, name, fingerprint, is_late in self.copies:
            event = raw.event(
                T0 + time,
                name=name,
                fingerprint=fingerprint,
                user_id=dice.choice(["", "a", "b"]),
                page_urlpath=f"/{name}",
                event=dice.choice(["page_view", "page_ping", "cart"]),
            )
            event.is_late = int(is_late)
            known = rows.get((time, name))
            if known is None or (known.is_late and not is_late):
                rows[time, name] = event
        return list(rows.values())


COPY = st.tuples(st.integers(0, 60), st.integers(0, 7), st.integers(0, 2), st.booleans())
WORLDS = st.builds(
    lambda copies, gap, longest, window, horizon, seed: World(
        copies,
        SessionOptions(gap_ms=gap, longest_ms=longest, lateness_ms=0, dedup_window_ms=window, max_steps=4),
        T0 + horizon,
        seed,
    ),
    st.lists(COPY, max_size=24),
    st.integers(1, 8),
    st.integers(1, 25),
    st.integers(0, 12),
    st.integers(0, 90),
    st.integers(0, 9),
)


def unkept(copies: list[Event], window: int) -> list[Event]:
    """Rule 7 by the letter."""

    def rank(event: Event) -> tuple[Any, ...]:
        return event.derived_tstamp, event.event_fingerprint, event.raw_offset

    return [
        event
        for event in copies
        if any(
            other.event_id == event.event_id
            and rank(other) < rank(event)
            and event.derived_tstamp - other.derived_tstamp <= window
            for other in copies
        )
    ]


def sessions_of(events: list[Event], options: SessionOptions) -> list[list[Event]]:
    """Rule 2 by the letter."""
    parts: list[list[Event]] = []
    for event in sorted(events, key=lambda e: (e.derived_tstamp, e.event_id)):
        time = event.derived_tstamp
        if parts:
            start, end = parts[-1][0].derived_tstamp, parts[-1][-1].derived_tstamp
            if time == end or (time - end <= options.gap_ms and time - start <= options.longest_ms):
                parts[-1].append(event)
                continue
        parts.append([event])
    return parts


@settings(max_examples=600, deadline=None)
@given(WORLDS)
def test_invariant_3_all_sessions_equal_the_fold_over_everything_when_all_has_ended(world: World) -> None:
    """At H = ∞: kept copies, session rows with index and steps, whatever rows stood there before; and then nothing."""
    events, window = world.events(), world.options.dedup_window_ms
    store = Store(*[msgspec.structs.replace(e) for e in events])
    if world.seed % 2:  # rows of the time before; a copy that goes then is not seen again
        store.rebuild(world.options, Bounds(INFINITY, 1, 0, False))
        gone = unkept([e for e in events if not e.is_late], window)
        events = [e for e in events if e not in gone]
    doomed = unkept(events, window)
    kept = [e for e in events if e not in doomed]

    result = store.rebuild(world.options)

    assert set(store.events) == {(e.derived_tstamp, e.event_id) for e in kept}
    assert all(e.is_late == 0 for e in store.events.values())
    assert result.waiting == 0
    rows = sorted(store.sessions.values(), key=lambda row: row.start_tstamp)
    assert [
        (r.start_tstamp, r.end_tstamp, r.total_events, r.session_index, r.is_new_visitor, r.is_final, r.user_id)
        for r in rows
    ] == [
        (
            part[0].derived_tstamp,
            part[-1].derived_tstamp,
            len(part),
            number,
            int(number == 1),
            1,
            next((e.user_id for e in reversed(part) if e.user_id), ""),
        )
        for number, part in enumerate(sessions_of(kept, world.options), 1)
    ]
    assert store.rebuild(world.options).is_empty


@settings(max_examples=600, deadline=None)
@given(WORLDS)
def test_rebuilds_on_the_way_end_where_one_at_the_end_does(world: World) -> None:
    """Rising H: each writes only what is final; a second at the same H is empty; the last gives the whole truth.

    Late copies of one id are left out: which of them is adopted may depend on when (rule 11).
    """
    events = list({event.event_id: event for event in world.events()}.values())
    gradual, once = Store(*map(msgspec.structs.replace, events)), Store(*map(msgspec.structs.replace, events))
    once.rebuild(world.options)
    for horizon in sorted({world.horizon, T0 + 20, T0 + 45}):
        bounds = Bounds(horizon, 1, 0, True)
        result = gradual.rebuild(world.options, bounds)
        gap, longest = world.options.gap_ms, world.options.longest_ms
        limit = horizon - max(gap, world.options.dedup_window_ms)
        assert all(event.derived_tstamp < limit for event in result.adopted)
        assert all(min(end + gap, start + longest) < horizon for start, end, _ in gradual.spans())
        again = gradual.rebuild(world.options, bounds)
        assert again.is_empty
        assert again.waiting == result.waiting
    gradual.rebuild(world.options)

    assert gradual.events.keys() == once.events.keys()
    assert _unversioned(gradual) == _unversioned(once)


def _unversioned(store: Store) -> list[SessionRow]:
    rows = [msgspec.structs.replace(row, version=0) for row in store.sessions.values()]
    return sorted(rows, key=lambda row: row.start_tstamp)
