"""Feeds every record of a topic, from its beginning to its end of now, to a scanner."""

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.admin import partitions_of
from streams.kafka.security import connection
from streams.scan.records import texts_of
from streams.scan.scanner import Scanner
from streams.settings import Settings

_WAIT_MS = 1000
_RULES = "body"
"""Field of a control record that holds the text of rules, examples and all: only given values count there."""


async def scan_topic(settings: Settings, topic: str, scanner: Scanner) -> int:
    """Keys, headers and values; joins no group and moves no offset. Returns how many records were read.

    Raises ContractError when there is no such topic.
    """
    count = await partitions_of(connection(settings), topic)
    partitions = [TopicPartition(topic, number) for number in range(count)]
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        read = 0
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                for record in records:
                    _scan(topic, record, scanner)
                read += len(records)
    finally:
        await consumer.stop()
    return read


def _scan(topic: str, record: ConsumerRecord, scanner: Scanner) -> None:
    for text in (text for _, text in texts_of(record.key)):
        scanner.scan(f"{topic}.key", text)
    for name, content in record.headers:
        scanner.scan(f"{topic}.headers", name)
        scanner.scan(f"{topic}.headers", (content or b"").decode("utf-8", "replace"))
    for field, text in texts_of(record.value):
        scan = scanner.scan_given if field == _RULES else scanner.scan
        scan(f"{topic}.{field}", text)
