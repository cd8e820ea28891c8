"""What a visitor's closed sessions say, as a rebuild found them: the body of control record ``rebuild`` (rule 10)."""

from collections.abc import Mapping
from typing import NamedTuple

from streams.sessionize.state import key_parts, visitor_key

REBUILD = "rebuild"
"""The control record's kind."""


class Counts(NamedTuple):
    """``last_end`` and ``last_deadline`` are of the last closed session, None without one. Times in milliseconds.

    ``first_seen`` and ``user_id`` are those of table ``visitors``: since the visitor was last new.
    """

    horizon: int
    closed: int
    last_end: int | None
    last_deadline: int | None
    first_seen: int | None = None
    user_id: str = ""


def control_body(key: bytes, counts: Counts) -> dict[str, str]:
    """Texts only, as a control record has them; an absent number is empty."""
    visitor_id, app_id = key_parts(key)
    texts = {name: "" if value is None else str(value) for name, value in counts._asdict().items()}
    return {"app_id": app_id, "visitor_id": visitor_id.hex(), **texts}


def read_control(body: Mapping[str, str]) -> tuple[bytes, str, Counts]:
    """(key, app id, counts) of ``control_body``."""
    app_id = body["app_id"]
    counts = Counts(
        horizon=int(body["horizon"]),
        closed=int(body["closed"]),
        last_end=_number(body["last_end"]),
        last_deadline=_number(body["last_deadline"]),
        first_seen=_number(body["first_seen"]),
        user_id=body["user_id"],
    )
    return visitor_key(app_id, bytes.fromhex(body["visitor_id"])), app_id, counts


def _number(text: str) -> int | None:
    return int(text) if text else None
