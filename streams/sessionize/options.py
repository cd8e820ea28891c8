"""The rules of the fold that an app may choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streams.settings import SessionSettings

OptionsOf = Callable[[str], "SessionOptions"]


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Parameters of one app (design.md §6). Times in milliseconds.

    ``gap_ms``: an event this long after the last one still belongs to the session, one millisecond more begins another.
    ``longest_ms``: likewise from the session's start. ``lateness_ms``: an event older than this on arrival is late.
    ``dedup_window_ms``: a copy of an id this long after another copy is still a duplicate.
    """

    gap_ms: int
    longest_ms: int
    lateness_ms: int
    dedup_window_ms: int
    max_steps: int

    @property
    def reach_ms(self) -> int:
        """No session can be final sooner after one of its events is the first than this."""
        return min(self.gap_ms, self.longest_ms)


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
    )
