"""Composes a worker from settings and runs it: the one place where its parts meet."""

import asyncio
import gc
import logging
from typing import Literal, NoReturn

from aiokafka.errors import KafkaError

from streams import __version__, pipeline
from streams.agents.enrich import EnrichWorker
from streams.agents.hooks import Hooks
from streams.agents.reload import DataReload
from streams.agents.sessions import SessionsWorker
from streams.anonymize.rules import read_rules, rules_control
from streams.enrich.enricher import Lookups
from streams.enrich.reload import DataFiles
from streams.errors import ContractError
from streams.kafka.admin import no_answer, partitions_of
from streams.kafka.app import BatchApp, make_app
from streams.kafka.app import run_worker as run_app
from streams.kafka.security import connection
from streams.kafka.state import STATE_NAME, StateTable, changelog_topic, make_state
from streams.metrics import Metrics
from streams.secret import read_secret
from streams.sessionize.options import make_options_of
from streams.sessionize.partition import PartitionFold
from streams.sessionize.shared import SharedTexts
from streams.settings import Settings
from streams.warehouse.client import make_client
from streams.warehouse.generations import register
from streams.warehouse.sink import Sink

Role = Literal["enrich", "sessions"]
logger = logging.getLogger(__name__)

COLLECT = (100_000, 50, 100)
"""When to look for cycles. A batch makes ten thousands of objects that live until its end and have none: at the
thresholds Python starts with they are gone through again and again, a quarter of the fold's CPU.

Source: docs.python.org/3.11/library/gc.html (set_threshold)
"""


def run_worker(role: Role, settings: Settings, hooks: Hooks | None = None, metrics: Metrics | None = None) -> NoReturn:
    """Run one worker until a signal. Exit code 0, or 70 when its work failed; raises ThalwegError before it starts."""
    metrics, hooks = metrics or Metrics(), hooks or Hooks()
    gc.set_threshold(*COLLECT)
    app = make_enrich(settings, metrics, hooks) if role == "enrich" else make_sessions(settings, metrics, hooks)
    if not settings.metrics_port:
        run_app(app)
    with metrics.serve(settings.metrics_port, settings.metrics_host):
        run_app(app)


def make_enrich(settings: Settings, metrics: Metrics, hooks: Hooks) -> BatchApp:
    """The app of the enrich worker."""
    kafka = settings.kafka
    raw, enriched, dead = _partitions(settings, kafka.raw_topic, kafka.enriched_topic, kafka.dead_topic)
    files, secret = DataFiles(settings.geo, settings.enrich, __version__), read_secret(settings)

    def build(lookups: Lookups) -> pipeline.Pipeline:
        return pipeline.build(settings, secret, enriched, lookups)

    app = make_app("enrich", settings)
    worker = EnrichWorker(
        app,
        settings,
        build(files.lookups),
        rules_control(read_rules(settings.rules)),
        (raw, enriched, dead),
        metrics,
        hooks,
    )
    if files.is_watching and settings.enrich.reload_interval and not settings.bounded:
        app.timer(settings.enrich.reload_interval)(DataReload(files, build, worker.use, metrics).look)
    return app


def make_sessions(settings: Settings, metrics: Metrics, hooks: Hooks) -> BatchApp:
    """The app of the sessions worker."""
    kafka = settings.kafka
    password = settings.clickhouse_password.get_secret_value()
    changelog = changelog_topic(settings)
    partitions, logged = _partitions(settings, kafka.enriched_topic, changelog)
    if logged != partitions:
        raise ContractError(
            f"topic {changelog} has {logged} partitions, and {kafka.enriched_topic} has {partitions}",
            "the changelog needs as many: make it anew while it is empty, else start a new generation",
        )
    sink = Sink(settings.clickhouse, password, generation=kafka.generation, on_event=metrics.sink)
    sink.check()  # the first word to the warehouse, so that it is told well when nobody answers
    client = make_client(settings.clickhouse, password)
    register(client, settings.clickhouse.database, kafka.enriched_topic, kafka.generation, partitions)
    client.disconnect()
    app = make_app("sessions", settings)
    options_of = make_options_of(settings.sessions, settings.apps)

    def make_fold(partition: int, state: StateTable) -> PartitionFold:
        return PartitionFold(options_of, settings.disorder * 1000, kafka.generation, partition, state.memory(partition))

    SessionsWorker(app, settings, make_state(app, STATE_NAME, partitions, SharedTexts), make_fold, sink, metrics, hooks)
    return app


def _partitions(settings: Settings, *topics: str) -> list[int]:
    """Partition counts, asked before Faust's own event loop begins."""
    link = connection(settings)

    async def ask() -> list[int]:
        return [await partitions_of(link, topic) for topic in topics]

    try:
        return asyncio.run(ask())
    except (KafkaError, OSError) as error:
        raise no_answer(settings.kafka.brokers, error) from error
    finally:
        asyncio.set_event_loop(asyncio.new_event_loop())
