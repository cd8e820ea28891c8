import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.generalize import make_coarse_number, make_coarse_text, make_coarse_time
from streams.anonymize.ruleset import Generalize


def rule(**words: object) -> Generalize:
    """A rule of these words."""
    return Generalize.model_validate({"name": "a", "action": "generalize", "fields": ["se_value"]} | words)


@given(value=st.floats(-1e9, 1e9), step=st.sampled_from([0.01, 0.1, 0.25, 0.5, 1, 5, 1000]))
def test_a_number_is_cut_to_a_multiple_of_the_step(value: float, step: float) -> None:
    """At most a step below the number, and the same for all numbers of that step."""
    coarse = make_coarse_number(step)(value)

    assert coarse is not None
    assert coarse <= value + 1e-6
    assert value - coarse < step + 1e-6
    assert abs(coarse / step - round(coarse / step)) < 1e-4


@pytest.mark.parametrize(
    ("text", "expected"), [("12.7", "10"), ("-3", "-10"), ("1e3", "1000"), (" 7 ", "0"), ("0", "0")]
)
def test_a_number_in_a_text_is_cut_too(text: str, expected: str) -> None:
    """In its shortest form."""
    assert make_coarse_text(rule(step=10)).apply(text) == expected


@pytest.mark.parametrize(("value", "step"), [(1.7e308, 0.1), (-1.7e308, 0.1), (-1.7e308, 1e308)])
def test_a_number_beyond_all_steps_is_removed(value: float, step: float) -> None:
    """Its event stays; it would be a dead one if the sum failed."""
    assert make_coarse_number(step)(value) is None
    with pytest.raises(ValueError, match="too large"):
        make_coarse_text(rule(step=step)).apply(repr(value))


@pytest.mark.parametrize("text", ["many", "1,5", "nan", "inf", "1 2", "٣x"])
def test_what_is_no_number_is_not_let_through(text: str) -> None:
    """The caller removes it."""
    with pytest.raises(ValueError):
        make_coarse_text(rule(step=10)).apply(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120.0.6099", "120"),
        ("10_15_7", "10"),
        ("Mozilla/5.0 Chrome/120.0.6099.71 (Mac OS X 10_15_7)", "Mozilla/5 Chrome/120 (Mac OS X 10)"),
        ("1.2.3-beta.4+build", "1"),
        ("120", "120"),
        ("no version", "no version"),
    ],
)
def test_versions_keep_their_first_number(text: str, expected: str) -> None:
    """Wherever they stand."""
    assert make_coarse_text(rule(to="major")).apply(text) == expected


@given(st.integers(-(2**41), 2**43), st.sampled_from(["second", "minute", "hour", "day"]))
def test_a_time_is_cut_to_its_unit(tstamp: int, unit: str) -> None:
    """Down, never up: an event does not move into the future."""
    coarse = make_coarse_time(unit)(tstamp)

    step = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}[unit]
    assert coarse % step == 0
    assert 0 <= tstamp - coarse < step
