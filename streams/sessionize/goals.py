"""Goals of an app: which events reach one, and what that is worth."""

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from math import isfinite

from streams.records import Event
from streams.sessionize.hit import PAGE_VIEW, kind_of
from streams.settings import GoalSettings

LARGEST_VALUE = 1e15
"""A value beyond it counts 0: a sum of such would not be a number any more."""

GoalsOf = Callable[[Event], tuple[tuple[str, float], ...]]
"""An event → names and values of the goals it reaches."""


def make_goals_of(goals: Iterable[GoalSettings]) -> GoalsOf | None:
    """The look-up of the goals an event reaches; None where there are no goals."""
    each = [_make_goal(goal) for goal in goals]
    if not each:
        return None

    return lambda event: tuple([(name, value_of(event)) for name, matches, value_of in each if matches(event)])


def _make_goal(goal: GoalSettings) -> tuple[str, Callable[[Event], bool], Callable[[Event], float]]:
    fits = re.compile(translate((goal.page or goal.event or "").replace("[", "[[]"))).match
    if goal.page:
        return (
            goal.name,
            lambda event: kind_of(event) == PAGE_VIEW and fits(event.page_urlpath) is not None,
            _value(goal),
        )
    return goal.name, lambda event: fits(event.event_name or event.event) is not None, _value(goal)


def _value(goal: GoalSettings) -> Callable[[Event], float]:
    name = goal.value
    if not name:
        return lambda event: 0.0  # noqa: ARG005
    if name == "se_value":
        return lambda event: _number(event.se_value or 0.0)
    return lambda event: _number(event.properties.get(name, ""))


def _number(given: str | float) -> float:
    """What the property says; 0 where that is no number."""
    if isinstance(given, str) and "_" in given:  # Python's own way to part digits
        return 0.0
    try:
        value = float(given)
    except ValueError:
        return 0.0
    return value if isfinite(value) and abs(value) <= LARGEST_VALUE else 0.0
