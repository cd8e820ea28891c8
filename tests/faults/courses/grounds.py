"""What scenarios stand on when they run by themselves: a broker, a store, and folders that go when all is done."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from streams.warehouse.embedded.store import open_store
from tests.faults.courses.site import Install
from tests.flow.live import Installation
from tests.kafka.apache import ApacheKafka


@contextmanager
def grounds() -> Iterator[Install]:
    """Makes installations on one Apache Kafka and one store; ``brokers``, ``store``, ``config`` may be given."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name, ExitStack() as stack:
        home = Path(name)
        broker = ApacheKafka(home / "kafka").start()
        stack.callback(broker.stop)
        store = stack.enter_context(open_store(home / "store"))

        def install(**given: object) -> Installation:
            folder = Path(tempfile.mkdtemp(dir=home))
            parts = {"brokers": broker.bootstrap, "store": store, "prefix": f"{folder.name}_", **given}
            installation = Installation(folder, **parts)  # type: ignore[arg-type]
            stack.callback(installation.close)
            return installation

        yield install
