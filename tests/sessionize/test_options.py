"""Options per app from the settings."""

from streams.sessionize.options import SessionOptions, make_options_of
from streams.settings import GoalSettings, SessionSettings


def test_an_app_changes_only_what_it_names() -> None:
    """The rest comes from ``sessions``; an app not named has all of it."""
    options_of = make_options_of(SessionSettings(gap=60, lateness=5), {"shop": SessionSettings(gap=10)})
    assert options_of("shop") == SessionOptions(10_000, 86_400_000, 5_000, 3_600_000, 500)
    assert options_of("blog") == SessionOptions(60_000, 86_400_000, 5_000, 3_600_000, 500)
    assert options_of("shop").reach_ms == 10_000


def test_cuts_and_goals_come_from_the_settings() -> None:
    """Off unless asked for; per app; the deadline of a session then ends with the local date."""
    shop = SessionSettings(
        cut_at_midnight=True,
        timezone="Europe/Berlin",
        cut_at_campaign=True,
        update_interval=5,
        max_open_events=40,
        goals=[GoalSettings(name="buy", event="purchase")],
    )
    options_of = make_options_of(SessionSettings(), {"shop": shop})
    options, common = options_of("shop"), options_of("blog")
    assert (options.update_interval_ms, options.max_open, options.max_ids, options.reach_ms) == (5_000, 40, 200, 0)
    assert options.cut_at_campaign
    assert options.goals_of is not None
    noon = 1_700_049_600_000
    assert options.limit(noon) == noon + 11 * 3_600_000 - 1
    assert common.limit(noon) == noon + 86_400_000
    assert (common.cut_at_campaign, common.goals_of, common.reach_ms) == (False, None, 1_800_000)
