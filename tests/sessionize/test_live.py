"""Rows of open sessions at literal instants: when they are written, and what takes them away."""

from dataclasses import replace

import msgspec
import pytest

from streams.records import Record, SessionRow
from streams.sessionize.effects import Effects
from streams.sessionize.identity import row_version, session_id

from .conftest import DISORDER, END, GAP, LATENESS, OPTIONS, Raw, Shop, marker, uuid

T = 1_700_000_000_000
MINUTE = 60_000
Told = tuple[int, int, int, int]


def told(effects: Effects) -> list[Told]:
    """(start, end, is_final, is_deleted), sorted."""
    return sorted((r.start_tstamp, r.end_tstamp, r.is_final, r.is_deleted) for r in effects.sessions)


def test_an_open_session_is_written_when_it_opens(raw: Raw, shop: Shop) -> None:
    """At once, with the version of the visitor's last record and all columns so far."""
    (row,) = shop.send(raw.event(T), raw.event(T + 5, page_urlpath="/b"), marker({0: T + 9})).sessions
    assert (row.start_tstamp, row.end_tstamp, row.total_events, row.session_index) == (T, T + 5, 2, 1)
    assert (row.is_final, row.is_deleted, row.version, row.last_page_urlpath) == (0, 0, row_version(1, 1), "/b")


@pytest.mark.parametrize(("later", "rows"), [(MINUTE - 1, 0), (MINUTE, 1)])
def test_then_at_most_every_update_interval(raw: Raw, shop: Shop, later: int, rows: int) -> None:
    """60 s of arrival time after the last writing, not one millisecond earlier."""
    shop.send(raw.event(T))
    assert len(shop.send(raw.event(T + later)).sessions) == rows


def test_a_change_held_back_is_written_without_a_further_event(raw: Raw, shop: Shop) -> None:
    """The clock of other visitors, or a marker, is enough; what did not change is not written again."""
    shop.send(raw.event(T), raw.event(T, visitor="idle"))
    shop.send(raw.event(T + 10))
    assert told(shop.send(marker({0: T + MINUTE - 1}))) == []
    (row,) = shop.send(marker({0: T + MINUTE})).sessions
    assert (row.visitor_id, row.end_tstamp, row.version) == (uuid("v"), T + 10, row_version(1, 2))
    assert told(shop.send(marker({0: T + 10 * MINUTE}))) == []


def test_a_held_partition_does_not_hold_live_rows(raw: Raw, shop: Shop) -> None:
    """The clock is the highest arrival heard: no watermark is needed."""
    shop.send(raw.event(T), marker({0: T}, partitions=2))
    shop.send(raw.event(T + 10))
    assert told(shop.send(raw.event(T + MINUTE, visitor="other"))) == [
        (T, T + 10, 0, 0),
        (T + MINUTE, T + MINUTE, 0, 0),
    ]


def test_a_start_that_moves_leaves_a_tombstone(raw: Raw, shop: Shop) -> None:
    """An earlier event: the old row's whole key is deleted in the same batch that writes the new row, at once."""
    old = raw.event(T)
    shop.send(old)
    gone, row = shop.send(raw.event(T - 5, arrival=T)).sessions
    assert (gone.session_id, gone.start_tstamp) == (session_id("shop", uuid("v"), T, old.event_id), T)
    assert (gone.app_id, gone.visitor_id, gone.is_deleted, gone.version) == ("shop", uuid("v"), 1, row_version(1, 1))
    assert (row.start_tstamp, row.end_tstamp, row.version) == (T - 5, T, row_version(1, 1))


def test_two_rows_that_join_go_together(raw: Raw, shop: Shop) -> None:
    """The row that grows and the other's tombstone wait for the interval, then go in one batch."""
    shop.send(raw.event(T), raw.event(T + GAP + 1, arrival=T + GAP + 1))
    joined = shop.send(raw.event(T + GAP, arrival=T + GAP + 2))
    assert told(joined) == []
    assert told(shop.send(marker({0: T + GAP + 1 + MINUTE}))) == [
        (T, T + GAP + 1, 0, 0),
        (T + GAP + 1, T + GAP + 1, 0, 1),
    ]


def test_a_ghost_gets_a_tombstone(raw: Raw, shop: Shop) -> None:
    """A start after one record of the batch, none at its end, may have been written by a worker that died."""
    ghost, early = raw.event(T), raw.event(T - 5, arrival=T)
    assert told(shop.send(ghost, early)) == [(T - 5, T, 0, 0), (T, T, 0, 1)]


def test_a_ghost_of_a_part_goes_at_once(raw: Raw) -> None:
    """Two sessions are written; within one batch a third begins between them and joins the first.

    A worker that folded only the third's first event would have written it: no tombstone may wait for the interval.
    """
    shop = Shop(replace(OPTIONS, lateness_ms=10 * GAP))
    now, third = T + 3 * GAP, T + 2 * GAP - 5
    shop.send(raw.event(T), raw.event(now))
    told_then = told(shop.send(raw.event(third, arrival=now), raw.event(T + GAP, arrival=now)))
    assert told_then == [(T, third, 0, 0), (third, third, 0, 1), (now, now, 0, 0)]


def test_all_open_rows_of_a_visitor_are_written_together(raw: Raw) -> None:
    """A session opens before another: the other, whose index shifts, is written again."""
    shop = Shop(replace(OPTIONS, lateness_ms=10 * GAP))
    shop.send(raw.event(T + GAP + 1))
    rows = shop.send(raw.event(T, arrival=T + GAP + 2)).sessions
    assert [(r.start_tstamp, r.session_index, r.is_new_visitor) for r in rows] == [(T, 1, 1), (T + GAP + 1, 2, 0)]


def test_a_close_writes_the_other_rows_too(raw: Raw) -> None:
    """Final and open rows come in one batch, so none of an older prefix stays beside the final one."""
    shop = Shop(replace(OPTIONS, gap_ms=10_000, lateness_ms=0), disorder_ms=0)
    shop.send(marker({0: 0, 1: 0}), raw.event(0), raw.event(10_001))
    assert told(shop.send(raw.event(10_002))) == []
    closed = shop.send(marker({1: 10_001}, partitions=2))
    assert told(closed) == [(0, 0, 1, 0), (10_001, 10_002, 0, 0)]
    assert [row.version for row in closed.sessions] == [row_version(1, 4), row_version(1, 3)]


def test_a_retracted_session_leaves_nothing(raw: Raw) -> None:
    """The only event of a written session turns out a duplicate of one that is closed: its row goes at once."""
    shop = Shop(replace(OPTIONS, gap_ms=10, longest_ms=50, lateness_ms=100, dedup_window_ms=60), disorder_ms=0)
    shop.send(raw.event(0, name="x"), marker({0: 111}))
    assert shop.sessions() == [(0, 0, 1)]
    assert told(shop.send(raw.event(70, name="x", arrival=111))) == [(70, 70, 0, 0)]
    assert told(shop.send(raw.event(30, name="x", arrival=112))) == [(70, 70, 0, 1)]
    assert shop.send(END).sessions == []


def test_live_rows_are_the_same_in_every_cut(raw: Raw) -> None:
    """Rows of one key and version are equal, whether written by a batch of one record or of several."""
    records: list[Record] = [
        raw.event(T + 20, user_id="u"),
        raw.event(T + 10, arrival=T + 20),
        raw.event(T + GAP + 90, arrival=T + GAP + 90),
        raw.event(T + GAP + 15, arrival=T + GAP + 91),
        END,
    ]
    rows: dict[tuple[bytes, int], SessionRow] = {}
    for size in (1, 2, 3, 5):
        shop = Shop()
        for at in range(0, len(records), size):
            batch = [msgspec.structs.replace(record) for record in records[at : at + size]]
            for row in shop.send(*batch).sessions:
                assert rows.setdefault((row.session_id, row.version), row) == row
    assert len({row.version for row in rows.values()}) > 2


def test_recovery_knows_what_is_written(raw: Raw, shop: Shop) -> None:
    """A new worker over the same table deletes rows that the old one wrote, and writes what it held back."""
    shop.send(raw.event(T + 10))
    shop.send(raw.event(T + 20))
    recovered = Shop()
    recovered.table.update(shop.table)
    recovered = Shop(table=recovered.table)
    recovered.next = shop.next
    assert told(recovered.send(marker({0: T + 10 + MINUTE}))) == [(T + 10, T + 20, 0, 0)]
    assert told(recovered.send(raw.event(T, arrival=T + 10 + MINUTE))) == [(T, T + 20, 0, 0), (T + 10, T + 10, 0, 1)]


def test_fold_twice_gives_equal_live_rows(raw: Raw, shop: Shop) -> None:
    """A batch folded again after a failure gives the same rows, also those no record of it belongs to."""
    shop.send(raw.event(T))
    shop.send(raw.event(T + 1))
    records = shop.number([marker({0: T + MINUTE})])
    first, again = shop.fold.fold(records), shop.fold.fold(records)
    assert (first.sessions, first.changes) == (again.sessions, again.changes)
    assert told(first) == [(T, T + 1, 0, 0)]


def test_a_visitor_row_is_written_when_a_session_closes(raw: Raw, shop: Shop) -> None:
    """User: last non-empty; first and last seen and the count over the closed sessions; nothing of open ones."""
    second = T + GAP + 5
    assert shop.send(raw.event(T), raw.event(T + 3, user_id="ann"), raw.event(second)).visitors == []
    (row,) = shop.send(marker({0: T + 3 + GAP + LATENESS + DISORDER + 1})).visitors
    assert (row.app_id, row.visitor_id, row.user_id, row.sessions) == ("shop", uuid("v"), "ann", 1)
    assert (row.first_seen_tstamp, row.last_seen_tstamp, row.version) == (T, T + 3, row_version(1, 3))
    (row,) = shop.send(END).visitors
    assert (row.user_id, row.sessions, row.first_seen_tstamp, row.last_seen_tstamp) == ("ann", 2, T, second)
