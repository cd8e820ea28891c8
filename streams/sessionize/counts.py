"""How many sessions a visitor has closed, as a rebuild found it: the body of control record ``rebuild`` (rule 10)."""

from collections.abc import Mapping
from typing import NamedTuple

from streams.sessionize.state import key_parts, visitor_key

REBUILD = "rebuild"
"""The control record's kind."""


class Counts(NamedTuple):
    """``last_end`` and ``last_deadline`` are of the last closed session, None without one. Times in milliseconds."""

    horizon: int
    closed: int
    last_end: int | None
    last_deadline: int | None


def control_body(key: bytes, counts: Counts) -> dict[str, str]:
    """Texts only, as a control record has them; an absent number is empty."""
    visitor_id, app_id = key_parts(key)
    numbers = {name: "" if number is None else str(number) for name, number in counts._asdict().items()}
    return {"app_id": app_id, "visitor_id": visitor_id.hex(), **numbers}


def read_control(body: Mapping[str, str]) -> tuple[bytes, str, Counts]:
    """(key, app id, counts) of ``control_body``."""
    app_id = body["app_id"]
    horizon, closed, last_end, last_deadline = (body[name] for name in Counts._fields)
    counts = Counts(int(horizon), int(closed), _number(last_end), _number(last_deadline))
    return visitor_key(app_id, bytes.fromhex(body["visitor_id"])), app_id, counts


def _number(text: str) -> int | None:
    return int(text) if text else None
