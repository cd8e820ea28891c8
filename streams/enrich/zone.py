"""The device's time zone in the IANA database's spelling."""

from collections.abc import Callable, Iterable

from streams.memo import remember
from streams.records import Event


def make_zone(names: Iterable[str]) -> Callable[[Event], None]:
    """Spells os_timezone as the names given do, whatever its case; a name that is none of them stays as it is.

    Links are kept (``Asia/Calcutta``): which name is the newer one changes with the database's version.
    Source: RFC 6557 (the tz database); Intl.DateTimeFormat gives browsers' names.
    """
    spelled = {name.lower(): name for name in names}
    known = remember(lambda text: spelled.get(text.strip().replace(" ", "_").lower(), text))

    def zone(event: Event) -> None:
        if event.os_timezone:
            event.os_timezone = known(event.os_timezone)

    return zone
