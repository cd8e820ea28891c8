"""One record for the raw topic, as the loader makes it."""

import msgspec


class LoadRecord(msgspec.Struct, frozen=True, gc=False):
    """``tstamp``: the Kafka record's time and the arrival time, milliseconds since 1970 UTC."""

    value: bytes
    tstamp: int
    headers: list[tuple[str, bytes]]


def end_record(tstamp: int = 0) -> LoadRecord:
    """The record that ends a raw partition of bounded input; ``tstamp``: the last record's, so that order holds."""
    return LoadRecord(b"", tstamp, [("control", b"end"), ("collector_tstamp", b"%d" % tstamp)])
