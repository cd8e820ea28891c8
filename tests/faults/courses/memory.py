"""F21: record batches that grow a thousandfold when they are read, and a worker that may not grow with them."""

import asyncio
import sys
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.kafka.admin import RAW_CONFIG
from tests.faults.courses.sending import Sending, page
from tests.faults.courses.site import PATIENCE, Install, Site
from tests.faults.courses.times import WIDE
from tests.faults.result import Result
from tests.flow.live import RAW

CAPPED_WORKER = Path(__file__).with_name("capped_worker.py")
GUARD = {"compression.type": "uncompressed"}
"""The broker unpacks what comes, and measures it then."""
MEGABYTES = 500
"""Of data that the worker may hold: idle it holds 120."""
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


def thousandfold(install: Install, *, rounds: int = 3, records: int = 300) -> Result:
    """A batch of 270 MB in 270 kB: refused at the door where the topic says so; else the worker ends and loses none."""
    guarded = Site(install(config=WIDE))
    guarded.at.make_topics(raw_config=RAW_CONFIG | GUARD)
    was_refused = not asyncio.run(send_bomb(guarded.at.brokers, guarded.at.raw, records))
    site = Site(install(config=WIDE))
    site.at.set_up()
    site.start("sessions")
    site.send([Sending(page(n), n % RAW) for n in range(100)])
    assert asyncio.run(send_bomb(site.at.brokers, site.at.raw, records))
    codes = [_start_capped(site) for _ in range(rounds)]
    site.start("enrich")
    seconds = site.await_outcomes(100 + records)
    audit = site.audit()
    return Result(
        fault="F21",
        how=f"a gzip batch of {records * RECORD_BYTES >> 20} MB, a thousandth on the wire; {MEGABYTES} MB allowed",
        rounds=rounds,
        records=100 + records,
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and len(audit.raw) == 100 + records and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I5": was_refused and all(code != 0 for code in codes),
            "I6": audit.are_letters_true,
        },
        exits=codes,
        recoveries=[round(seconds, 1)],
        word="the client unpacks a batch whole: a worker without the memory for it ends, each time it is started, until"
        " it has more; `compression.type=uncompressed` on the raw topic lets the broker refuse such a batch",
    )


def _start_capped(site: Site) -> int:
    process = site.at.start("enrich", [sys.executable, str(CAPPED_WORKER), str(MEGABYTES)])
    code: int = process.wait(PATIENCE)
    return code
