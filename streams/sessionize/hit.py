"""What the fold remembers of one accepted event until it is sealed."""

import msgspec

from streams.records import Event

OTHER, PAGE_VIEW, SCREEN_VIEW, PAGE_PING = range(4)
VIEWS = (PAGE_VIEW, SCREEN_VIEW)
_KINDS = {"page_view": PAGE_VIEW, "screen_view": SCREEN_VIEW, "page_ping": PAGE_PING}


class Hit(msgspec.Struct, array_like=True, gc=False):
    """One accepted event, as numbers: all that repeats among hits stands once in the visitor's ``Texts``.

    ``fingerprint`` is the low half of the event's, ``offset``, ``lag`` (arrival − time, ms) and ``size`` are the low
    24, 16 and 16 bits of what they say: ``frame`` has the rest. ``page``, ``origin`` and ``referrer`` are numbers of
    texts; 0 is none.
    """

    time: int
    id: bytes
    fingerprint: int = 0
    offset: int = 0
    lag: int = 0
    size: int = 0
    frame: int = 0
    page: int = 0
    origin: int = 0
    referrer: int = 0

    def order(self) -> tuple[int, bytes]:
        """Place in the fold (rule 2)."""
        return self.time, self.id


def kind_of(event: Event) -> int:
    """What the event counts as in a session. Segment names the kind in ``event``, Snowplow also in ``event_name``."""
    kind = _KINDS.get(event.event)
    return _KINDS.get(event.event_name, OTHER) if kind is None else kind
