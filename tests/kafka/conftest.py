"""The two brokers: the embedded one, and Apache Kafka for the tests marked `kafka`."""

from collections.abc import Iterator

import pytest

from streams.kafka.embedded import EmbeddedBroker
from tests.kafka.apache import ApacheKafka, libs
from tests.kafka.workers import KafkaValues


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One embedded broker for all tests; each uses its own topics and groups."""
    broker = EmbeddedBroker(tmp_path_factory.mktemp("embedded") / "broker.log").start()
    yield broker
    broker.stop()


@pytest.fixture
def embedded_kafka(embedded: EmbeddedBroker) -> KafkaValues:
    """Settings for it."""
    return {
        "brokers": embedded.bootstrap,
        "idempotent": False,
        "session_timeout": 2.0,
        "heartbeat_interval": 0.5,
        "commit_interval": 0.2,
    }


@pytest.fixture(scope="session")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """One Apache Kafka for all tests."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    broker = ApacheKafka(tmp_path_factory.mktemp("apache") / "kafka").start()
    yield broker
    broker.stop()


@pytest.fixture
def apache_kafka(apache: ApacheKafka) -> KafkaValues:
    """Settings for it."""
    return {
        "brokers": apache.bootstrap,
        "session_timeout": 3.0,
        "heartbeat_interval": 0.5,
        "rebalance_timeout": 20.0,
        "request_timeout": 30.0,
        "commit_interval": 0.5,
    }
