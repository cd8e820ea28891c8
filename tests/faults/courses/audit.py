"""What the books say at rest: offsets, keys, dead letters, rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiokafka.structs import ConsumerRecord

from streams.warehouse.queries import raw_holes
from tests.flow.live import Installation
from tests.flow.live_witness import read_all

Coordinates = tuple[int, int]
"""Raw partition and offset."""


@dataclass
class Audit:
    """What the books say at rest. ``repeated``: rows beyond one per key, under FINAL; ``duplicates``: without."""

    raw: list[ConsumerRecord]
    lost: int
    repeated: int
    duplicates: int
    outcomes: Counter[tuple[str, str]]
    dead: set[Coordinates]
    letters: dict[Coordinates, tuple[bytes | None, str]]
    """Of topic dead: original bytes and reason."""
    paths: dict[Coordinates, str] = field(default_factory=dict)
    """Of each event that is stored: the path of its page."""

    @property
    def are_letters_true(self) -> bool:
        """One letter for each dead record, with its bytes, and no other."""
        values = {(record.partition, record.offset): record.value for record in self.raw}
        return self.letters.keys() == self.dead and all(values.get(at, v) == v for at, (v, _) in self.letters.items())

    @property
    def are_rows_true(self) -> bool:
        """Every stored event bears the path of the page that stands in the raw record it names."""
        values = {(record.partition, record.offset): record.value for record in self.raw}
        told = [(path, values[at] or b"") for at, path in self.paths.items() if at in values]  # others are deleted
        return all(path and f"shop.example{path}".encode() in value for path, value in told)


def audit(at: Installation, incarnation: int, raw: list[ConsumerRecord]) -> Audit:
    """Look at the books: offsets, keys, dead letters, what the rows say."""
    database, client = at.database, at.client()
    ends = {k: max(r.offset for r in raw if r.partition == k) for k in {r.partition for r in raw}}
    begins = {k: min(r.offset for r in raw if r.partition == k) for k in ends}
    there = {(r.partition, r.offset) for r in raw}
    name = f"{at.raw}@{incarnation}"
    holes = {
        (k, offset)
        for k, end in ends.items()
        for first, last in raw_holes(client, database, name, k, begins[k], end)
        for offset in range(first, last + 1)
    }
    ((rows, final, keys),) = client.execute(
        f"SELECT (SELECT count() FROM {database}.events), count(),"
        " uniqExact(app_id, visitor_id, derived_tstamp, event_id)"
        f" FROM {database}.events FINAL"
    )
    counted = client.execute(f"SELECT outcome, reason, sum(n) FROM {database}.ledger GROUP BY ALL")
    dead = client.execute(
        f"SELECT DISTINCT raw_partition, raw_offset FROM {database}.outcomes FINAL"
        f" WHERE outcome = 'dead' AND reason != 'unstorable' AND raw_topic = '{name}'"
    )
    stored = client.execute(
        f"SELECT raw_partition, raw_offset, page_urlpath FROM {database}.events_v WHERE raw_topic = '{name}'"
    )
    client.disconnect()
    return Audit(
        raw=raw,
        lost=len(holes & there),
        repeated=final - keys,
        duplicates=rows - final,
        outcomes=Counter({(outcome, reason): n for outcome, reason, n in counted}),
        dead={(int(k), int(offset)) for k, offset in dead},
        letters=dict(_letters(at)),
        paths={(int(k), int(offset)): path for k, offset, path in stored},
    )


def _letters(at: Installation) -> Iterator[tuple[Coordinates, tuple[bytes | None, str]]]:
    for letter in read_all(at.brokers, {at.dead: 1}):
        told = dict(letter.headers)
        if "dead_with" not in told:
            where = int(told["dead_partition"]), int(told["dead_offset"])
            yield where, (letter.value, told["dead_reason"].decode())
