"""Named points of a worker's effects, so that a test can stop it there; in production they do nothing."""

from typing import Literal

Point = Literal[
    "enrich.before_send",
    "enrich.after_send",
    "enrich.after_commit",
    "sessions.before_insert",
    "sessions.after_insert",
    "sessions.after_changelog",
    "sessions.after_commit",
]


class Hooks:
    """Called at each point; a test overrides ``reached``."""

    def reached(self, point: Point) -> None:
        """The worker has come to ``point``."""
