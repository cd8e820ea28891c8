"""Where sessions begin and end, by page."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from models.templates import Templates, learn

VISITS = """
SELECT app_id, substring(step, 6), count()
FROM {database}.sessions_v ARRAY JOIN steps AS step
WHERE {condition} AND startsWith(step, 'page:') GROUP BY app_id, step
"""
ENDS = """
SELECT app_id,
       first_page_urlpath, if(first_page_title != '', first_page_title, replaceOne(steps[1], 'event:', '')),
       last_page_urlpath, if(last_page_title != '', last_page_title, replaceOne(steps[-1], 'event:', '')),
       views > 1, count(), sum(is_bounce)
FROM {database}.sessions_v WHERE {condition} AND views > 0 GROUP BY 1, 2, 3, 4, 5, 6
"""


class Ranked(msgspec.Struct, frozen=True):
    """One line of a ranking."""

    name: str
    sessions: int
    bounced: float
    visitors: int | None = None


class Flow(msgspec.Struct, frozen=True):
    """Sessions of two and more views from a landing page to a drop-off page."""

    entry: str
    exit: str
    sessions: int


def visited_templates(rows: list[tuple[Any, ...]]) -> dict[str, Templates]:
    """From the rows of VISITS: app → its templates."""
    visits: dict[str, dict[str, int]] = defaultdict(dict)
    for app, path, n in rows:
        visits[app][path] = n
    return {app: learn(paths) for app, paths in visits.items()}


class _End(msgspec.Struct, frozen=True):
    entry: str
    exit: str
    is_walk: bool
    sessions: int
    bounces: int


class Ends:
    """Where sessions with a view begin and end: by template, else by title, else (a screen) by the step's name.

    The app's name goes before it where there are several.
    """

    def __init__(self, rows: list[tuple[Any, ...]], templates: dict[str, Templates], *, several_apps: bool) -> None:
        self._templates, self._several = templates, several_apps
        self._ends = [
            _End(self._name(app, first, first_title), self._name(app, last, last_title), bool(walk), n, bounces)
            for app, first, first_title, last, last_title, walk, n, bounces in rows
        ]

    def _name(self, app: str, path: str, title: str) -> str:
        templates = self._templates.get(app)
        name = (templates.of(path) if templates else path) or title
        if not name:
            return ""
        return f"{app} · {name}" if self._several else name

    def landing(self) -> list[Ranked]:
        """Pages by the sessions that began there."""
        return self._ranking(lambda end: end.entry)

    def drop_off(self) -> list[Ranked]:
        """Pages by the sessions that ended there."""
        return self._ranking(lambda end: end.exit)

    def _ranking(self, side: Callable[[_End], str]) -> list[Ranked]:
        sessions, bounces = Counter[str](), Counter[str]()
        for end in self._ends:
            if not side(end):
                continue
            sessions[side(end)] += end.sessions
            bounces[side(end)] += end.bounces
        return [
            Ranked(name, n, bounces[name] / n) for name, n in sorted(sessions.items(), key=lambda kv: (-kv[1], kv[0]))
        ]

    def flows(self) -> list[Flow]:
        """Ways of the sessions with two views, the most walked first."""
        flows = Counter[tuple[str, str]]()
        for end in self._ends:
            if end.is_walk and end.entry and end.exit:
                flows[end.entry, end.exit] += end.sessions
        return [Flow(*pair, n) for pair, n in sorted(flows.items(), key=lambda kv: (-kv[1], kv[0]))]
