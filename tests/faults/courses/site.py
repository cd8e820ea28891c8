"""An installation under a fault: its workers are started again when they end, and at rest its books are looked at."""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.request import urlopen

from aiokafka.structs import ConsumerRecord

from tests.faults.courses.audit import Audit, audit
from tests.faults.courses.sending import Sending, send
from tests.flow.live import RAW, Installation
from tests.flow.live_witness import read_all
from tests.kafka.waiting import wait_until
from tests.warehouse.debian import free_port

PATIENCE = 180.0
"""Seconds for anything, on a machine that does much else."""
Install = Callable[..., Installation]


@dataclass
class Worker:
    """A worker, and how it is started again."""

    role: str
    env: Mapping[str, str]
    process: subprocess.Popen[bytes]
    port: int


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
        """What the books say of what lies on the raw topic."""
        return audit(self.at, self.incarnation, self.raw() if raw is None else raw)

    def doctor(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`thalweg doctor --ledger --json`."""
        return self.at.command("doctor", "--ledger", "--wait", "45", "--json", *words)

    def is_ledger_clean(self) -> bool:
        """Whether `thalweg doctor --ledger` finds every offset accounted for."""
        findings = [json.loads(line) for line in self.doctor().stdout.splitlines()]
        ledger = [each for each in findings if each["check"] == "ledger"]
        return bool(ledger) and all(each["ok"] for each in ledger)
