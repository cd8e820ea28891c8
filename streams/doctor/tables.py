"""Whether the tables forget what the settings say."""

from collections.abc import Iterable

from streams.doctor.finding import Finding
from streams.warehouse.retention import TableTtl


def check_tables(ttls: Iterable[TableTtl]) -> list[Finding]:
    """One finding a table."""
    return [
        Finding(
            check="retention",
            subject=ttl.table,
            ok=ttl.wanted == ttl.found,
            words=f"rows are kept {_until(ttl.found)}"
            + ("" if ttl.wanted == ttl.found else f"; the settings say {_until(ttl.wanted)}"),
            mend="" if ttl.wanted == ttl.found else "run `thalweg migrate` with these settings",
        )
        for ttl in ttls
    ]


def _until(ttl: str) -> str:
    return f"until {ttl}" if ttl else "for ever"
