"""F12, F23: topics that grow, are made anew, or lose records before they are read."""

import time

from streams.kafka.admin import RAW_CONFIG
from tests.faults.courses.admin import committed_offsets, delete_before, make_anew, raise_partitions
from tests.faults.courses.sending import Sending, page
from tests.faults.courses.site import Install, Site
from tests.faults.courses.times import WIDE
from tests.faults.result import Result
from tests.flow.live import RAW
from tests.kafka.waiting import wait_until


def _pages(first: int, count: int, partitions: int = RAW) -> list[Sending]:
    return [Sending(page(first + n, visitor=n % 40), n % partitions) for n in range(count)]


def more_partitions(install: Install, *, each: int = 1_000) -> Result:
    """F12: the raw topic gets a partition more under live workers, before a record comes on it."""
    site = Site(install(config=WIDE))
    site.at.set_up()
    enrich, sessions = site.start("enrich", "sessions")
    site.send(_pages(0, each))
    site.await_outcomes(each)
    raise_partitions(site.at.brokers, site.at.raw, RAW + 1)
    began = time.monotonic()
    code = enrich.process.wait(120)  # though nothing is written to it
    noticed = time.monotonic() - began
    told = f"{site.at.raw} has grown to more than {RAW} partitions" in site.log_text()
    site.send(_pages(each, each, RAW + 1))
    site.await_outcomes(2 * each)
    audit = site.audit(site.raw(RAW + 1))
    return Result(
        fault="F12",
        how="a partition added to the raw topic, live",
        records=2 * each,
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and len(audit.raw) == 2 * each and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I3": audit.are_rows_true and not audit.outcomes["late", "closed"],
            "I5": code == 70 and told and sessions.process.poll() is None,
        },
        exits=site.exits,
        recoveries=[round(noticed, 1)],
        figures={"seconds until it was noticed": round(noticed, 1)},
        word="each enrich worker notices it within 30 s, without a record, and ends with 70 to count partitions anew",
    )


def raw_made_anew(install: Install, *, each: int = 1_000) -> Result:
    """F12: the raw topic is deleted and made again under a live worker, which refuses it until it is told."""
    site = Site(install(config=WIDE))
    site.at.set_up()
    enrich, _ = site.start("enrich", "sessions")
    site.send(_pages(0, each))
    site.await_outcomes(each)
    make_anew(site.at.brokers, site.at.raw, RAW, RAW_CONFIG)
    site.send(_pages(each, each // 2))
    began = time.monotonic()
    code = enrich.process.wait(120)
    noticed = time.monotonic() - began
    told = "the topic was made anew" in site.log_text() and "raise kafka.raw_incarnation" in site.log_text()
    site.workers.remove(enrich)
    site.start("enrich", THALWEG_KAFKA__RAW_INCARNATION="2", THALWEG_KAFKA__GROUP_PREFIX=f"{site.at.group}-2")
    site.incarnation = 2
    site.await_outcomes(each + each // 2)
    audit = site.audit()
    client = site.at.client()
    ((of_the_first,),) = client.execute(
        f"SELECT uniqExact(raw_partition, raw_offset) FROM {site.at.database}.outcomes"
        f" WHERE raw_topic = '{site.at.raw}@1'"
    )
    client.disconnect()
    return Result(
        fault="F12",
        how="the raw topic deleted and made anew, live",
        records=each + each // 2,
        lost=audit.lost + each - of_the_first,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and of_the_first == each,
            "I2": audit.repeated == 0,
            "I3": audit.are_rows_true,
            "I5": code == 70 and told,
        },
        exits=[code, *site.exits],
        recoveries=[round(noticed, 1)],
        word="the worker ends with 70 and says which setting to raise; then all is read, under the new incarnation",
    )


def deleted_unread(install: Install, *, each: int = 1_000) -> Result:
    """F23: retention passes the committed offset while no enrich worker runs."""
    return _deleted(install, each, 100)


def all_deleted_unread(install: Install, *, each: int = 300) -> Result:
    """F23: retention takes all that was not read, so that no record comes that would tell of it."""
    return _deleted(install, each, each // RAW)


def _deleted(install: Install, each: int, deleted: int) -> Result:
    """The first records ``deleted`` of each partition's share of the second ``each``."""
    site = Site(install(config=WIDE))
    site.at.set_up()
    enrich, _ = site.start("enrich", "sessions")
    site.send(_pages(0, each))
    site.await_outcomes(each)
    group = f"{site.at.group}-enrich"
    wait_until(
        lambda: sum(committed_offsets(site.at.brokers, group, site.at.raw).values()) == each, 60, "all is committed"
    )
    before = committed_offsets(site.at.brokers, group, site.at.raw)
    enrich.process.terminate()
    enrich.process.wait(60)
    site.workers.remove(enrich)
    site.send(_pages(each, each))
    cut = {k: at + deleted for k, at in before.items()}
    delete_before(site.at.brokers, site.at.raw, cut)
    (enrich,) = site.start("enrich")
    gone = sum(cut[k] - before[k] for k in before)
    site.await_outcomes(2 * each - gone)
    wait_until(lambda: site.metric("thalweg_lost_records_total", enrich) >= gone, 60, "the loss is counted")
    counted = int(site.metric("thalweg_lost_records_total", enrich))
    audit = site.audit()
    told = site.doctor()
    is_told = told.returncode == 1 and "deleted unread" in told.stdout
    named = all(
        f"LOST: {site.at.raw}[{k}] offsets {at} to {cut[k] - 1} " in site.log_text() for k, at in before.items()
    )
    return Result(
        fault="F23",
        how=f"{deleted} of {each // RAW} records of each raw partition deleted before they were read",
        records=2 * each,
        lost=audit.lost,
        counted_lost=counted,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and counted == gone and named and is_told,
            "I2": audit.repeated == 0,
            "I3": audit.are_rows_true,
            "I5": not site.exits,
        },
        exits=site.exits,
        figures={"deleted": gone},
        word="nothing mends it, so it is an error in the log with its offsets, `thalweg_lost_records_total`, and"
        " `deleted unread` in `thalweg doctor --ledger`, which ends with 1",
    )
