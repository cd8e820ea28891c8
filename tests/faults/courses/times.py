"""F15, F16: copies of events, and events of other times, near, far, past, to come, and of clocks that differ."""

import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiokafka.structs import ConsumerRecord

from tests.faults.courses.sending import Sending, page
from tests.faults.courses.site import Install, Site
from tests.faults.result import Result
from tests.flow.live import CONFIG, leave

SKEWED_WORKER = Path(__file__).with_name("skewed_worker.py")
DAY = 86_400
WINDOW_SECONDS = 3600
"""Within it two copies are one event."""
WIDE = {
    **CONFIG,
    "disorder": 600,
    "idle": 10,
    "sessions": {"gap": 1800, "lateness": 600, "dedup_window": WINDOW_SECONDS},
}
"""The windows that are shipped: these scenarios are about minutes and days."""


def at(seconds_ago: float) -> str:
    """What a message says whose sender says that it happened then."""
    then = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return then.isoformat(timespec="milliseconds")


def copies(install: Install, *, ids: int = 2_000) -> Result:
    """F15: an id twice in a batch, in two batches, in two partitions, within the window, beyond it, and days apart."""
    site = Site(install(config=WIDE))
    site.at.set_up()
    site.start("enrich", "sessions")
    waves = [list(wave) for wave in zip(*[_copies_of(n) for n in range(ids)], strict=True)]
    sent = 0
    for wave in waves:
        site.send(record for several in wave for record in several)
        sent += sum(map(len, wave))
        site.await_outcomes(sent)
    audit = site.audit()
    client = site.at.client()
    ((rows, found),) = client.execute(
        f"SELECT count(), uniqExact(app_id, visitor_id, event_id, derived_tstamp) FROM {site.at.database}.events_v"
    )
    client.disconnect()
    outcomes = Counter(dict.fromkeys(("accepted", "duplicate", "late"), 0))
    for (outcome, _), n in audit.outcomes.items():
        outcomes[outcome] += n
    expected = {"accepted": ids, "duplicate": 3 * ids, "late": 2 * ids}
    return Result(
        fault="F15",
        how=f"{ids} ids, six copies each: in a batch, across batches and partitions, a minute, an hour and days apart",
        records=sent,
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and len(audit.raw) == sent and site.is_ledger_clean(),
            "I2": audit.repeated == 0 and rows == found == 3 * ids,
            "I5": not site.exits,
            "I7": outcomes == expected,
        },
        exits=site.exits,
        figures={f"{outcome} outcomes": n for outcome, n in outcomes.items()} | {"rows under FINAL": rows},
        word="on time: one event an id, the copies are outcome `duplicate`; copies hours and days late are events of"
        " their own time, `late`, and compared when a rebuild adopts them",
    )


def _copies_of(number: int) -> Iterator[list[Sending]]:
    """Wave by wave: two in one batch, one in the other partition, one a minute before, then two that are late."""
    id_, visitor = uuid.uuid4(), number % 50
    now = at(120)

    def copy(partition: int, when: str) -> Sending:
        return Sending(page(number, visitor, id_, timestamp=when), partition)

    yield [copy(0, now), copy(0, now)]
    yield [copy(1, now)]
    yield [copy(0, at(60))]
    yield [copy(1, at(2 * WINDOW_SECONDS))]
    yield [copy(0, at(3 * DAY))]


PAST_AND_FUTURE = {
    "now": (0, "accepted"),
    "a minute ago": (60, "accepted"),
    "an hour ago": (3600, "late"),
    "a week ago": (7 * DAY, "late"),
    "a year ago": (365 * DAY, "late"),
    "two years ago": (730 * DAY, "dead"),
    "in an hour": (-3600, "accepted"),
    "in ten years": (-3650 * DAY, "accepted"),
}
"""Seconds before now, and what becomes of it."""
EPOCH = "1970-01-01T00:00:00.000Z"


def other_times(install: Install, *, each: int = 500, skew: float = 5.0) -> Result:
    """F16: events out of order and of other times, through two enrich workers whose clocks differ."""
    site = Site(install(config=WIDE))
    site.at.set_up()
    site.start("sessions", "enrich")
    command = [sys.executable, str(SKEWED_WORKER), str(skew)]
    skewed = site.at.start("enrich", command)
    site.await_log(skewed, "Worker ready")
    sent = 0
    for part in range(5):
        records = list(_of_other_times(each // 5, part))
        site.send(records)
        sent += len(records)
    seconds = site.await_outcomes(sent)
    audit = site.audit()
    told = Counter(_kind(r) for r in audit.raw)
    expected: Counter[str] = Counter()
    for name, (_, outcome) in PAST_AND_FUTURE.items():
        expected[outcome] += told[name]
    expected["dead"] += told["epoch"]
    found: Counter[str] = Counter()
    for (outcome, _), n in audit.outcomes.items():
        found[outcome] += n
    closed = audit.outcomes["late", "closed"]
    ahead = _rows_ahead(site)
    code = leave(skewed)
    return Result(
        fault="F16",
        how=f"out of order, up to two years old and ten years ahead, epoch 0; a second enrich worker {skew:+.0f} s off",
        records=sent,
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and len(audit.raw) == sent and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I3": audit.are_rows_true and found == expected and not ahead and not closed,
            "I5": not site.exits and code == 0,
            "I6": audit.are_letters_true,
        },
        exits=site.exits,
        recoveries=[round(seconds, 1)],
        figures={**{f"{outcome} outcomes": n for outcome, n in found.items()}, "events ahead of their arrival": ahead},
        word="an event of the future is one of its arrival; older than `max_age` is dead, `time_range`; clocks of"
        " workers may differ by less than `idle` (10 s), and no more: docs/operations.md",
    )


def _of_other_times(each: int, part: int) -> Iterator[Sending]:
    for number in range(each):
        for name, (ago, _) in PAST_AND_FUTURE.items():
            headers = (("app_id", b"shop"), ("kind", name.encode()))
            when = at(ago + (7 * number) % 40 if ago >= 0 else ago)
            body = page(part * each + number, visitor=number % 20, timestamp=when)
            yield Sending(body, (part + number) % 2, headers)
        yield Sending(page(0, timestamp=EPOCH), number % 2, (("app_id", b"shop"), ("kind", b"epoch")))


def _kind(record: ConsumerRecord) -> str:
    return str(dict(record.headers)["kind"].decode())


def _rows_ahead(site: Site) -> int:
    client = site.at.client()
    ((ahead,),) = client.execute(
        f"SELECT countIf(derived_tstamp > arrival_tstamp) FROM {site.at.database}.events FINAL"
    )
    client.disconnect()
    return int(ahead)
