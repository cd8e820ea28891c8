"""When a message was made, sent and received, by which clock, and what its event time must then be.

Source: Segment spec, Common Fields: the device gives originalTimestamp (some libraries name it timestamp) and sentAt,
the server receivedAt. design.md §4: event time = received − (sent − created) where created ≤ sent, else received; the
timestamp where there is no sentAt.
"""

from typing import NamedTuple

from streams.simulate.chance import Chance
from streams.simulate.clock import MS_PER_HOUR, iso
from streams.simulate.visitors import SHOP, Visitor

_LONG_WAITS = 0.1


class Sending(NamedTuple):
    """``time`` is the true event time, ``stamps`` the end of the message. All in milliseconds."""

    time: int
    received: int
    stamps: str


def latency(chance: Chance) -> int:
    """From device to collector: mostly short."""
    return 25 + int(chance() * chance() * 900)


def offline_wait(chance: Chance) -> int:
    """How long after its event a device without net sends: 20 minutes to nine hours."""
    return 20 * 60_000 + int(chance() * chance() * 9 * MS_PER_HOUR)


def retry_wait(chance: Chance) -> int:
    """How long after a failed send the next one comes: mostly within two minutes, now and then hours."""
    span = 120_000 if chance() >= _LONG_WAITS else 3 * MS_PER_HOUR
    return 1_000 + int(chance() * span)


def send(visitor: Visitor, happened: int, wait: int, way: int) -> Sending:
    """A device's message that waited for ``wait`` and was on its ``way``; both of its times are by its own clock."""
    received = happened + wait + way
    return Sending(happened + way, received, _stamps(visitor, happened, happened + wait, received))


def send_after_jump(visitor: Visitor, happened: int, wait: int, way: int) -> Sending:
    """The device's clock was set back between making and sending: a message sent before it was made says nothing."""
    received = happened + wait + way
    return Sending(received, received, _stamps(visitor, happened, happened - 5_000, received))


def send_by_server(happened: int, way: int) -> Sending:
    """A back end's message: it knows the time, and sends at once."""
    received = happened + way
    return Sending(happened, received, f'"timestamp":"{iso(happened)}","receivedAt":"{iso(received)}"}}')


def _stamps(visitor: Visitor, created: int, sent: int, received: int) -> str:
    key = "originalTimestamp" if visitor.app == SHOP else "timestamp"
    skew = visitor.skew_ms
    return f'"{key}":"{iso(created + skew)}","sentAt":"{iso(sent + skew)}","receivedAt":"{iso(received)}"}}'
