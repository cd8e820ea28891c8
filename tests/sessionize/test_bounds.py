"""What one visitor may cost."""

import gc
import tracemalloc
from collections import Counter
from dataclasses import replace
from unittest.mock import patch

import msgspec

from streams.records import OWN_KEY, Event, Record
from streams.sessionize.effects import Effects
from streams.sessionize.hit import Hit
from streams.sessionize.shared import SharedTexts
from streams.sessionize.texts import Texts

from .conftest import DISORDER, END, GAP, LATENESS, OPTIONS, WINDOW, Raw, Shop, final, marker

T = 1_700_000_000_000
SMALL = replace(OPTIONS, max_open=20)


def robot(raw: Raw, count: int, apart: int = 100) -> list[Event]:
    """One visitor without pause."""
    return [raw.event(T + apart * k, page_urlpath=f"/{k}") for k in range(count)]


def alarms(shop: Shop, what: str) -> int:
    """Sum over all batches."""
    return sum(effects.alarms[what] for effects in shop.all)


def test_a_robot_costs_bounded_state() -> None:
    """Ten times the events, the same state; no event is lost, the row is flagged, the caps are counted."""
    sizes = []
    for count in (600, 6000):
        shop = Shop(replace(SMALL, max_steps=30))
        events = robot(Raw(), count)
        for at in range(0, count, 50):
            shop.send(*events[at : at + 50])
        sizes.append(max(len(value) for key, value in shop.table.items() if key != OWN_KEY))
        assert alarms(shop, "capped_open") > count - 50
        assert alarms(shop, "capped_ids") > count - 200
        (row,) = final(shop.send(END))
        assert (row.total_events, row.views, row.is_capped, len(row.steps)) == (count, count, 1, 30)
        assert alarms(shop, "capped_sessions") == 1
    assert sizes[1] < 1.1 * sizes[0]


def test_caps_strike_at_the_same_record_in_every_cut(raw: Raw) -> None:
    """Whatever the batches, and with events out of order: equal final rows, equal outcomes."""
    times = [T + 100 * k for k in range(400)]
    for k in range(40, 400, 17):
        times[k], times[k - 30] = times[k - 30], times[k]
    events = [raw.event(time, arrival=max(times[: k + 1])) for k, time in enumerate(times)]
    records: list[Record] = [e if k % 50 else marker({0: e.arrival_tstamp - 9_000}) for k, e in enumerate(events)]
    found = []
    for size in (1, 7, 401):
        shop = Shop(SMALL)
        for at in range(0, 401, size):
            shop.send(*[msgspec.structs.replace(record) for record in [*records, END][at : at + size]])
        rows = [row for effects in shop.all for row in final(effects)]
        outcomes = [(o.raw_offset, o.outcome, o.version) for effects in shop.all for o in effects.outcomes]
        found.append((rows, outcomes, alarms(shop, "capped_open"), alarms(shop, "capped_ids")))
    assert found[0] == found[1] == found[2]
    assert sum(row.total_events for row in found[0][0]) == len(records) - 8


def test_what_the_horizon_lets_go_counts_for_no_cap(raw: Raw) -> None:
    """One batch of many events and ids, of which few are held at any time: nothing is capped, whatever the cut."""
    options = replace(SMALL, lateness_ms=1_000, dedup_window_ms=5_000)
    for size in (1, 401):
        shop = Shop(options, disorder_ms=0)
        shop.send(marker({0: T}))
        events = robot(Raw(), 400)
        for at in range(0, 400, size):
            shop.send(*events[at : at + size])
        (row,) = final(shop.send(END))
        assert (row.total_events, row.is_capped) == (400, 0)
        assert not any(effects.alarms for effects in shop.all)


def test_ids_forgotten_early_flag_the_sessions_they_may_touch(raw: Raw) -> None:
    """Those that start within the window of the last id forgotten; a later one is exact again."""
    shop = Shop(replace(SMALL, lateness_ms=1_000), disorder_ms=0)
    shop.send(marker({0: T}), *robot(raw, 150))
    assert alarms(shop, "capped_open") == 0
    assert 50 < alarms(shop, "capped_ids") < 100
    shop.send(raw.event(T + 2 * GAP), raw.event(T + 5 * GAP), END)
    rows = [row for effects in shop.all for row in final(effects)]
    assert [(row.start_tstamp, row.is_capped) for row in rows] == [(T, 1), (T + 2 * GAP, 1), (T + 5 * GAP, 0)]


def test_many_sessions_under_the_cap_are_closed_early(raw: Raw) -> None:
    """Where a gap is shorter than the lateness, sealing early closes sessions; they are flagged."""
    shop = Shop(replace(SMALL, gap_ms=10))
    rows = final(shop.send(*robot(raw, 100)))
    assert rows
    assert all(row.is_capped and row.is_final for row in rows)
    shop.send(END)
    assert [total for _, _, total in shop.sessions()] == [1] * 100


def test_an_event_before_what_is_sealed_early_is_counted(raw: Raw) -> None:
    """It is accepted and in the total; the session's range and identity stay."""
    shop = Shop(SMALL)
    shop.send(*robot(raw, 21))
    effects = shop.send(raw.event(T - 5, arrival=T + 2100))
    assert [o.outcome for o in effects.outcomes] == ["accepted"]
    (row,) = final(shop.send(END))
    assert (row.start_tstamp, row.end_tstamp, row.total_events, row.is_capped) == (T, T + 2000, 22, 1)
    assert row.step_offsets_ms == [100 * k for k in range(21)]


def test_a_copy_of_an_event_sealed_early_is_the_duplicate(raw: Raw) -> None:
    """An earlier copy cannot take the row over any more."""
    shop = Shop(SMALL)
    shop.send(raw.event(T, name="x"), *robot(raw, 21))
    effects = shop.send(raw.event(T - 5, name="x", arrival=T + 2100))
    assert [o.outcome for o in effects.outcomes] == ["duplicate"]


def test_a_tracker_that_repeats_one_id_costs_little(raw: Raw) -> None:
    """Times of copies between others within the window are not kept; what is a duplicate stays one."""
    shop = Shop()
    effects: Effects = shop.send(
        *[raw.event(T + 100 * (k * 7 % 1000), name="x", arrival=T + 10**5) for k in range(1000)]
    )
    assert max(len(value) for key, value in shop.table.items() if key != OWN_KEY) < 800
    final_outcomes = {o.raw_offset: o.outcome for o in sorted(effects.outcomes, key=lambda o: o.version)}
    assert [offset for offset, outcome in final_outcomes.items() if outcome == "accepted"] == [0]


def test_memory_comes_back_when_sessions_close(raw: Raw, shop: Shop) -> None:
    """After the close a visitor is a count and ids; after the window a count."""
    shop.send(*robot(raw, 20))
    (key,) = set(shop.table) - {OWN_KEY}
    opened = len(shop.table[key])
    shop.send(marker({0: T + 2000 + GAP + LATENESS + DISORDER}))
    closed = len(shop.table[key])
    shop.send(marker({0: T + 2000 + 2 * GAP + LATENESS + DISORDER + 10**6}))
    assert closed < 20 * 24 + 120 < opened
    assert len(shop.table[key]) < 120


def test_memory_comes_back_to_the_process() -> None:
    """Measured where Python allocates: what three hundred closed visitors held is free again, and the gauge says so."""
    shop, table, raw = Shop(table=(held := SharedTexts())), held, Raw()
    tracemalloc.start()
    try:
        shop.send(marker({0: T}))
        empty = _allocated(shop)
        for k in range(20):
            shop.send(*[raw.event(T + 1000 * k, visitor=v, page_urlpath=f"/{k}") for v in range(300)])
        opened, gauge = _allocated(shop) - empty, table.nbytes
        shop.send(marker({0: T + 20_000 + GAP + LATENESS + DISORDER + 1}))
        shop.send(marker({0: T + 20_000 + WINDOW + LATENESS + DISORDER + 1}))
        closed = _allocated(shop) - empty
    finally:
        tracemalloc.stop()
    assert len(table) == 301
    assert opened > 300 * 20 * 34
    assert closed < opened / 4
    assert table.nbytes < gauge / 5


def _allocated(shop: Shop) -> int:
    """By what is still held when the effects are gone."""
    shop.all.clear()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_what_a_robot_out_of_order_costs_is_linear() -> None:
    """Every third event of one client out of order: four times the events read four times the campaigns."""
    costs = []
    for count in (3_000, 12_000):
        shop = Shop(replace(OPTIONS, cut_at_campaign=True, max_open=100_000))
        raw, read = Raw(), Counter[int]()

        def campaign(_: Texts, hit: Hit, read: Counter[int] = read) -> str:
            read[hit.page] += 1
            return ""

        events = [raw.event(T + 1000 * (k - 2 * (k % 3 == 2)), arrival=T + 1000 * k) for k in range(count)]
        with patch.object(Texts, "campaign", campaign):
            shop.send(*events)
        costs.append(read.total())
    assert costs[1] < 6 * costs[0]
