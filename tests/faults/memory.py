"""F21: record batches that grow a thousandfold when they are read, and a worker that may not grow with them."""

from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

CAPPED_WORKER = Path(__file__).with_name("capped_worker.py")
MEGABYTES = 600
"""Of data that the worker may hold: idle it holds some 250."""
RECORD_BYTES = 900_000


async def send_bomb(brokers: str, topic: str, records: int) -> bool:
    """A gzip batch of so many large records; whether the broker took it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers,
        compression_type="gzip",
        max_batch_size=2 * records * RECORD_BYTES,
        max_request_size=2 * records * RECORD_BYTES,
        request_timeout_ms=60_000,
    )
    await producer.start()
    try:
        batch = producer.create_batch()
        value = b'{"type":"page","anonymousId":"a","properties":{"title":"' + b"x" * RECORD_BYTES + b'"}}'
        for _ in range(records):
            assert batch.append(key=None, value=value, timestamp=None) is not None
        await (await producer.send_batch(batch, topic, partition=0))
    except KafkaError:
        return False
    else:
        return True
    finally:
        await producer.stop()
