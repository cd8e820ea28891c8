"""F17: the broker's disk is full; logs with transactions, aborted ones too, and with the holes of compaction."""

import subprocess
import tempfile
import threading
import time
from pathlib import Path

from aiokafka.errors import KafkaError

from tests.faults.courses.admin import committed_offsets, write_in_transactions
from tests.faults.courses.sending import Sending, page
from tests.faults.courses.site import Install, Site
from tests.faults.courses.times import WIDE
from tests.faults.courses.tmpfs import CANNOT, fill, small_disk
from tests.faults.result import Result
from tests.flow.live import RAW
from tests.flow.live_witness import end_offsets
from tests.kafka.apache import ApacheKafka
from tests.kafka.waiting import wait_until

MEGABYTES = 192
COMPACTED = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.01",
    "segment.ms": "500",
    "max.compaction.lag.ms": "1000",
}


def full_disk(install: Install, *, records: int = 40_000) -> Result:
    """The broker dies of a full disk while records are written, and is started again once there is room."""
    how = f"the broker's disk ({MEGABYTES} MB) full until it dies, then room again"
    home = Path(tempfile.mkdtemp(prefix="faults-disk-"))
    with small_disk(home / "disk", MEGABYTES) as disk:
        if disk is None:
            return Result("F17", how, cannot_run=CANNOT)
        broker = ApacheKafka(disk / "kafka").start()
        try:
            return _full_disk(install, broker, disk, records, how)
        finally:
            broker.stop()


def _full_disk(install: Install, broker: ApacheKafka, disk: Path, records: int, how: str) -> Result:
    site = Site(install(config=WIDE, brokers=broker.bootstrap))
    site.at.set_up()
    site.start("enrich", "sessions")
    some = records // 20
    site.send(_pages(0, some))
    site.await_outcomes(some)
    filler = fill(disk, leave=1 << 20)
    sending = threading.Thread(target=_send_what_can_be, args=(site, _pages(some, records)))
    sending.start()
    died = _await_death(broker)
    time_down = time.monotonic()
    filler.unlink()
    broker.kill()
    broker.restart()
    sending.join(120)
    acknowledged = sum(end_offsets(site.at.brokers, site.at.raw, RAW).values())
    site.send(_pages(records * 2, 300))
    raw = site.raw()
    site.await_outcomes(len(raw))
    healed = time.monotonic() - time_down
    audit = site.audit(raw)
    return Result(
        fault="F17",
        how=how,
        rounds=1,
        records=len(raw),
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and died and len(raw) > some + 300 and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I3": audit.are_rows_true,
            "I5": True,
        },
        exits=site.exits,
        recoveries=[round(healed, 1)],
        figures={"records before the disk was full": acknowledged},
        word="Apache Kafka ends itself when its only log folder fails; what it had acknowledged is accounted for",
    )


def _pages(first: int, count: int) -> list[Sending]:
    return [Sending(page(first + n, visitor=n % 40), n % RAW) for n in range(count)]


def _send_what_can_be(site: Site, pages: list[Sending]) -> None:
    """Part by part, until the broker takes no more."""
    try:
        for start in range(0, len(pages), 500):
            site.send(pages[start : start + 500])
    except (KafkaError, OSError):
        return


def _await_death(broker: ApacheKafka) -> bool:
    process: subprocess.Popen[bytes] | None = broker._process
    assert process is not None
    wait_until(lambda: process.poll() is not None, 90, "the broker dies of its full disk")
    return True


def transactions_and_compaction(install: Install, *, bodies: int = 200, rounds: int = 5) -> Result:
    """Records in transactions, committed and aborted, on a topic that is compacted meanwhile: commits keep pace."""
    site = Site(install(config=WIDE))
    site.at.make_topics(raw_config=COMPACTED)
    assert site.at.command("migrate").returncode == 0
    keyed = [Sending(page(n), 2, (("app_id", b"shop"),), key=b"%d" % (n % 20)) for n in range(bodies)]
    for part in range(rounds):
        site.send(keyed[part * bodies // rounds : (part + 1) * bodies // rounds])
        time.sleep(0.6)  # a segment each, so that there is something to compact
    site.send(keyed[-1:])
    wait_until(lambda: len(site.raw()) < bodies // 2, 120, "the topic is compacted")
    site.start("enrich", "sessions")
    for number in range(rounds):
        write_in_transactions(
            site.at.brokers, site.at.raw, [page(number * bodies + n) for n in range(bodies // rounds)], number % 2
        )
    site.await_outcomes(2 * bodies)
    raw = site.raw()
    site.await_outcomes(len(raw))
    began = time.monotonic()
    wait_until(lambda: _is_all_committed(site), 60, "all is committed")
    seconds = time.monotonic() - began
    audit = site.audit(raw)
    ends = end_offsets(site.at.brokers, site.at.raw, RAW)
    return Result(
        fault="F17",
        how=f"{2 * rounds} transactions, half of them aborted, and a partition with the holes of compaction",
        rounds=rounds,
        records=len(raw),
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I4": _is_all_committed(site),
            "I5": not site.exits,
        },
        exits=site.exits,
        recoveries=[round(seconds, 1)],
        figures={"offsets without a record": sum(ends.values()) - len(raw)},
        word="records of an aborted transaction count as records: what a tracker sent is read uncommitted",
    )


def _is_all_committed(site: Site) -> bool:
    """Up to the last record of each partition; a marker behind it is never handed out."""
    last: dict[int, int] = {}
    for record in site.raw():
        last[record.partition] = max(last.get(record.partition, -1), record.offset)
    committed = committed_offsets(site.at.brokers, f"{site.at.group}-enrich", site.at.raw)
    return all(committed.get(k, 0) > at for k, at in last.items())
