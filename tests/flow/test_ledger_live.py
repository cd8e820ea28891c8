"""The ledger check beside live workers on Apache Kafka: holes that are no records, records that are missing."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.doctor.ledger import Account, account_of_topic
from streams.settings import KafkaSettings, Settings
from streams.warehouse.embedded.store import open_store
from tests.flow.live import Installation
from tests.kafka.apache import ApacheKafka, libs

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
LINE = b'192.0.2.7 - - [21/May/2026:10:00:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/140.0"'


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """With topics, tables, and a worker of each role."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    broker = ApacheKafka(tmp_path / "kafka").start()
    with open_store(tmp_path / "store") as store:
        made = Installation(tmp_path / "installation", broker.bootstrap, store)
        made.make_topics()
        assert made.command("migrate").returncode == 0
        for role in ("enrich", "sessions"):
            made.start(role, THALWEG_FORMAT="combined")
            made.await_ready(role)
        yield made
        made.close()
    broker.stop()


async def write_in_transactions(brokers: str, partition: int) -> None:
    """Ten records, twice: one transaction is committed, one aborted; each leaves a marker, an offset without record."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, transactional_id="loader")
    await producer.start()
    try:
        for end in (producer.commit_transaction, producer.abort_transaction):
            await producer.begin_transaction()
            for number in range(10):
                await producer.send_and_wait("raw", LINE % number, partition=partition)
            await end()
    finally:
        await producer.stop()


def account(installation: Installation, wait: float) -> Sequence[Account]:
    """As the command asks."""
    settings = Settings(kafka=KafkaSettings(brokers=installation.brokers))
    client = installation.client()
    try:
        return asyncio.run(account_of_topic(settings, client, "thalweg", wait))
    finally:
        client.disconnect()


def test_invariant_1_a_hole_is_read_again_before_it_is_called_missing(installation: Installation) -> None:
    """Transaction markers are no loss; a record whose row was taken away is named; what lags is not called missing."""
    asyncio.run(write_in_transactions(installation.brokers, 0))
    asyncio.run(write_in_transactions(installation.brokers, 1))
    clean = account(installation, 60)
    client = installation.client()
    client.execute(
        "ALTER TABLE thalweg.outcomes DELETE WHERE raw_partition = 1 AND raw_offset IN (4, 5, 20)",
        settings={"mutations_sync": 2},
    )
    client.disconnect()
    robbed = account(installation, 60)
    installation.close()
    asyncio.run(write_in_transactions(installation.brokers, 2))
    lagging = account(installation, 0)
    told = installation.command("doctor", "--ledger", "--wait", "0", "--json")

    assert [(each.checked, list(each.missing), each.under_way) for each in clean] == [
        (22, [], 0),
        (22, [], 0),
        (0, [], 0),
    ]
    assert [list(each.missing) for each in robbed] == [[], [(4, 5), (20, 20)], []]
    assert lagging[2].under_way == 22
    assert lagging[2].checked == 0
    assert not lagging[2].missing
    findings = [each for each in map(json.loads, told.stdout.splitlines()) if each["check"] == "ledger"]
    assert told.returncode == 1
    assert [(each["subject"], each["ok"]) for each in findings] == [
        ("raw@1[0]", True),
        ("raw@1[1]", False),
        ("raw@1[2]", False),
    ]
    assert findings[1]["offsets"] == [[4, 5], [20, 20]]
    assert "22 records are under way" in findings[2]["words"]
