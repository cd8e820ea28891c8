"""A simulated line on its way to the file."""

from typing import NamedTuple


class Line(NamedTuple):
    """Sorts by its place in the file. ``time`` is the true event time: what derived_tstamp must be."""

    position: int
    """Milliseconds; the collector's time, a little out of order."""
    number: int
    """Order of making: breaks ties."""
    text: str
    app: str
    kind: str
    visitor: str
    message_id: str
    time: int
    is_bot: bool
    journey: str
    reason: str = ""
    """Of a broken line: what ``outcomes.reason`` should say."""
