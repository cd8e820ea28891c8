"""Everything an installation stands on, each part a process that can be killed, behind proxies that can be cut."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from streams.warehouse.embedded.server import HOST
from tests.faults.store import KillableStore
from tests.flow.live import CONFIG, Installation
from tests.kafka.apache import ApacheKafka
from tests.proxy import Proxy


class World:
    """Apache Kafka and a store. Workers reach both through the proxies; clients and witnesses reach them directly."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._numbers = 0
        self.broker = ApacheKafka(folder / "kafka")
        self.store = KillableStore(folder / "store")
        self.to_kafka = Proxy((HOST, 0), seed)
        self.to_kafka.target = (HOST, self.broker.behind(self.to_kafka.port))
        self.to_store = Proxy((HOST, self.store.address.port), seed + 1)

    def start(self) -> None:
        """Until all answer."""
        self._stack.callback(self.broker.stop)
        self._stack.callback(self.store.stop)
        self.broker.start()
        self.store.start()
        self._stack.enter_context(self.to_kafka)
        self._stack.enter_context(self.to_store)

    def close(self) -> None:
        """End all processes that were started in it."""
        self._stack.close()

    def install(self, *, raw: str = "", config: Mapping[str, Any] = CONFIG) -> Installation:
        """A new installation, with topics and tables, whose workers come through the proxies."""
        self._numbers += 1
        prefix = f"w{self._numbers}_"
        through = {
            "THALWEG_KAFKA__BROKERS": f"{HOST}:{self.to_kafka.port}",
            "THALWEG_CLICKHOUSE__PORT": str(self.to_store.port),
        }
        installation = Installation(
            self._folder / prefix.rstrip("_"),
            self.broker.bootstrap,
            self.store.address,
            prefix,
            raw=raw,
            config=config,
            for_workers=through,
        )
        self._stack.callback(installation.close)
        installation.set_up()
        return installation

    def logs(self) -> bytes:
        """What broker and store wrote."""
        return self.store.log() + (self._folder / "kafka" / "broker.log").read_bytes()


@contextmanager
def world(folder: Path, seed: int) -> Iterator[World]:
    """A world for as long as it is needed."""
    made = World(folder, seed)
    try:
        made.start()
        yield made
    finally:
        made.close()
