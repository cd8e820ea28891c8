"""Whether every raw record is accounted for: Kafka's offsets against table ``outcomes`` (design.md §2.1)."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from clickhouse_driver import Client

from streams.doctor.finding import Finding
from streams.encode import decode
from streams.kafka.admin import partitions_of
from streams.kafka.offsets import Span, holds, log_spans, looking, records_in
from streams.kafka.security import connection
from streams.records import Marker
from streams.settings import RetentionSettings, Settings
from streams.warehouse.queries import ended_logs, raw_holes, raw_reach

POLL_SECONDS = 0.5
SHOWN = 5
"""Ranges named in the words of a finding; its ``offsets`` are all."""


class Account(msgspec.Struct, frozen=True):
    """What is known of one raw partition. Spans are of offsets, both ends inclusive."""

    topic: str
    partition: int
    checked: int
    missing: Sequence[Span] = ()
    deleted: Sequence[Span] = ()
    """Holes that lie before the log's start: retention took the records, read or not."""
    under_way: int = 0
    """Records that the workers have not worked off yet."""
    died: bool = False
    """A bounded run's that ended before its input did, and after which another was run to its end."""


def account_of_store(client: Client, database: str, kept_days: int | None = None) -> list[Account]:
    """Of a store whose brokers are gone (an embedded run): from offset 0 to the last one that is known.

    Where rows of ``outcomes`` expire, ``kept_days`` after they arrived at the soonest: from the first one that may not.
    """
    accounts = []
    ended = ended_logs(client, database)
    for topic, partition, known, last in raw_reach(client, database, kept_days):
        first = known if kept_days else 0
        holes = raw_holes(client, database, topic, partition, first, last)
        died = topic not in ended and any(_follows(later, topic) for later in ended)
        accounts.append(Account(topic, partition, last + 1 - first, missing=holes, died=died))
    return accounts


def _follows(later: str, topic: str) -> bool:
    """Whether the first is a later incarnation of the second."""
    (name, number), (other, before) = later.rsplit("@", 1), topic.rsplit("@", 1)
    return name == other and int(number) > int(before)


def days_kept(retention: RetentionSettings) -> int | None:
    """The shortest time that rows of ``outcomes`` are kept, of all apps; None where they are for ever."""
    days = [each.outcomes for each in (retention, *retention.apps.values()) if each.outcomes is not None]
    return min(days, default=None)


async def account_of_topic(settings: Settings, client: Client, database: str, wait: float) -> list[Account]:
    """Of the raw topic on its brokers. Each group is given ``wait`` seconds to have everything worked off.

    A hole is read again from Kafka before it is called missing. What lies before the first row that may not have
    expired is not looked at. Raises ContractError (no such topic) and what aiokafka and the driver raise.
    """
    kafka = settings.kafka
    name = f"{kafka.raw_topic}@{kafka.raw_incarnation}"
    number = await partitions_of(connection(settings), kafka.raw_topic)
    async with looking(settings) as consumer:
        spans = await log_spans(consumer, kafka.raw_topic, number)
        under_way = await _under_way(settings, consumer, spans, wait)
        begins_at = _first_to_check(client, database, name, days_kept(settings.retention))
        accounts = []
        for partition, (begin, end) in spans.items():
            first, last = begins_at(partition, begin), end - 1 - under_way[partition]
            holes = raw_holes(client, database, name, partition, first, last) if last >= first else []
            begins = (await log_spans(consumer, kafka.raw_topic, number))[partition][0]  # retention may have moved on
            missing = [
                span
                for hole in _from(holes, begins)
                for span in await records_in(consumer, kafka.raw_topic, partition, hole)
            ]
            checked = max(last + 1 - first, 0)
            deleted = _before(holes, begins)
            accounts.append(Account(name, partition, checked, missing, deleted, under_way[partition]))
    return accounts


def _first_to_check(client: Client, database: str, name: str, days: int | None) -> Callable[[int, int], int]:
    """(partition, begin of its log) → the first offset that the ledger can still speak of."""
    known = {partition: (low, high) for topic, partition, low, high in raw_reach(client, database) if topic == name}
    if not days:
        return lambda partition, begin: min(begin, known.get(partition, (begin, begin))[0])
    kept = {partition: low for topic, partition, low, _ in raw_reach(client, database, days) if topic == name}
    past = {partition: high + 1 for partition, (_, high) in known.items()}
    return lambda partition, begin: kept.get(partition, past.get(partition, begin))


async def _under_way(
    settings: Settings, consumer: AIOKafkaConsumer, spans: dict[int, tuple[int, int]], wait: float
) -> dict[int, int]:
    """Per raw partition how many records lie beyond what both groups have worked off; all while sessions lags."""
    kafka = settings.kafka
    ends = {partition: end for partition, (begin, end) in spans.items() if end > begin}
    left = await _behind(settings, "enrich", kafka.raw_topic, ends, wait, lambda _: True)
    number = await partitions_of(connection(settings), kafka.enriched_topic)
    written = {k: end for k, (_, end) in (await log_spans(consumer, kafka.enriched_topic, number)).items()}
    if any((await _behind(settings, "sessions", kafka.enriched_topic, written, wait, _is_no_marker)).values()):
        return {partition: end - begin for partition, (begin, end) in spans.items()}
    return {partition: left.get(partition, 0) for partition in spans}


def _is_no_marker(record: ConsumerRecord) -> bool:
    """Markers come as long as enrich workers run, and nothing comes of them that the ledger looks at."""
    return not isinstance(decode(record.value), Marker)


async def _behind(
    settings: Settings,
    role: str,
    topic: str,
    ends: dict[int, int],
    wait: float,
    counts: Callable[[ConsumerRecord], bool],
) -> dict[int, int]:
    """How many offsets a group is from these ends, once it has reached them or ``wait`` seconds have passed.

    0 where no record that counts is left. A transaction's marker is the end of a log that nobody ever commits.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    before: dict[int, int] = {}
    async with looking(settings, f"{settings.kafka.group_prefix}-{role}") as group, looking(settings) as reader:
        while True:
            at = {each: await group.committed(TopicPartition(topic, each)) or 0 for each in ends}
            lags = {each: max(end - at[each], 0) for each, end in ends.items()}
            late = loop.time() >= deadline
            left = dict(lags)
            for each in [each for each, lag in lags.items() if lag and (late or lag == before.get(each))]:
                if not await holds(reader, topic, each, (at[each], ends[each] - 1), counts):
                    left[each] = 0
            if late or not any(left.values()):
                return left
            before = lags
            await asyncio.sleep(POLL_SECONDS)


def _from(holes: Sequence[Span], begin: int) -> list[Span]:
    return [(max(first, begin), last) for first, last in holes if last >= begin]


def _before(holes: Sequence[Span], begin: int) -> list[Span]:
    return [(first, min(last, begin - 1)) for first, last in holes if first < begin]


def check_ledger(accounts: Sequence[Account]) -> list[Finding]:
    """One finding a partition."""
    return [_finding(account) for account in accounts]


def _finding(account: Account) -> Finding:
    told, mends = [f"{account.checked:,} offsets"], []
    if account.missing and account.died:
        told.append(f"its run died and left {_named(account.missing)} to the runs after it")
    elif account.missing:
        told.append(f"not accounted for: {_named(account.missing)}")
        mends.append("these records became nothing: report it, with the workers' logs; `thalweg load` them again")
    if account.deleted:
        told.append(f"deleted unread: {_named(account.deleted)}")
        mends.append("retention was shorter than the outage: raise it")
    if account.under_way:
        told.append(f"{account.under_way:,} records are under way")
        mends.append("wait, or look whether both kinds of workers run")
    return Finding(
        check="ledger",
        subject=f"{account.topic}[{account.partition}]",
        ok=not mends,
        words="; ".join(told) + ("" if mends or account.died else ", all accounted for"),
        mend="; ".join(mends),
        offsets=[*account.missing, *account.deleted],
    )


def _named(spans: Sequence[Span]) -> str:
    words = [str(first) if first == last else f"{first}–{last}" for first, last in spans[:SHOWN]]
    total = sum(last - first + 1 for first, last in spans)
    more = f" and {len(spans) - SHOWN} more ranges" if len(spans) > SHOWN else ""
    return f"offsets {', '.join(words)}{more} ({total:,})"
