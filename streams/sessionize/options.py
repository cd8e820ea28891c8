"""The rules of the fold that an app may choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streams.sessionize.goals import GoalsOf, make_goals_of
from streams.sessionize.midnight import NextMidnight, make_next_midnight
from streams.settings import SessionSettings

OptionsOf = Callable[[str], "SessionOptions"]


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Parameters of one app (design.md §6). Times in milliseconds.

    ``gap_ms``: an event this long after the last one still belongs to the session, one millisecond more begins another.
    ``longest_ms``: likewise from the session's start. ``lateness_ms``: an event older than this on arrival is late.
    ``dedup_window_ms``: a copy of an id this long after another copy is still a duplicate. ``update_interval_ms``: of
    arrival time, how old the row of an open session may be. ``max_open``: events a visitor may have that are not sealed
    yet; more are sealed early. ``next_midnight``: a session ends with the local date. ``cut_at_campaign``: a view that
    names another campaign than the session's landing page begins a session.
    """

    gap_ms: int
    longest_ms: int
    lateness_ms: int
    dedup_window_ms: int
    max_steps: int
    update_interval_ms: int = 60_000
    max_open: int = 10_000
    next_midnight: NextMidnight | None = None
    cut_at_campaign: bool = False
    goals_of: GoalsOf | None = None

    @property
    def reach_ms(self) -> int:
        """No session can be final sooner after one of its events is the first than this."""
        is_cut = self.cut_at_campaign or self.next_midnight is not None
        return 0 if is_cut else min(self.gap_ms, self.longest_ms)

    @property
    def max_ids(self) -> int:
        """Event ids a visitor may have in memory for duplicates; the oldest beyond are forgotten early."""
        return 5 * self.max_open

    def limit(self, start: int) -> int:
        """The last time an event of a session that starts then may have."""
        if self.next_midnight is None:
            return start + self.longest_ms
        return min(start + self.longest_ms, self.next_midnight(start) - 1)


def make_options_of(default: SessionSettings, apps: Mapping[str, SessionSettings]) -> OptionsOf:
    """The look-up by app id: what ``apps`` sets for the app over ``default``."""
    common = _options(default)
    own = {
        app: _options(default.model_copy(update={name: getattr(changes, name) for name in changes.model_fields_set}))
        for app, changes in apps.items()
    }
    return lambda app: own.get(app, common)


def _options(settings: SessionSettings) -> SessionOptions:
    return SessionOptions(
        gap_ms=settings.gap * 1000,
        longest_ms=settings.longest * 1000,
        lateness_ms=settings.lateness * 1000,
        dedup_window_ms=settings.dedup_window * 1000,
        max_steps=settings.max_steps,
        update_interval_ms=settings.update_interval * 1000,
        max_open=settings.max_open_events,
        next_midnight=make_next_midnight(settings.timezone) if settings.cut_at_midnight else None,
        cut_at_campaign=settings.cut_at_campaign,
        goals_of=make_goals_of(settings.goals),
    )
