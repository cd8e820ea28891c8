"""A production installation on this machine: a broker, a store's server, thalweg.yaml, and workers as processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from clickhouse_driver import Client

from streams.kafka.admin import CHANGELOG_CONFIG, RAW_CONFIG, create_topics
from streams.kafka.security import plain
from streams.kafka.state import changelog_topic
from streams.run.embedded import WORKER_COMMAND
from streams.settings import ClickHouseSettings, KafkaSettings, Settings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress
from tests.kafka.waiting import wait_until

SECRET = "a secret of the live test, 32 characters or more"
PASSWORDLESS = {key: value for key, value in os.environ.items() if not key.startswith("THALWEG_")}
RAW, ENRICHED = 3, 4
"""Partitions. The last raw one never gets a record."""
GAP_MS, LATENESS_MS = 2_000, 1_000
CONFIG = {
    "format": "segment",
    "disorder": 1,
    "idle": 1,
    "sessions": {"gap": 2, "lateness": 1, "dedup_window": 4},
    "flush": {"interval": 0.3},
    "kafka": {
        "session_timeout": 3.0,
        "heartbeat_interval": 0.5,
        "rebalance_timeout": 20.0,
        "request_timeout": 20.0,
        "commit_interval": 0.3,
    },
}


class Installation:
    """Topics, tables and workers. ``prefix`` goes before the names of topics, groups and database, for more of them.

    ``raw`` is the raw topic's name where it is another's. ``config`` is thalweg.yaml, ``data_dir`` left out.
    ``logs`` is the folder of the workers' logs, one per process, in order of start.
    """

    def __init__(
        self,
        folder: Path,
        brokers: str,
        store: StoreAddress,
        prefix: str = "",
        *,
        raw: str = "",
        config: Mapping[str, Any] = CONFIG,
    ) -> None:
        self.brokers, self.store = brokers, store
        self.raw, self.enriched, self.dead = (f"{prefix}{name}" for name in ("raw", "enriched", "dead"))
        self.raw = raw or self.raw
        self.group, self.database = f"{prefix}thalweg", f"{prefix}thalweg"
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.config = folder / "thalweg.yaml"
        self.config.write_text(yaml.safe_dump({**config, "data_dir": str(folder / "faust")}))
        self.changelog = changelog_topic(Settings(kafka=KafkaSettings(group_prefix=self.group)))
        self.running: list[subprocess.Popen[bytes]] = []

    def make_topics(self, changelog: int = ENRICHED, raw_config: Mapping[str, str] = RAW_CONFIG) -> None:
        """As an operator would; what is there stays. Topic ``dead`` has fewer partitions than ``raw``."""
        topics = {
            self.raw: (RAW, raw_config),
            self.enriched: (ENRICHED, {}),
            self.dead: (1, {}),
            self.changelog: (changelog, CHANGELOG_CONFIG),
        }
        asyncio.run(create_topics(plain(self.brokers), topics))

    def set_up(self) -> None:
        """Topics and tables: workers may start."""
        self.make_topics()
        migrated = self.command("migrate")
        assert migrated.returncode == 0, migrated.stdout + migrated.stderr

    @property
    def environment(self) -> dict[str, str]:
        """What differs between installations, and secrets: by variables."""
        return {
            **PASSWORDLESS,
            "THALWEG_CONFIG": str(self.config),
            "THALWEG_KAFKA__BROKERS": self.brokers,
            "THALWEG_KAFKA__RAW_TOPIC": self.raw,
            "THALWEG_KAFKA__ENRICHED_TOPIC": self.enriched,
            "THALWEG_KAFKA__DEAD_TOPIC": self.dead,
            "THALWEG_KAFKA__GROUP_PREFIX": self.group,
            "THALWEG_CLICKHOUSE__DATABASE": self.database,
            "THALWEG_CLICKHOUSE__HOST": self.store.host,
            "THALWEG_CLICKHOUSE__PORT": str(self.store.port),
            "THALWEG_CLICKHOUSE__USER": self.store.user,
            "THALWEG_CLICKHOUSE_PASSWORD": self.store.password,
            "THALWEG_SECRET": SECRET,
        }

    def command(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`thalweg …`, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "streams.cli", *words],
            capture_output=True,
            text=True,
            env={**self.environment, **env},
            timeout=60,
            check=False,
        )

    def start(self, role: str, command: Sequence[str] = WORKER_COMMAND, **env: str) -> subprocess.Popen[bytes]:
        """One worker; its log file is ``ROLE-N.log``. ``command`` takes the role as its last word."""
        number = len(self.running)
        with self.log(role, number).open("wb") as log:
            process = subprocess.Popen(
                [*command, role],
                stdout=log,
                stderr=log,
                env={**self.environment, **env},
            )
        self.running.append(process)
        return process

    def start_ready(self, role: str) -> subprocess.Popen[bytes]:
        """One worker that has taken part."""
        worker = self.start(role)
        self.await_ready(role)
        return worker

    def log_of(self, worker: subprocess.Popen[bytes]) -> Path:
        """The log of a worker that was started here."""
        (log,) = self.logs.glob(f"*-{self.running.index(worker)}.log")
        return log

    def log(self, role: str, number: int) -> Path:
        """Of the process that was started as the ``number``-th, from 0."""
        return self.logs / f"{role}-{number}.log"

    def await_ready(self, role: str) -> None:
        """Wait until the worker started last has taken part."""
        log = self.log(role, len(self.running) - 1)
        wait_until(lambda: "Worker ready" in log.read_text(), 40, f"{log.name}: Worker ready")

    def close(self) -> None:
        """End what still runs."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()

    def client(self) -> Client:
        """A new client of the store."""
        clickhouse = ClickHouseSettings(host=self.store.host, port=self.store.port, user=self.store.user)
        return make_client(clickhouse, self.store.password)

    def log_texts(self) -> bytes:
        """All that workers wrote."""
        return b"\n".join(log.read_bytes() for log in sorted(self.logs.iterdir()))


def leave(process: subprocess.Popen[bytes], seconds: float = 30) -> int:
    """SIGTERM, and its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)


def all_rows(client: Client, database: str) -> dict[str, Sequence[str]]:
    """Every row of every table, as text."""
    tables = client.execute(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE '%MergeTree'"
    )
    return {
        table: [
            row for (row,) in client.execute(f"SELECT formatRowNoNewline('JSONEachRow', *) FROM {database}.{table}")
        ]
        for (table,) in tables
    }
