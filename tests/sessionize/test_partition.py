"""The fold of a partition at its exact boundaries, with literal instants."""

from dataclasses import replace
from unittest.mock import patch

import msgspec
import pytest

from streams.records import INFINITY, OWN_KEY, Control, Event, Outcome, Record
from streams.sessionize import open_part
from streams.sessionize.history import FORGET_AFTER_MS
from streams.sessionize.identity import row_version, session_id
from streams.sessionize.options import SessionOptions
from streams.sessionize.partition import PartitionFold
from streams.sessionize.state import is_husk

from .conftest import DISORDER, END, GAP, LATENESS, LONGEST, OPTIONS, WINDOW, Raw, Shop, final, marker, uuid

T = 1_700_000_000_000


def test_a_gap_of_exactly_the_timeout_stays(raw: Raw, shop: Shop) -> None:
    """Two events 1 800 000 ms apart are one session."""
    shop.send(raw.event(T), raw.event(T + GAP), END)
    assert shop.sessions() == [(T, T + GAP, 2)]


def test_a_gap_one_millisecond_longer_parts(raw: Raw, shop: Shop) -> None:
    """Two events 1 800 001 ms apart are two sessions."""
    shop.send(raw.event(T), raw.event(T + GAP + 1), END)
    assert shop.sessions() == [(T, T, 1), (T + GAP + 1, T + GAP + 1, 1)]


@pytest.mark.parametrize(("last", "sessions"), [(LONGEST, 1), (LONGEST + 1, 2)])
def test_longest(raw: Raw, shop: Shop, last: int, sessions: int) -> None:
    """An event exactly ``longest`` after the start stays, one millisecond later it begins a session."""
    times = [*range(0, LONGEST - GAP + 1, GAP), LONGEST - 5, last]
    shop.send(*[raw.event(T + time) for time in times], END)
    assert len(shop.sessions()) == sessions


@pytest.mark.parametrize(("age", "late"), [(LATENESS, 0), (LATENESS + 1, 1)])
def test_lateness(raw: Raw, shop: Shop, age: int, late: int) -> None:
    """An event exactly as old as allowed on arrival is on time; late ones are stored in generation 0, not folded."""
    effects = shop.send(raw.event(T, arrival=T + age), END)
    (event,) = effects.events
    assert event.is_late == late
    assert [(o.outcome, o.reason) for o in effects.outcomes] == [("late", "lateness") if late else ("accepted", "")]
    assert event.version >> 48 == 1 - late
    assert len(final(effects)) == 1 - late


@pytest.mark.parametrize(("apart", "second"), [(WINDOW, "duplicate"), (WINDOW + 1, "accepted")])
def test_dedup_window(raw: Raw, shop: Shop, apart: int, second: str) -> None:
    """A copy exactly the window after another is a duplicate, one millisecond later it counts."""
    effects = shop.send(raw.event(T, name="x"), raw.event(T + apart, name="x"), END)
    assert [o.outcome for o in effects.outcomes] == ["accepted", second]
    assert sum(s.total_events for s in final(effects)) == 1 + (second == "accepted")


def test_a_copy_that_is_no_row_still_counts_as_a_copy(raw: Raw, shop: Shop) -> None:
    """Of copies at 0, 50 and 100 minutes only the first is kept: the second, itself a duplicate, precedes the third."""
    effects = shop.send(*[raw.event(T + minutes * 60_000, name="x") for minutes in (0, 50, 100)], END)
    assert [o.outcome for o in effects.outcomes] == ["accepted", "duplicate", "duplicate"]


def test_an_earlier_copy_that_turns_up_takes_the_row_over(raw: Raw, shop: Shop) -> None:
    """The copy accepted first becomes a duplicate: tombstone with its whole key, outcome of a higher version."""
    first = raw.event(T + 100, name="x")
    effects = shop.send(first, raw.event(T, name="x", partition=1), marker({0: INFINITY, 1: INFINITY}))
    kept, other, gone = effects.events
    assert (kept.derived_tstamp, other.derived_tstamp) == (T + 100, T)
    assert (gone.app_id, gone.visitor_id, gone.derived_tstamp, gone.event_id) == ("shop", uuid("v"), T + 100, uuid("x"))
    assert gone.is_deleted
    assert gone.version == row_version(1, 1) > kept.version
    assert [(o.raw_partition, o.outcome, o.version) for o in effects.outcomes] == [
        (0, "accepted", row_version(1, 0)),
        (1, "accepted", row_version(1, 1)),
        (0, "duplicate", row_version(1, 1)),
    ]
    assert shop.sessions() == [(T, T, 1)]


@pytest.mark.parametrize(("fingerprints", "winner"), [((1, 2), 0), ((2, 1), 1), ((1, 1), 0)])
def test_copies_of_one_time_are_ranked(raw: Raw, shop: Shop, fingerprints: tuple[int, int], winner: int) -> None:
    """The lesser fingerprint is kept, then the lesser coordinates, whichever came first; no tombstone: one key."""
    copies = [raw.event(T, name="x", fingerprint=f, page_title=str(i)) for i, f in enumerate(fingerprints)]
    effects = shop.send(*copies, END)
    assert not any(event.is_deleted for event in effects.events)
    assert max(effects.events, key=lambda event: event.version).page_title == str(winner)
    outcomes = {o.raw_offset: o.outcome for o in sorted(effects.outcomes, key=lambda o: o.version)}
    assert outcomes == {winner: "accepted", 1 - winner: "duplicate"}
    assert final(effects)[0].first_page_title == str(winner)


def test_a_loser_that_was_never_kept_gets_a_tombstone(raw: Raw, shop: Shop) -> None:
    """A late copy may lie under the loser's key: it is deleted whichever raw partition came first."""
    loser = shop.send(raw.event(T, name="x"), raw.event(T + 5, name="x"), raw.event(T + 5, name="x"))
    assert [(e.derived_tstamp, e.is_deleted) for e in loser.events] == [(T, 0), (T + 5, 1), (T + 5, 1)]


def test_ids_are_remembered_after_sealing(raw: Raw, shop: Shop) -> None:
    """A sealed and closed event still makes a copy within the window a duplicate."""
    shop.send(raw.event(T, name="x"), marker({0: T + GAP + LATENESS + DISORDER + 1}))
    assert shop.sessions() == [(T, T, 1)]
    effects = shop.send(raw.event(T + WINDOW, name="x"))
    assert [o.outcome for o in effects.outcomes] == ["duplicate"]


def test_a_session_is_final_only_beyond_its_deadline(raw: Raw, shop: Shop) -> None:
    """H = end + gap leaves it open, for an event at that very time would belong to it; one millisecond more closes."""
    heard = T + GAP + LATENESS + DISORDER
    shop.send(raw.event(T), marker({0: heard}))
    assert shop.sessions() == []
    shop.send(raw.event(T + GAP, arrival=heard - DISORDER))
    assert final(shop.send(marker({0: heard + GAP}))) == []
    (row,) = final(shop.send(marker({0: heard + GAP + 1})))
    assert (row.start_tstamp, row.end_tstamp, row.version) == (T, T + GAP, row_version(1, 4))


def test_the_second_session_waits_for_its_own_deadline(raw: Raw, shop: Shop) -> None:
    """A watermark that closes the first session and stands exactly at the second's deadline closes only the first."""
    shop.send(raw.event(T), raw.event(T + GAP + 1))
    heard = T + 2 * GAP + 1 + LATENESS + DISORDER
    assert len(final(shop.send(marker({0: heard})))) == 1
    assert len(final(shop.send(marker({0: heard + 1})))) == 1


def test_a_retracted_end_moves_the_deadline_back(raw: Raw) -> None:
    """The session's last event turns out a duplicate: it is final as soon as what is left of it is."""
    shop = Shop(SessionOptions(gap_ms=10, longest_ms=100, lateness_ms=5, dedup_window_ms=5, max_steps=9), disorder_ms=0)
    shop.send(raw.event(0), raw.event(10, name="x"), raw.event(16, name="x"), marker({0: 16}))
    between = shop.send(raw.event(14, name="x", arrival=16))
    assert [o.outcome for o in between.outcomes] == ["duplicate", "duplicate"]
    assert final(shop.send(marker({0: 25}))) == []
    assert [(row.start_tstamp, row.end_tstamp) for row in final(shop.send(marker({0: 26})))] == [(0, 10)]


def test_a_final_row_carries_the_record_that_closed_it_in_every_cut(raw: Raw) -> None:
    """One batch or single records: equal versions."""
    step = GAP + LATENESS + DISORDER + 1
    records = [raw.event(T + k * step, visitor=k) for k in range(4)]
    records_all: list[Record] = [marker({0: T}), *records, END]
    whole, single = Shop(), Shop()
    whole.send(*[msgspec.structs.replace(record) for record in records_all])
    for record in records_all:
        single.send(msgspec.structs.replace(record))
    versions = [[(row.visitor_id, row.version) for e in s.all for row in final(e)] for s in (whole, single)]
    assert versions[0] == versions[1]
    assert [version for _, version in versions[0]] == [row_version(1, k) for k in (2, 3, 4, 5)]


def test_an_event_below_the_horizon_is_an_alarm(raw: Raw, shop: Shop) -> None:
    """It cannot be (arrival times would have to go back); should it, it is stored late with reason closed."""
    shop.send(END)
    effects = shop.send(raw.event(T))
    assert effects.alarms == {"closed": 1}
    assert [(o.outcome, o.reason) for o in effects.outcomes] == [("late", "closed")]
    assert effects.events[0].is_late


def test_an_event_at_the_horizon_is_accepted(raw: Raw, shop: Shop) -> None:
    """Sealed is what lies below H, not at it."""
    shop.send(raw.event(T), marker({0: T + 9 + LATENESS + DISORDER}))
    effects = shop.send(raw.event(T + 9, arrival=T + 9 + LATENESS))
    assert [o.outcome for o in effects.outcomes] == ["accepted"]


def test_an_event_without_visitor_is_deduplicated_and_in_no_session(raw: Raw, shop: Shop) -> None:
    """It is stored with the zero UUID; its state is under its own id and is let go after the window."""
    effects = shop.send(raw.event(T, visitor=None, name="x"), raw.event(T + 1, visitor=None, name="x"))
    assert [o.outcome for o in effects.outcomes] == ["accepted", "duplicate"]
    assert len(shop.table) == 2
    assert final(shop.send(marker({0: T + 1 + WINDOW + LATENESS + DISORDER + 1}))) == []
    shop.send(marker({0: T + 10 * WINDOW}))
    assert list(shop.table) == [OWN_KEY]


def test_a_visitor_is_new_again_after_395_days(raw: Raw, shop: Shop) -> None:
    """A session that starts exactly 395 days after the end of the one before is the second, later the first again."""
    days = 395 * 86_400_000
    ends = [T, T + days, T + 2 * days + 1]
    shop.send(*[raw.event(time) for time in ends], END)
    rows = [(row.session_index, row.is_new_visitor) for e in shop.all for row in e.sessions]
    assert rows == [(1, 1), (2, 0), (1, 1)]


def test_visitors_are_let_go_in_two_steps(raw: Raw, shop: Shop) -> None:
    """A forgotten visitor leaves a husk with its offset, so that a torn changelog cannot make its records new."""
    shop.send(raw.event(T), marker({0: T + GAP + LATENESS + DISORDER + 1}))
    shop.send(marker({0: T + FORGET_AFTER_MS + LATENESS + DISORDER + 1}))
    (key,) = set(shop.table) - {OWN_KEY}
    assert is_husk(shop.table[key])
    shop.send(marker({0: T + FORGET_AFTER_MS + 2 * LATENESS + DISORDER}))
    assert list(shop.table) == [OWN_KEY]


def test_invariant_1_redelivered_records_are_skipped(raw: Raw, shop: Shop) -> None:
    """Records at or below the high-water mark of the topic they were read from are only counted; index counts, too."""
    first, second = raw.event(T), raw.event(T + 1)
    third = msgspec.structs.replace(second, raw_index=1, event_id=uuid("third"))
    assert len(shop.send(first, second).outcomes) == 2
    effects = shop.send(*[msgspec.structs.replace(event) for event in (first, second, third)])
    assert [(o.raw_offset, o.raw_index) for o in effects.outcomes] == [(1, 1)]
    assert effects.redelivered == 2


def test_archived_coordinates_are_only_columns(raw: Raw, shop: Shop) -> None:
    """A replayed event with old coordinates is no redelivery: the topic it was read from is another."""
    event = raw.event(T)
    shop.send(event)
    effects = shop.send(msgspec.structs.replace(event, event_id=uuid("other"), read_from=("replay@1", 0, 0, 0)))
    assert [(o.outcome, o.raw_topic) for o in effects.outcomes] == [("accepted", "raw@1")]
    assert effects.redelivered == 0


def test_outcomes_pass_through_once_with_a_version(shop: Shop) -> None:
    """A raw event that became none gets the version of its record, and is skipped when it comes again."""
    dead = Outcome(app_id="a", arrival_tstamp=T, raw_topic="raw@1", raw_partition=0, raw_offset=3, outcome="dead")
    effects = shop.send(dead, msgspec.structs.replace(dead))
    assert [(o.outcome, o.version) for o in effects.outcomes] == [("dead", row_version(1, 0))]
    assert effects.redelivered == 1


def test_rules_come_with_the_batch(shop: Shop) -> None:
    """A control record of kind rules is handed to the caller; other kinds are left alone."""
    effects = shop.send(Control(kind="rules", body={"hash": "h", "text": "t"}), Control(kind="?", body={}))
    assert effects.rules == {"h": "t"}


def test_fold_changes_nothing_until_commit(raw: Raw, shop: Shop) -> None:
    """Folding twice gives equal effects; records the state has applied are skipped after the commit."""
    records = shop.number([raw.event(T), raw.event(T + GAP + 1), marker({0: T + 10 * GAP})])
    first, again = shop.fold.fold(records), shop.fold.fold(records)
    assert (first.sessions, first.outcomes, first.changes) == (again.sessions, again.outcomes, again.changes)
    assert (first.own, first.span) == (again.own, (0, 2))
    assert len(final(first)) == 2
    assert shop.table == {}
    with pytest.raises(ValueError, match="latest"):
        shop.fold.commit(first)
    shop.table.update({key: value for key, value in again.changes.items() if value is not None})
    shop.fold.commit(again)
    after = shop.fold.fold(records)
    assert (after.events, after.sessions, after.changes, after.progress.applied) == ([], [], {}, 2)


def test_records_applied_are_skipped_even_where_nothing_else_knows_them(shop: Shop) -> None:
    """A rules record behind the committed state is not handed over again."""
    records = shop.number([Control(kind="rules", body={"hash": "h", "text": "t"})])
    shop.next = 0
    assert shop.send(*[record for _, record in records]).rules == {"h": "t"}
    assert shop.fold.fold(records).rules == {}


def test_progress_and_values_say_how_far(raw: Raw, shop: Shop) -> None:
    """Values start with the offset applied; the watermark is -1 before any and INFINITY at the end."""
    effects = shop.send(raw.event(T), raw.event(T + 1))
    assert (effects.progress.applied, effects.progress.watermark) == (1, -1)
    assert all(value is not None and int.from_bytes(value[:8], "big") == 1 for value in effects.changes.values())
    assert int.from_bytes(effects.own[:8], "big") == 1
    assert shop.send(END).progress.watermark == INFINITY
    assert (shop.fold.applied, shop.fold.watermark) == (2, INFINITY)


def test_recovery_goes_on_where_the_state_ends(raw: Raw, shop: Shop) -> None:
    """A new worker over the same table closes what the old one opened."""
    shop.send(raw.event(T), raw.event(T + 1))
    recovered = PartitionFold(lambda app: OPTIONS, DISORDER, 1, 0, dict(shop.table))
    (row,) = final(recovered.fold([(2, END)]))
    assert (row.start_tstamp, row.end_tstamp, row.total_events) == (T, T + 1, 2)


def test_columns_of_a_session(raw: Raw, shop: Shop) -> None:
    """Landing page and origin from the first view, geo and device from the first event, user id: last non-empty."""
    events: list[Event] = [
        raw.event(T, event="struct", event_name="open", geo_country="DE", dvce_type="Mobile", mkt_campaign="not me"),
        raw.event(T + 10_000, page_url="u1", page_urlpath="/1", user_id="ann", mkt_campaign="spring", geo_country="FR"),
        raw.event(T + 20_000, event="page_ping"),
        raw.event(T + 30_000, event="page_ping"),
        raw.event(T + 31_000, event="page_ping"),
        raw.event(T + 40_500, page_url="u2", page_urlpath="/2", page_title="two", mkt_campaign="autumn"),
    ]
    (row,) = final(shop.send(*events, END))
    assert row.session_id == session_id("shop", uuid("v"), T, events[0].event_id)
    assert (row.geo_country, row.dvce_type, row.user_id, row.mkt_campaign) == ("DE", "Mobile", "ann", "spring")
    assert (row.first_page_url, row.last_page_url, row.last_page_title) == ("u1", "u2", "two")
    assert (row.views, row.total_events, row.absolute_time_in_s, row.engaged_time_in_s) == (2, 6, 40, 15)
    assert (row.is_bounce, row.session_index, row.is_final) == (0, 1, 1)
    assert (row.steps, row.step_offsets_ms) == (["event:open", "page:/1", "page:/2"], [0, 10_000, 40_500])


def test_a_session_without_views_has_no_origin(raw: Raw, shop: Shop) -> None:
    """No landing page, no campaign; geo and device it has."""
    (row,) = final(shop.send(raw.event(T, event="track", event_name="x", mkt_campaign="c", geo_country="DE"), END))
    assert (row.mkt_campaign, row.first_page_url, row.views, row.is_bounce, row.geo_country) == ("", "", 0, 1, "DE")


def test_steps_are_capped_with_a_flag(raw: Raw) -> None:
    """The first steps stay, and the row says that more there were."""
    shop = Shop(replace(OPTIONS, max_steps=2))
    (row,) = final(shop.send(*[raw.event(T + i, page_urlpath=f"/{i}") for i in range(3)], END))
    assert (row.steps, row.step_offsets_ms, row.is_capped, row.total_events) == (["page:/0", "page:/1"], [0, 1], 1, 3)


def test_nothing_at_the_horizon_is_sealed(raw: Raw, shop: Shop) -> None:
    """A hit at H or beyond stays open for what may come before it: that one is placed, not merely counted."""
    with patch.object(open_part, "SEAL_AT", 0):
        shop.send(raw.event(T), raw.event(T + 11), marker({0: T + 10 + LATENESS + DISORDER}))
        shop.send(raw.event(T + 10, arrival=T + 10 + LATENESS))
        (row,) = final(shop.send(END))
    assert (row.total_events, row.is_capped, row.step_offsets_ms) == (3, 0, [0, 10, 11])
