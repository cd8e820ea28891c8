"""What a fold of some records asks the world to do."""

from collections import Counter
from dataclasses import dataclass, field

from streams.records import Event, Outcome, Progress, SessionRow, VisitorRow


@dataclass(slots=True)
class Effects:
    """Rows to insert, then state to publish, then offsets to acknowledge (design.md §2.5).

    Rows are the concatenation of what each record decided, so they do not depend on where a batch ends; of rows with
    one sort key the highest version stands; only which rows of open sessions there are (and tombstones of such) does.
    ``progress`` goes in after the other rows. ``changes`` are table values
    (None deletes the key), ``own`` is the partition's own value and goes last. ``span`` is the first and last enriched
    offset given, skipped ones included. ``alarms`` counts what should never happen (``closed``: an event below the
    horizon) and what a cap cut: ``capped_sessions`` (final rows with the flag), ``capped_open`` (events sealed early),
    ``capped_ids`` (event ids forgotten early). ``redelivered`` counts raw events that the high-water mark of the
    topic they were read from had passed: skipped, without a row.
    """

    progress: Progress
    span: tuple[int, int]
    own: bytes = b""
    events: list[Event] = field(default_factory=list)
    sessions: list[SessionRow] = field(default_factory=list)
    visitors: list[VisitorRow] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    alarms: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0
