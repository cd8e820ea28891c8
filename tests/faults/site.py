"""An installation under a fault: its workers are started again when they end, and at rest its books are looked at."""

import asyncio
import json
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.request import urlopen

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from streams.warehouse.queries import raw_holes
from tests.faults.result import Result
from tests.flow.live import RAW, Installation
from tests.flow.live_client import LiveClient
from tests.flow.live_truth import expected_outcomes, expected_sessions
from tests.flow.live_witness import Witness, read_all
from tests.kafka.waiting import wait_until
from tests.warehouse.debian import free_port

PATIENCE = 180.0
"""Seconds for anything, on a machine that does much else."""
NO_KEY = b"-"
"""Of a record without value, which needs one."""
Install = Callable[..., Installation]
Coordinates = tuple[int, int]
"""Raw partition and offset."""


@dataclass(frozen=True)
class Sending:
    """A record for the raw topic."""

    value: bytes | None
    partition: int = 0
    headers: Sequence[tuple[str, bytes]] = (("app_id", b"shop"),)
    key: bytes | None = None


@dataclass
class Worker:
    """A worker, and how it is started again."""

    role: str
    env: Mapping[str, str]
    process: subprocess.Popen[bytes]
    port: int


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


class Site:
    """Topics, tables and workers of one scenario."""

    def __init__(self, installation: Installation) -> None:
        self.at = installation
        self.workers: list[Worker] = []
        self.exits: list[int] = []
        """Codes of workers that ended by themselves."""
        self.incarnation = 1

    def start(self, *roles: str, **env: str) -> list[Worker]:
        """A worker of each role, with its metrics; returns once all have taken part."""
        started = [self.launch(role, **env) for role in roles]
        self.workers += started
        for worker in started:
            self.await_ready(worker)
        return started

    def launch(self, role: str, **env: str) -> Worker:
        """Begin a worker that nobody tends."""
        port = free_port()
        process = self.at.start(role, **{"THALWEG_METRICS_PORT": str(port), **env})
        return Worker(role, env, process, port)

    def await_ready(self, worker: Worker) -> None:
        """Until it has taken part."""
        self.await_log(worker.process, "Worker ready")

    def await_log(self, process: "subprocess.Popen[bytes]", words: str, seconds: float = PATIENCE) -> None:
        """Until its log has the words."""
        log = self.at.log_of(process)
        wait_until(lambda: words in log.read_text(errors="replace"), seconds, f"{log.name}: {words}")

    def tend(self) -> None:
        """Start again what ended, as its supervisor would."""
        for number, worker in enumerate(self.workers):
            code = worker.process.poll()
            if code is not None:
                self.exits.append(code)
                self.workers[number] = self.launch(worker.role, **worker.env)

    def kill(self, worker: Worker) -> None:
        """SIGKILL; `tend` starts it again."""
        worker.process.kill()
        worker.process.wait()

    def stop(self) -> list[int]:
        """SIGTERM to all, and their codes."""
        for worker in self.workers:
            worker.process.terminate()
        codes = [worker.process.wait(60) for worker in self.workers]
        self.workers.clear()
        return codes

    def log_text(self) -> str:
        """All that workers wrote."""
        return self.at.log_texts().decode(errors="replace")

    def metric(self, name: str, worker: Worker) -> float:
        """The sum over a metric's labels, of one worker; 0 where it does not answer or has none."""
        try:
            with urlopen(f"http://127.0.0.1:{worker.port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0.0
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def metrics(self, name: str) -> float:
        """The sum over all workers."""
        return sum(self.metric(name, worker) for worker in self.workers)

    def send(self, records: Iterable[Sending], topic: str = "") -> None:
        """Write to the raw topic; returns when all is acknowledged."""
        asyncio.run(send(self.at.brokers, topic or self.at.raw, records))

    def raw(self, partitions: int = RAW) -> list[ConsumerRecord]:
        """All that lies on the raw topic."""
        return read_all(self.at.brokers, {self.at.raw: partitions})

    def await_outcomes(self, records: int, seconds: float = PATIENCE) -> float:
        """Until so many raw records are accounted for; how many seconds that took."""
        client, began = self.at.client(), time.monotonic()
        query = f"SELECT uniqExact(raw_topic, raw_partition, raw_offset) FROM {self.at.database}.outcomes"

        def accounted() -> bool:
            self.tend()
            return bool(client.execute(query)[0][0] >= records)

        wait_until(accounted, seconds, f"outcomes of {records} records")
        client.disconnect()
        return time.monotonic() - began

    def audit(self, raw: list[ConsumerRecord] | None = None) -> Audit:
        """Look at the books: offsets, keys, dead letters, what the rows say."""
        raw = self.raw() if raw is None else raw
        database, client = self.at.database, self.at.client()
        ends = {k: max(r.offset for r in raw if r.partition == k) for k in {r.partition for r in raw}}
        begins = {k: min(r.offset for r in raw if r.partition == k) for k in ends}
        there = {(r.partition, r.offset) for r in raw}
        name = f"{self.at.raw}@{self.incarnation}"
        holes = {
            (k, at)
            for k, end in ends.items()
            for first, last in raw_holes(client, database, name, k, begins[k], end)
            for at in range(first, last + 1)
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
            dead={(int(k), int(at)) for k, at in dead},
            letters=dict(self._letters()),
            paths={(int(k), int(at)): path for k, at, path in stored},
        )

    def _letters(self) -> Iterator[tuple[Coordinates, tuple[bytes | None, str]]]:
        for letter in read_all(self.at.brokers, {self.at.dead: 1}):
            told = dict(letter.headers)
            if "dead_with" not in told:
                at = int(told["dead_partition"]), int(told["dead_offset"])
                yield at, (letter.value, told["dead_reason"].decode())

    def doctor(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`thalweg doctor --ledger --json`."""
        return self.at.command("doctor", "--ledger", "--wait", "45", "--json", *words)

    def is_ledger_clean(self) -> bool:
        """Whether `thalweg doctor --ledger` finds every offset accounted for."""
        findings = [json.loads(line) for line in self.doctor().stdout.splitlines()]
        ledger = [each for each in findings if each["check"] == "ledger"]
        return bool(ledger) and all(each["ok"] for each in ledger)


@contextmanager
def traffic(site: Site, seed: int) -> Iterator[tuple[LiveClient, Witness]]:
    """A client that sends and a witness that looks, both running; both are ended at the end."""
    client, witness = LiveClient(site.at, seed), Witness(site.at)
    witness.start()
    client.start()
    try:
        yield client, witness
    finally:
        for thread in (client, witness):
            if thread.is_alive():
                thread.end()


def rest(site: Site, witness: Witness, result: Result) -> Result:
    """After the traffic of a client: the result with what the books, the witness and the client's truth say."""
    raw = site.raw()
    began = time.monotonic()
    site.await_outcomes(len(raw))
    _await_sessions(site, expected_sessions(raw))
    seconds = time.monotonic() - began
    witness.end()
    audit = site.audit(raw)
    client = site.at.client()
    found = Counter(
        client.execute(
            "SELECT toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp), total_events"
            f" FROM {site.at.database}.sessions_v"
        )
    )
    client.disconnect()
    held = {
        "I1": audit.lost == 0 and audit.outcomes == expected_outcomes(raw),
        "I2": audit.repeated == 0,
        "I4": not witness.ahead,
        "I5": True,  # else the waiting above has failed
        "I6": audit.are_letters_true,
        "I7": found == expected_sessions(raw),
    }
    return with_figures(
        result,
        records=len(raw),
        lost=audit.lost,
        duplicates=audit.duplicates,
        looks=sum(witness.looks.values()),
        ahead=len(witness.ahead),
        held={**held, **result.held},
        exits=[*result.exits, *site.exits],
        recoveries=[*result.recoveries, round(seconds, 1)],
    )


def _await_sessions(site: Site, expected: Counter[tuple[int, int, int]]) -> None:
    client, database = site.at.client(), site.at.database

    def closed() -> bool:
        site.tend()
        ((final, open_),) = client.execute(
            f"SELECT countIf(is_final = 1), countIf(is_final = 0) FROM {database}.sessions_v"
        )
        return bool(final >= expected.total() and not open_)

    wait_until(closed, PATIENCE, f"{expected.total()} sessions closed")
    client.disconnect()


def with_figures(result: Result, **known: Any) -> Result:
    """The result with more told."""
    return replace(result, **known)


def page(number: int, visitor: int = 0, message_id: uuid.UUID | None = None, **more: object) -> bytes:
    """A page view as a Segment message."""
    message = {
        "type": "page",
        "messageId": str(message_id or uuid.uuid4()),
        "anonymousId": f"visitor-{visitor}",
        "properties": {"url": f"https://shop.example/p/{number}"},
        **more,
    }
    return json.dumps(message).encode()


async def send(brokers: str, topic: str, records: Iterable[Sending]) -> None:
    """With a plain producer, acknowledged by all."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        under_way = [
            await producer.send(
                topic,
                each.value,
                each.key or (NO_KEY if each.value is None else None),
                each.partition,
                None,
                list(each.headers),
            )
            for each in records
        ]
        await asyncio.gather(*under_way)
    finally:
        await producer.stop()
