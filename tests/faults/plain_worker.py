"""What one writes first with stock Faust: take a batch, insert it, go on. The harness must tell what it loses.

Batch, insert, Faust's own acknowledgement; a row for each record, with the coordinates it came from.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import faust

from streams.settings import load_settings
from streams.warehouse.client import make_client

SETTINGS = load_settings(None)
CLIENT = make_client(SETTINGS.clickhouse, SETTINGS.clickhouse_password.get_secret_value())
BATCH, WITHIN_SECONDS = 200, 0.5

FOLDER = SETTINGS.data_dir / "plain"
FOLDER.mkdir(parents=True, exist_ok=True)

app = faust.App(
    f"{SETTINGS.kafka.group_prefix}-plain",
    broker=f"kafka://{SETTINGS.kafka.brokers}",
    datadir=str(FOLDER),
    value_serializer="raw",
    autodiscover=False,
    web_enabled=False,
    topic_allow_declare=False,
    topic_disable_leader=True,
    broker_session_timeout=SETTINGS.kafka.session_timeout,
    broker_heartbeat_interval=SETTINGS.kafka.heartbeat_interval,
    broker_commit_interval=SETTINGS.kafka.commit_interval,
)
raw = app.topic(SETTINGS.kafka.raw_topic)


@app.agent(raw)
async def store(stream: Any) -> None:
    """Batch by batch."""
    async for events in stream.take_events(BATCH, within=WITHIN_SECONDS):
        places = [(event.message.partition, event.message.offset) for event in events]
        await asyncio.to_thread(insert, places)


def insert(places: list[tuple[int, int]]) -> None:
    """The rows of a batch. What fails is raised."""
    now = datetime.now(UTC)
    rows = [(f"{SETTINGS.kafka.raw_topic}@1", *place, now, 1) for place in places]
    CLIENT.execute(
        f"INSERT INTO {SETTINGS.clickhouse.database}.outcomes"
        " (raw_topic, raw_partition, raw_offset, arrival_tstamp, version) VALUES",
        rows,
    )


if __name__ == "__main__":
    faust.Worker(app, loglevel="INFO").execute_from_commandline()
