"""Changed data files under a running enrich worker: between batches, never within one, with an alarm for a bad file."""

import asyncio
import gc
import json
import logging
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import pipeline
from streams.agents.enrich import PIECE, EnrichWorker
from streams.agents.hooks import Hooks, Point
from streams.agents.reload import Reload
from streams.anonymize.rules import default_rules, keys_of, make_rules, rules_control
from streams.encode import decode
from streams.enrich.reload import DataFiles
from streams.kafka.admin import create_topics
from streams.kafka.app import make_app
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.security import plain
from streams.keyring.file import changing
from streams.keyring.reload import KeyFile
from streams.keyring.tree import forget, grow
from streams.metrics import Metrics
from streams.records import Event, RawBatch
from streams.settings import EnrichSettings, GeoSettings, KafkaSettings, Settings
from tests.agents.running import SECRET, Topics, running_enrich, sent_until
from tests.agents.test_enrich import LINE, Trial, as_slices
from tests.enrich.mmdb import write_mmdb

NET = "198.51.100.0/24"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One broker."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log") as running:
        yield running


class Reloading:
    """Files in use, and what they were built into."""

    def __init__(self, folder: Path) -> None:
        self.city = folder / "city.mmdb"
        self.write("Old Town", 1)
        self.settings = Settings(geo=GeoSettings(city=self.city), format="combined")
        self.files = DataFiles(self.settings.geo, EnrichSettings(), "1.0")
        self.metrics = Metrics()
        self.used: list[pipeline.Pipeline] = [self.build()]
        self.reload = Reload([self.files], self.build, self.used.append, self.metrics)

    def build(self) -> pipeline.Pipeline:
        return pipeline.build(self.settings, SECRET, 1, self.files.lookups)

    def write(self, name: str, built: int) -> None:
        """By rename, as an updater does."""
        new = self.city.with_name(f"new-{built}")
        write_mmdb(new, {NET: {"city": name}}, built=built).rename(self.city)

    def look(self) -> None:
        """Two looks: a file is opened when it stood still between them."""
        for _ in range(2):
            asyncio.run(self.reload.look())

    def place_of_a_line(self) -> tuple[str, str]:
        """(City, geo_version) that the stages in use give."""
        (piece,) = as_slices([LINE % (7, 1)], 1)
        (event,) = [decode(value) for value in self.used[-1](RawBatch("raw@1", 0, piece.records)).partitions[0]]
        assert isinstance(event, Event)
        return event.geo_city, event.geo_version

    def refused(self) -> float | None:
        return self.metrics.registry.get_sample_value("thalweg_data_refused", {"setting": "geo.city"})


def test_new_data_are_taken_into_use_with_their_version(tmp_path: Path) -> None:
    """The stages are built anew, once per change."""
    reloading = Reloading(tmp_path)
    assert reloading.place_of_a_line() == ("Old Town", "Test-City/1")
    reloading.look()
    assert len(reloading.used) == 1

    reloading.write("New Town", 2)
    reloading.look()

    assert reloading.place_of_a_line() == ("New Town", "Test-City/2")
    assert len(reloading.used) == 2
    assert reloading.refused() == 0


def test_a_bad_file_raises_the_alarm_once_and_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line in the log, a gauge that stays up until the mended file is in use."""
    reloading = Reloading(tmp_path)
    reloading.city.write_bytes(reloading.city.read_bytes()[:100])
    with caplog.at_level(logging.INFO):
        reloading.look()
        reloading.look()

    assert reloading.place_of_a_line() == ("Old Town", "Test-City/1")
    assert reloading.refused() == 1
    assert [record.levelname for record in caplog.records if "geo.city" in record.getMessage()] == ["ERROR"]

    reloading.write("New Town", 3)
    reloading.look()
    assert reloading.place_of_a_line() == ("New Town", "Test-City/3")
    assert reloading.refused() == 0


def test_keys_that_were_replaced_leave_the_memory(tmp_path: Path) -> None:
    """A look later, also where Python's own search for cycles is far off: else a forgotten key would stay for days."""
    file = tmp_path / "keys"
    with changing(file, may_be_new=True) as trees:
        trees["visitors"] = grow("daily", b"r" * 32)
    rule = {"name": "r", "action": "pseudonymize", "fields": ["visitor_id"], "key": "visitors", "rotation": "daily"}
    rules = make_rules(json.dumps({"version": 1, "rules": [rule]}))
    settings = Settings(keys_file=file, format="combined")
    keys = KeyFile(settings, keys_of(rules), SECRET)
    used: list[pipeline.Pipeline] = []

    def take(stages: pipeline.Pipeline) -> None:
        used[:] = [stages]

    def build() -> pipeline.Pipeline:
        return pipeline.build(settings, SECRET, 1, None, rules, keys.ring)

    take(build())
    (piece,) = as_slices([LINE % (7, 1)], 1)
    used[0](RawBatch("raw@1", 0, piece.records))  # and so it has made programs of its rules
    former, reload = weakref.ref(keys.ring), Reload([keys], build, take, Metrics())
    gc.collect()
    gc.disable()
    try:
        with changing(file) as trees:
            trees["visitors"] = forget(trees["visitors"], 0, 1)
        for _ in range(3):
            asyncio.run(reload.look())
        assert keys.ring is not former()
        assert former() is None
    finally:
        gc.enable()


class Swap(Hooks):
    """Takes other stages into use while a batch is at work."""

    def __init__(self, other: pipeline.Pipeline) -> None:
        self.other = other
        self.worker: EnrichWorker | None = None

    def reached(self, point: Point) -> None:
        """Before the first send: most of the batch is still to be worked on."""
        if point == "enrich.before_send" and self.worker:
            self.worker.use(self.other)


def test_a_batch_never_mixes_data(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """All pieces of the batch that is at work get the old data, the next batch all the new."""
    reloading = Reloading(tmp_path)
    trial = Trial(broker, tmp_path)
    old = reloading.used[0]
    reloading.write("New Town", 2)
    reloading.files = DataFiles(reloading.settings.geo, EnrichSettings(), "1.0")
    new = reloading.build()
    kafka = KafkaSettings(**trial.settings.kafka.model_dump())
    settings = Settings(kafka=kafka, format="combined", data_dir=tmp_path)
    hooks = Swap(new)

    async def run() -> None:
        await create_topics(plain(kafka.brokers), {kafka.enriched_topic: (2, {}), kafka.dead_topic: (1, {})})
        app = make_app("enrich", settings)
        worker = EnrichWorker(app, settings, old, rules_control(default_rules()), (1, 1, 1), Metrics(), hooks)
        hooks.worker = worker
        lines = [LINE % (7, number) for number in range(PIECE + 10)]
        async with app.batch_producer:
            await worker.work(0, as_slices(lines, 500))
            await worker.work(0, as_slices(lines[:3], 500))

    asyncio.run(run())
    towns = [record.geo_city for record in asyncio.run(trial.written())[0] if isinstance(record, Event)]

    assert towns == ["Old Town"] * (PIECE + 10) + ["New Town"] * 3


def test_a_running_worker_takes_up_a_new_file(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """The production worker as a process: old towns, then, after the file was replaced, new ones only."""
    reloading = Reloading(tmp_path)
    files = {"GEO__CITY": str(reloading.city), "ENRICH__RELOAD_INTERVAL": "0.2"}

    def towns_until(topics: Topics, town: str) -> list[str]:
        sent = sent_until(
            broker.bootstrap, topics, lambda number: LINE % (7, number), lambda e: getattr(e, "geo_city", "") == town
        )
        return [event.geo_city for event in asyncio.run(sent) if isinstance(event, Event)]

    with running_enrich(broker.bootstrap, tmp_path, FORMAT="combined", MAX_AGE_DAYS="100000", **files) as topics:
        before = towns_until(topics, "Old Town")
        reloading.write("New Town", 2)
        after = towns_until(topics, "New Town")

    assert set(before) == {"Old Town"}
    assert after == sorted(after, reverse=True)
    assert set(after) == {"Old Town", "New Town"}
    assert "geo.city: the changed file is in use" in (tmp_path / "log").read_text()
