"""Which apps may send how much."""

import pytest

from streams.outcome import Reason
from streams.parse.admission import Limits, make_admission
from streams.records import ParsedEvent

SMALL = Limits(record_bytes=10, record_events=2, properties=1)


@pytest.mark.parametrize(
    ("app", "size", "events", "properties", "reason"),
    [
        ("small", 10, 2, 1, None),
        ("small", 11, 2, 1, Reason.TOO_LARGE),
        ("small", 10, 3, 1, Reason.TOO_LARGE),
        ("small", 10, 2, 2, Reason.TOO_LARGE),
        ("other", 11, 3, 2, None),
    ],
)
def test_limits(app: str, size: int, events: int, properties: int, reason: Reason | None) -> None:
    """Exactly the limit is taken, one more is not; an app without limits of its own has the common ones."""
    admission = make_admission(Limits(), {"small": SMALL}, known_only=False)
    event = ParsedEvent(event="track", app_id=app, properties={str(n): "x" for n in range(properties)})
    dead = admission(event, size, events)

    assert (dead.reason if dead else None) is reason


def test_unknown_apps() -> None:
    """With known_only an app that is not listed is dead."""
    admission = make_admission(Limits(), {"small": SMALL}, known_only=True)
    dead = admission(ParsedEvent(event="track", app_id="other"), 1, 1)

    assert dead is not None
    assert dead.reason is Reason.APP_UNKNOWN
    assert admission(ParsedEvent(event="track", app_id="small"), 1, 1) is None
