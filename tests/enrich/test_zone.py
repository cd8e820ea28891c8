from zoneinfo import available_timezones

import pytest

from streams.enrich.zone import make_zone
from tests.enrich.conftest import MakeEvent

zone = make_zone(available_timezones())


@pytest.mark.parametrize(
    ("sent", "spelled"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        (" Asia/Calcutta ", "Asia/Calcutta"),
        ("etc/gmt+5", "Etc/GMT+5"),
        ("utc", "UTC"),
        ("GMT+02:00", "GMT+02:00"),
        ("Mars/Olympus", "Mars/Olympus"),
        ("", ""),
    ],
)
def test_a_time_zone_has_one_spelling(make_event: MakeEvent, sent: str, spelled: str) -> None:
    """The IANA database's; what it does not know stays."""
    event = make_event(os_timezone=sent)
    zone(event)

    assert event.os_timezone == spelled
