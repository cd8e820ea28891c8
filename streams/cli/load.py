"""`thalweg load`: put a file on the raw topic of a running installation."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.progress import RunProgress
from streams.kafka.admin import partitions_of
from streams.kafka.producer import BatchProducer
from streams.kafka.security import connection
from streams.keys import Keys
from streams.load import LoadRecord, sorted_records
from streams.run.loading import load as load_records
from streams.secret import read_secret
from streams.settings import FileFormat, Settings, load_settings


def load(
    file: Annotated[list[Path], typer.Argument(help="Files; .gz is read as such.")],
    format_: Annotated[FileFormat, typer.Option("--format", help="What the lines are.")],
    app_id: Annotated[str | None, typer.Option("--app-id", help="The app, where the input names none.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
) -> None:
    """Load files in time order. Loading a file twice changes nothing: its event ids are the same."""
    settings = load_settings(config)
    with RunProgress() as progress, tempfile.TemporaryDirectory(prefix="thalweg-") as tmp:
        progress.phase("load")
        records = sorted_records(file, format_, Keys(read_secret(settings)), app_id or "", Path(tmp))
        counts = asyncio.run(_load(records, settings, progress))
    typer.echo(f"{sum(counts)} records on {settings.kafka.raw_topic}")


async def _load(records: Iterable[LoadRecord], settings: Settings, progress: RunProgress) -> list[int]:
    topic = settings.kafka.raw_topic
    partitions = await partitions_of(connection(settings), topic)
    producer = BatchProducer(settings)
    await producer.start()
    try:
        return await load_records(records, producer, topic, partitions, progress.loaded, end=False)
    finally:
        await producer.stop()
