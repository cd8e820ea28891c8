"""The enrich worker's effects on the embedded broker: their order, and what a failure leaves."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord
from faust.types import TP

from streams import pipeline
from streams.agents.enrich import PIECE, EnrichWorker
from streams.agents.hooks import Hooks, Point
from streams.anonymize.rules import default_rules, rules_control
from streams.encode import decode
from streams.kafka.admin import create_topics
from streams.kafka.app import make_app
from streams.kafka.batch import BatchMessage, slices
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import RecordTooLarge
from streams.kafka.security import plain
from streams.metrics import Metrics
from streams.records import Event, Marker
from streams.settings import KafkaSettings, Settings

LINE = b'198.51.100.%d - - [20/May/2024:00:00:18 +0000] "GET /p/%d HTTP/1.1" 200 512 "-" "Mozilla/5.0 Firefox/126.0"'
PARTITIONS = 2


class Noted(Hooks):
    """Keeps the points in the order they were reached."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def reached(self, point: Point) -> None:
        """One more."""
        self.points.append(point)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One broker; each test has its own topics."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log") as broker:
        yield broker


class Trial:
    """A worker's ``work`` over slices of ``lines``, with real stages and a real producer, and what it wrote."""

    def __init__(self, broker: EmbeddedBroker, folder: Path, max_batch_bytes: int = 1 << 20) -> None:
        kafka = KafkaSettings(
            brokers=broker.bootstrap,
            idempotent=False,
            enriched_topic=f"{folder.name}-enriched",
            dead_topic=f"{folder.name}-dead",
            max_batch_bytes=max_batch_bytes,
        )
        self.settings = Settings(kafka=kafka, format="combined", data_dir=folder)
        self.of_pipeline = self.settings
        self.hooks = Noted()

    async def run(self, lines: Sequence[bytes], slice_rows: int) -> None:
        """Work, and let its error out."""
        kafka = self.settings.kafka
        topics: dict[str, tuple[int, dict[str, str]]] = {
            kafka.enriched_topic: (PARTITIONS, {}),
            kafka.dead_topic: (1, {}),
        }
        await create_topics(plain(kafka.brokers), topics)
        app = make_app("enrich", self.settings)
        worker = EnrichWorker(
            app,
            self.settings,
            pipeline.build(self.of_pipeline, b"s" * 32, PARTITIONS),
            rules_control(default_rules()),
            (1, PARTITIONS, 1),
            Metrics(),
            self.hooks,
        )
        async with app.batch_producer:
            await worker.work(0, as_slices(lines, slice_rows))

    async def written(self) -> list[list[Event | Marker]]:
        """Per enriched partition its events and markers, in log order."""
        kafka = self.settings.kafka
        tps = [TopicPartition(kafka.enriched_topic, each) for each in range(PARTITIONS)]
        found: list[list[Event | Marker]] = [[] for _ in tps]
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka.brokers, auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign(tps)
            while batch := await consumer.getmany(timeout_ms=1000):
                for tp, records in batch.items():
                    read = [decode(record.value) for record in records]
                    found[tp.partition] += [each for each in read if isinstance(each, Event | Marker)]
        finally:
            await consumer.stop()
        return found


def as_slices(lines: Sequence[bytes], rows: int) -> list[BatchMessage]:
    """Consecutive slices of a raw partition as the consumer delivers them."""
    records = [
        ConsumerRecord("raw", 0, offset, 1_716_163_218_000, 0, None, line, None, len(line), -1, ())
        for offset, line in enumerate(lines)
    ]
    return [BatchMessage(TP("raw", 0), piece, size, 1) for piece, size in slices(records, rows, 1 << 30)]


def offsets(written: list[Event | Marker]) -> list[int]:
    return [each.raw_offset for each in written if isinstance(each, Event)]


@pytest.mark.parametrize("slice_rows", [7 * PIECE, 300])
def test_pieces_go_out_in_raw_order_and_the_work_ends_after_the_last(
    embedded: EmbeddedBroker, tmp_path: Path, slice_rows: int
) -> None:
    """One send per piece and enriched partition, however the input was cut; every marker behind what it speaks of."""
    count = 2 * PIECE + 500
    trial = Trial(embedded, tmp_path)

    async def story() -> list[list[Event | Marker]]:
        await trial.run([LINE % (n % 200, n) for n in range(count)], slice_rows)
        return await trial.written()

    written = asyncio.run(story())
    assert trial.hooks.points == ["enrich.before_send"] * 3 + ["enrich.after_send"]
    assert sorted(offsets(written[0]) + offsets(written[1])) == list(range(count))
    for each in written:
        assert offsets(each) == sorted(offsets(each))
        assert sum(isinstance(record, Marker) for record in each) == 3
        assert isinstance(each[-1], Marker)


LARGE = PIECE + 10


def lines_with_a_large_one() -> list[bytes]:
    """Three pieces."""
    lines = [LINE % (n % 200, n) for n in range(3 * PIECE)]
    lines[LARGE] = lines[LARGE].replace(b"/p/", b"/" + b"x" * 5000 + b"/")
    return lines


def test_an_event_too_large_for_a_batch_costs_no_other(embedded: EmbeddedBroker, tmp_path: Path) -> None:
    """It is dead; everything before and behind it is written, and the work ends."""
    trial = Trial(embedded, tmp_path, max_batch_bytes=4096)

    async def story() -> list[list[Event | Marker]]:
        await trial.run(lines_with_a_large_one(), 500)
        return await trial.written()

    written = asyncio.run(story())
    found = sorted(offsets(written[0]) + offsets(written[1]))
    assert found == [n for n in range(3 * PIECE) if n != LARGE]


def test_a_record_too_large_lets_nothing_behind_it_out(embedded: EmbeddedBroker, tmp_path: Path) -> None:
    """Pieces before it may be written, whole and in order; of its own and later pieces nothing is, in no partition.

    A pipeline that knows the producer's limit makes none.
    """
    lines = lines_with_a_large_one()
    trial = Trial(embedded, tmp_path, max_batch_bytes=4096)
    trial.of_pipeline = Settings(format="combined")

    async def story() -> list[list[Event | Marker]]:
        with pytest.raises(RecordTooLarge):
            await trial.run(lines, 500)
        return await trial.written()

    written = asyncio.run(story())
    assert trial.hooks.points == ["enrich.before_send"]
    for each in written:
        assert offsets(each) == sorted(offsets(each))
        assert all(offset < PIECE for offset in offsets(each))
