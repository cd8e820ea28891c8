"""What a worker makes of a rebuild's counts: control record ``rebuild``."""

import pytest

from streams.records import OWN_KEY, Control
from streams.sessionize.counts import REBUILD, Counts, control_body, read_control
from streams.sessionize.history import FORGET_AFTER_MS
from streams.sessionize.partition import PartitionFold
from streams.sessionize.state import visitor_key

from .conftest import DISORDER, GAP, LATENESS, OPTIONS, Raw, Shop, marker, uuid

HOUR = 3_600_000
T0 = 1_000 * 24 * HOUR
KEY = visitor_key("shop", uuid("v"))


def control(counts: Counts) -> Control:
    """As a rebuild sends it."""
    return Control(kind=REBUILD, body=control_body(KEY, counts))


def beyond(time: int) -> int:
    """An arrival that makes everything final whose deadline is ``time``."""
    return time + LATENESS + 600_000 + 1


def indexes(shop: Shop) -> list[tuple[int, int, int]]:
    """(start, index, is new) of final rows."""
    rows = [row for effects in shop.all for row in effects.sessions if row.is_final]
    return [(row.start_tstamp, row.session_index, row.is_new_visitor) for row in rows]


@pytest.mark.parametrize("counts", [Counts(9, 8, 7, 6), Counts(-5, 0, None, None)])
def test_counts_come_back_from_their_record(counts: Counts) -> None:
    """Texts only; what is absent stays absent."""
    body = control_body(KEY, counts)

    assert all(isinstance(text, str) for text in body.values())
    assert read_control(body) == (KEY, "shop", counts)


def test_the_next_session_is_numbered_on_from_the_counts(shop: Shop, raw: Raw) -> None:
    """A rebuild found four more sessions before the open one; the control record comes before it closes."""
    shop.send(raw.event(T0), marker({0: T0}))
    shop.send(control(Counts(T0, 4, T0 - 9 * HOUR, T0 - 8 * HOUR)))
    shop.send(marker({0: beyond(T0 + GAP)}))

    assert indexes(shop) == [(T0, 5, 0)]


@pytest.mark.parametrize(("horizon", "index"), [(T0 + GAP, 2), (T0 + GAP + 1, 8)])
def test_counts_are_refused_where_a_session_closed_that_the_rebuild_did_not_see_as_final(
    shop: Shop, raw: Raw, horizon: int, index: int
) -> None:
    """The first session's deadline is T0 + gap; final by ``horizon`` only where that lies beyond it."""
    shop.send(raw.event(T0), marker({0: beyond(T0 + GAP)}))
    later = T0 + 5 * HOUR
    shop.send(control(Counts(horizon, 7, T0, T0 + GAP)), raw.event(later), marker({0: beyond(later + GAP)}))

    assert indexes(shop) == [(T0, 1, 1), (later, index, 0)]


def test_counts_make_known_a_visitor_the_state_has_not(shop: Shop, raw: Raw) -> None:
    """They are kept and forgotten as the worker's own would be."""
    shop.send(marker({0: T0}))
    shop.send(control(Counts(T0, 3, T0 - HOUR, T0 - HOUR + GAP)))
    assert KEY in shop.table

    shop.send(marker({0: beyond(T0 - HOUR + FORGET_AFTER_MS)}))
    shop.send(marker({0: beyond(T0 + FORGET_AFTER_MS)}))
    assert set(shop.table) == {OWN_KEY}


def test_counts_of_nothing_make_the_visitor_new_again(shop: Shop, raw: Raw) -> None:
    """A rebuild may find that no session is left."""
    shop.send(raw.event(T0), marker({0: beyond(T0 + GAP)}))
    later = T0 + 5 * HOUR
    shop.send(control(Counts(T0 + HOUR, 0, None, None)), raw.event(later), marker({0: beyond(later + GAP)}))

    assert indexes(shop)[1:] == [(later, 1, 1)]


def test_a_torn_changelog_does_not_take_counts_twice(shop: Shop, raw: Raw) -> None:
    """The visitor's value is published, the partition's own is not: folded again, the control record is passed over."""
    shop.send(raw.event(T0), marker({0: T0}))
    batch = shop.number([control(Counts(T0 + HOUR, 4, T0 - 9 * HOUR, T0 - 8 * HOUR)), marker({0: beyond(T0 + GAP)})])
    shop.table[KEY] = shop.fold.fold(batch).changes[KEY] or b""

    shop.fold = PartitionFold(lambda _: OPTIONS, DISORDER, 1, 0, shop.table)
    shop.next = batch[0][0]
    later = T0 + 5 * HOUR
    shop.send(*[record for _, record in batch], raw.event(later), marker({0: beyond(later + GAP)}))

    assert indexes(shop) == [(later, 6, 0)]
