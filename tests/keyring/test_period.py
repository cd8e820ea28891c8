from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.keyring.period import first_day, name_of, period_of
from streams.keyring.tree import Rotation

DAYS = st.dates(date(1970, 1, 1), date(2149, 6, 6))
ROTATIONS: list[Rotation] = ["none", "daily", "monthly"]


@given(DAYS, st.sampled_from(ROTATIONS))
def test_a_period_holds_its_days(day: date, rotation: Rotation) -> None:
    """The first day of a day's period is in the same period, and not after it."""
    period = period_of(rotation, day)

    assert period_of(rotation, first_day(rotation, period)) == period
    assert first_day(rotation, period) <= day


def test_periods_are_days_and_months_of_utc() -> None:
    """Numbered from 1970 on, named as people write them."""
    day = date(2026, 11, 25)

    assert (period_of("daily", day), period_of("monthly", day), period_of("none", day)) == (20782, 682, 0)
    assert [name_of(rotation, period_of(rotation, day)) for rotation in ROTATIONS] == [
        "all time", "2026-11-25", "2026-11",
    ]  # fmt: skip


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2149, 6, 7)])
def test_a_day_outside_the_tree_is_refused(day: date) -> None:
    """No key of one day ever serves another."""
    with pytest.raises(ValueError, match="lies outside"):
        period_of("daily", day)
