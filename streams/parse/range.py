"""The instants and sizes the tables can hold."""

EARLIEST = 0
LATEST = (1 << 32) * 1000 - 1
"""Milliseconds, 1970-01-01 to 2106-02-07: what ClickHouse's ``toDate`` and ``toYYYYMM`` hold without wrapping.

Source: clickhouse.com/docs/sql-reference/data-types/datetime (toDateTime's range); Date itself ends in 2149.
"""

UINT16_MAX = 65_535


def in_range(tstamp: int) -> bool:
    """True for an instant (milliseconds) the tables can hold."""
    return EARLIEST <= tstamp <= LATEST
