"""Options per app from the settings."""

from streams.sessionize.options import SessionOptions, make_options_of
from streams.settings import SessionSettings


def test_an_app_changes_only_what_it_names() -> None:
    """The rest comes from ``sessions``; an app not named has all of it."""
    options_of = make_options_of(SessionSettings(gap=60, lateness=5), {"shop": SessionSettings(gap=10)})
    assert options_of("shop") == SessionOptions(10_000, 86_400_000, 5_000, 3_600_000, 500)
    assert options_of("blog") == SessionOptions(60_000, 86_400_000, 5_000, 3_600_000, 500)
    assert options_of("shop").reach_ms == 10_000
