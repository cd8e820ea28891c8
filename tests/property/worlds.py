"""Random worlds for the session fold: a raw log, what enrich workers make of it, and workers that crash over it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random

from hypothesis import strategies as st

from streams.records import INFINITY, Event, Marker, Outcome, Record
from streams.sessionize.goals import make_goals_of
from streams.sessionize.midnight import make_next_midnight
from streams.sessionize.options import SessionOptions
from streams.settings import GoalSettings

TOPIC = "raw@1"
DAY = 86_400_000
MIDNIGHT = 1_000 * DAY + 23 * 3_600_000
"""In Berlin, of 1972-09-28."""
KINDS = ("page_view", "page_view", "page_ping", "screen_view", "add_to_cart")


def name16(*parts: object) -> bytes:
    """16 bytes that stand for a name."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()


@dataclass(frozen=True)
class Rules:
    """Options in ms, all apps alike."""

    gap: int
    longest: int
    lateness: int
    window: int
    disorder: int
    max_steps: int
    scale: int
    """Milliseconds of one unit of the raw log's times."""
    interval: int
    by_date: bool
    by_campaign: bool
    begin: int
    """When the raw log begins."""


GOALS = make_goals_of(
    [GoalSettings(name="cart", event="add_to_*", value="price"), GoalSettings(name="one", page="/1")],
)
BERLIN = make_next_midnight("Europe/Berlin")


def options_of(rules: Rules) -> SessionOptions:
    """The rules as the fold takes them."""
    return SessionOptions(
        gap_ms=rules.gap,
        longest_ms=rules.longest,
        lateness_ms=rules.lateness,
        dedup_window_ms=rules.window,
        max_steps=rules.max_steps,
        update_interval_ms=rules.interval,
        next_midnight=BERLIN if rules.by_date else None,
        cut_at_campaign=rules.by_campaign,
        goals_of=GOALS,
    )


@dataclass
class World:
    """Per raw partition the records in raw order, with the broker's time of each; and the dice for all the rest."""

    rules: Rules
    raw: list[list[tuple[int, Event | Outcome]]]
    dice: Random
    enriched: int
    logs: list[list[Record]] = field(default_factory=list)


def _rules(
    scale: int,
    gap: int,
    longest: int,
    lateness: int,
    window: int,
    disorder: int,
    interval: int,
    by_date: bool,
    by_campaign: bool,
    before: int,
) -> Rules:
    return Rules(
        gap=gap * scale,
        longest=longest * scale,
        lateness=lateness * scale,
        window=window * scale,
        disorder=disorder * scale,
        max_steps=3,
        scale=scale,
        interval=interval * scale,
        by_date=by_date,
        by_campaign=by_campaign,
        begin=MIDNIGHT - before * scale,
    )


RULES = st.builds(
    _rules,
    st.sampled_from([1, 4000, 20 * DAY]),
    st.integers(1, 8),
    st.integers(1, 20),
    st.sampled_from([0, 2, 4, 6, 8]),
    st.integers(0, 12),
    st.integers(0, 5),
    st.sampled_from([0, 1, 3, 8, 30, 30]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 25),
)
RECORD = st.tuples(
    st.integers(0, 2),  # raw partition
    st.sampled_from([0, 0, 1, 1, 2, 3, 5, 9]),  # broker time since the record before
    st.integers(0, 5),  # arrival before the broker's time, capped by disorder
    st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 6, 8]),  # event before arrival
    st.integers(0, 9),  # id
    st.sampled_from([0, 0, 0, 0, 1, 2, 5]),  # visitor and app; 5: no visitor
    st.integers(0, 2),  # fingerprint
    st.integers(0, 11),  # kind, 11: an event that became none
    st.sampled_from([99, 99, 0, 1, 2, 5]),  # a copy of the event so many before, if there is one
)
RAW = st.one_of(st.lists(RECORD, min_size=1, max_size=8), st.lists(RECORD, min_size=16, max_size=40))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world whose raw log shrinks; interleaving, cuts and crashes come from one seed."""
    rules = draw(RULES)
    scale = rules.scale
    dice = Random(draw(st.integers(0, 2**32)))
    partitions = draw(st.integers(1, 3))
    raw: list[list[tuple[int, Event | Outcome]]] = [[] for _ in range(partitions)]
    first = draw(st.sampled_from([0, 0, (1 << 24) - 3, 1 << 40]))
    offsets = [[first, 0] for _ in range(partitions)]
    clock = rules.begin
    told: list[tuple[int, int, int | None]] = []
    for number, step, behind, delay, new_name, new_who, fingerprint, kind, back in draw(RAW):
        partition = number % partitions
        known = told[-1 - back] if back < len(told) else None
        name, who, same_time = known or (new_name, new_who, None)
        clock += step * scale
        arrival = clock - min(behind * scale, rules.disorder)
        place = offsets[partition]
        place[:] = [place[0], place[1] + 1] if place[1] < 1 and dice.random() < 0.2 else [place[0] + 1, 0]
        columns = {
            "app_id": f"app{who % 2}",
            "arrival_tstamp": arrival,
            "raw_topic": TOPIC,
            "raw_partition": partition,
            "raw_offset": place[0],
            "raw_index": place[1],
        }
        if kind == 11:
            raw[partition].append((clock, Outcome(outcome="dead", reason="syntax", **columns)))
        else:
            time = arrival - delay * scale
            if same_time is not None and delay % 2:
                time = min(same_time, arrival)
            told.append((name, who, time))
            raw[partition].append((clock, _event(columns, time, name, who, fingerprint, kind, dice)))
    return World(rules, raw, dice, draw(st.integers(1, 2)))


def _event(
    columns: dict[str, object], time: int, name: int, who: int, fingerprint: int, kind: int, dice: Random
) -> Event:
    path = f"/{dice.randrange(4)}"
    return Event(
        event_id=name16("id", name),
        visitor_id=bytes(16) if who == 5 else name16("visitor", who // 2),
        event_fingerprint=fingerprint,
        collector_tstamp=time,
        derived_tstamp=time,
        event=KINDS[kind % len(KINDS)],
        event_name="" if kind % 2 else f"name{kind}",
        user_id=dice.choice(["", "", "u1", "u2"]),
        page_url="https://x" + path,
        page_urlhost="x",
        page_urlpath=path,
        page_title=f"title{dice.randrange(3)}",
        page_referrer=dice.choice(["", "https://r/1", "https://r/2", "https://x/0", "https://x/1"]),
        mkt_campaign=dice.choice(["", "", "c1", "c2"]),
        mkt_source=dice.choice(["", "", "", "s1"]),
        properties=dice.choice([{}, {"price": "1.5"}, {"price": "-2"}, {"price": "dear"}]),
        default_channel_group=f"g{dice.randrange(2)}",
        geo_country=f"C{dice.randrange(3)}",
        dvce_type=f"D{dice.randrange(2)}",
        raw_events=dice.choice([1, 1, 3]),
        raw_size=dice.choice([0, 99, 65_536, 900_000]),
        **columns,  # type: ignore[arg-type]
    )


def enriched_log(world: World, number: int) -> list[Record]:
    """One enriched partition: raw order per raw partition, any interleaving, suffixes written again, any markers."""
    dice, count = world.dice, len(world.raw)
    next_at = [0] * count
    log: list[Record] = []
    while any(next_at[p] < len(world.raw[p]) for p in range(count)):
        partition = dice.randrange(count)
        action = dice.random()
        if action < 0.12:
            next_at[partition] -= dice.randint(0, next_at[partition])
        elif action < 0.35:
            log.append(_marker(world, partition, next_at[partition]))
        else:
            ahead = next_at[partition] + dice.randint(1, 4)
            log += [
                copy for _, r in world.raw[partition][next_at[partition] : ahead] for copy in _mine(world, r, number)
            ]
            next_at[partition] = min(ahead, len(world.raw[partition]))
    ends = list(range(count))
    dice.shuffle(ends)
    return log + [Marker(raw_topic=TOPIC, partitions=count, heard={p: INFINITY}) for p in ends]


def _mine(world: World, record: Event | Outcome, number: int) -> Iterator[Record]:
    """A copy as if decoded anew, if the record belongs to this enriched partition."""
    if isinstance(record, Outcome):
        key = repr((record.raw_partition, record.raw_offset))
    else:
        lone = record.visitor_id == bytes(16)
        key = repr((record.app_id, record.event_id if lone else record.visitor_id))
    if blake2b(key.encode()).digest()[0] % world.enriched == number:
        yield record


def _marker(world: World, partition: int, written: int) -> Marker:
    """What the partition's worker knows: no record to come has an older broker time than what is heard."""
    records = world.raw[partition]
    known = records[written - 1][0] if written else records[0][0] if records else world.rules.begin
    bound = records[written][0] if written < len(records) else known + world.dice.randrange(20)
    heard = world.dice.choice([known, bound, known - world.dice.randrange(50)])
    return Marker(raw_topic=TOPIC, partitions=len(world.raw), heard={partition: heard})


def batches(dice: Random, length: int, start: int) -> Sequence[int]:
    """Ends of the batches from ``start``."""
    ends = []
    while start < length:
        start = min(length, start + dice.choice([1, 1, 2, 3, 7, 40]))
        ends.append(start)
    return ends
