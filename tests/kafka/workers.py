"""Worker processes of the tests, their input and their effects."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.admin import CHANGELOG_CONFIG, RAW_CONFIG, create_topics
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.settings import KafkaSettings, Settings
from tests.kafka.waiting import wait_until
from tests.kafka.worker import Plan

ROOT = Path(__file__).parents[2]
KafkaValues = dict[str, str | int | float | bool]


class Bench:
    """A topic on a broker, with worker processes that write what they worked off to one file."""

    def __init__(self, kafka: KafkaValues, folder: Path, partitions: int, *, with_state: bool = False) -> None:
        self.folder, self.partitions = folder, partitions
        self.topic = f"in-{folder.name}"
        self.kafka: KafkaValues = {**kafka, "group_prefix": folder.name}
        self.settings = Settings(kafka=KafkaSettings(**self.kafka))
        self.out = folder / "out"
        self.out.touch()
        self.changelog = f"{folder.name}-test-counts-changelog"
        self._with_state = with_state
        self._workers: list[subprocess.Popen[bytes]] = []
        topics = {self.topic: (partitions, RAW_CONFIG)}
        if with_state:
            topics[self.changelog] = (partitions, CHANGELOG_CONFIG)
        asyncio.run(create_topics(plain(self.settings.kafka.brokers), topics))

    def feed(self, partition: int, start: int, count: int, keys: int = 100) -> list[str]:
        """Write ``count`` values to a partition and give them back."""
        values = [f"{partition}-{number}" for number in range(start, start + count)]
        asyncio.run(self._send(partition, [(f"k{i % keys}".encode(), v.encode(), ()) for i, v in enumerate(values)]))
        return values

    def feed_state(self, partition: int, keys: int) -> None:
        """Write a changelog as a worker that had applied nothing would have: each key counted 7 times."""
        value = bytes(8) + (7).to_bytes(8, "big")
        records = [(f"k{i}".encode(), value, ()) for i in range(keys)]
        asyncio.run(self._send(partition, records, self.changelog))

    async def _send(
        self, partition: int, records: Sequence[tuple[bytes, bytes, tuple[()]]], topic: str | None = None
    ) -> None:
        producer = BatchProducer(self.settings)
        await producer.start()
        try:
            await producer.send(topic or self.topic, partition, records)
        finally:
            await producer.stop()

    def worker(self, **plan: object) -> subprocess.Popen[bytes]:
        """Start one."""
        state = self.partitions if self._with_state else 0
        whole = msgspec.convert(
            {"topic": self.topic, "out": str(self.out), "kafka": self.kafka, "state_partitions": state, **plan}, Plan
        )
        log = self.folder / f"worker-{len(self._workers)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.kafka.worker", msgspec.json.encode(whole).decode()],
                stdout=file,
                stderr=file,
                cwd=ROOT,
            )
        self._workers.append(process)
        return process

    def log(self, number: int) -> str:
        """What worker ``number`` logged."""
        return (self.folder / f"worker-{number}.log").read_text()

    def close(self) -> None:
        """End what still runs."""
        for process in self._workers:
            if process.poll() is None:
                process.kill()
                process.wait()

    def done(self) -> list[str]:
        """The values worked off so far, in order of effect."""
        return [line.split(" ")[1] for line in self.out.read_text().splitlines()]

    def await_all(self, values: Sequence[str], seconds: float) -> Counter[str]:
        """Wait until every value was worked off; how often each was."""
        wanted = set(values)
        wait_until(
            lambda: wanted <= set(self.done()), seconds, f"{len(wanted)} values, {len(set(self.done()))} are there"
        )
        return Counter(self.done())

    def state_report(self) -> dict[str, dict[str, int]]:
        """Counts per partition and key, as the last worker with ``state_report`` left them."""
        if not (self.folder / "state.json").exists():
            return {"0": {}}
        return msgspec.json.decode((self.folder / "state.json").read_bytes(), type=dict[str, dict[str, int]])

    def committed(self, partition: int) -> int:
        """The group's committed offset; -1 when there is none."""
        return asyncio.run(self._committed(partition))

    async def _committed(self, partition: int) -> int:
        brokers = self.settings.kafka.brokers
        group = f"{self.settings.kafka.group_prefix}-test"
        consumer = AIOKafkaConsumer(bootstrap_servers=brokers, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            offset = await consumer.committed(TopicPartition(self.topic, partition))
            return -1 if offset is None else int(offset)
        finally:
            await consumer.stop()


def stop(process: subprocess.Popen[bytes], seconds: float = 30) -> int:
    """SIGTERM, and its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
