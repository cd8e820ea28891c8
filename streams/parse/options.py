"""What the parsers are told by the settings."""

from collections.abc import Callable

import msgspec

from streams.outcome import Dead

Check = Callable[[str, object], Dead | None]
"""A look-up of (schema URI, decoded data) giving why the data must not pass: its schema is unknown or broken."""


def accept(_schema: str, _data: object) -> None:
    """The check where there are no schemas."""


class ParseOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Largest values over all apps (one app's own are checked when it is known), and the schemas."""

    record_bytes: int = 1_000_000
    """Longest body, inflated. Source: Snowplow's collector, setting maxBytes of its Kafka sink (1 MB)."""
    record_events: int = 1_000
    """Most events of one body."""
    check: Check = accept
