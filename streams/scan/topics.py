"""Feeds every record of a topic, from its beginning to its end of now, to a scanner."""

from aiokafka import ConsumerRecord

from streams.kafka.admin import partitions_of
from streams.kafka.offsets import log_spans, looking, read_spans
from streams.kafka.security import connection
from streams.scan.records import texts_of
from streams.scan.scanner import Scanner
from streams.settings import Settings

_RULES = "body"
"""Field of a control record that holds the text of rules, examples and all: only given values count there."""


async def scan_topic(settings: Settings, topic: str, scanner: Scanner) -> int:
    """Keys, headers and values; joins no group and moves no offset. Returns how many records were read.

    Raises ContractError when there is no such topic.
    """
    partitions = await partitions_of(connection(settings), topic)
    read = 0
    async with looking(settings) as consumer:
        async for record in read_spans(consumer, topic, await log_spans(consumer, topic, partitions)):
            _scan(topic, record, scanner)
            read += 1
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
