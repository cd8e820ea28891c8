"""A real run over canaries, and a search of all it leaves behind and all it says on the way."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

from streams.kafka.glance import newest
from streams.kafka.state import changelog_topic
from streams.run import embedded
from streams.run.embedded import RunOptions
from streams.run.environment import bounded_settings
from streams.run.summary import Summary
from streams.scan.files import scan_files
from streams.scan.records import texts_of
from streams.scan.scanner import Find, Scanner
from streams.scan.tables import scan_tables
from streams.scan.topics import scan_topic
from streams.settings import FileFormat, Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target
from tests.canary.values import make_finder

RESTRICTED = 500
"""Records of the restricted zone that are searched."""
WORKER = Path(__file__).with_name("worker.py")


class Searched(msgspec.Struct):
    """What a run gave, and what was found: outside the restricted zone, and in it."""

    summary: Summary
    finds: list[Find]
    places: dict[str, int]
    restricted: list[Find]

    def told(self) -> set[tuple[str, str]]:
        """(Place, encoding) of each find outside the restricted zone."""
        return {(find.place, find.encoded) for find in self.finds}


class _Searcher:
    """A reporter that searches topics and metrics when all is processed and everything still runs."""

    def __init__(self, folder: Path, outside: Scanner, inside: Scanner) -> None:
        self.settings: Settings | None = None
        self._folder, self._outside, self._inside = folder, outside, inside

    def phase(self, name: str) -> None:
        """Before the workers are stopped."""
        if name == "stop":
            assert self.settings is not None
            asyncio.run(self._topics(self.settings))
            for port in sorted(self._folder.glob("*.port")):
                with urlopen(f"http://127.0.0.1:{port.read_text()}/metrics") as answer:
                    for line in answer.read().decode().splitlines():
                        self._outside.scan(f"metrics of {port.stem}", line)

    async def _topics(self, settings: Settings) -> None:
        kafka = settings.kafka
        for topic in (kafka.enriched_topic, changelog_topic(settings)):
            assert await scan_topic(settings, topic, self._outside)
        for topic in (kafka.raw_topic, kafka.dead_topic):  # some of it is enough to see that the canaries are there
            for record in await newest(settings, topic, RESTRICTED):
                for _, text in texts_of(record.value):
                    self._inside.scan(topic, text)

    def loaded(self, records: int) -> None: ...
    def stored(self, outcomes: int) -> None: ...
    def restarted(self, worker: str) -> None:
        """A worker that died said why in its log, which is searched."""

    def note(self, text: str) -> None:
        """What a person is told."""
        self._outside.scan("notes", text)


def run_and_search(
    lines: Iterator[bytes], format_: FileFormat, persons: int, folder: Path, rules: Path | None = None
) -> Searched:
    """Run the lines through real workers into a new store in ``folder``, and search for canaries of ``persons``."""
    file, settings_file = folder / "input", folder / "thalweg.yaml"
    file.write_bytes(b"\n".join(lines) + b"\n")
    settings_file.write_text(f"rules: {rules}\n" if rules else "")
    outside, inside = (Scanner({}, b"k" * 32, make_finder(persons)) for _ in range(2))
    searcher = _Searcher(folder, outside, inside)
    options = RunOptions(
        inputs=[file],
        format=format_,
        store=str(folder / "store"),
        config=settings_file,
        worker_command=(sys.executable, str(WORKER), str(folder)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "bounded_settings", _noting(searcher, bounded_settings))
        summary = embedded.run(options, searcher)
    outside.scan("summary", msgspec.json.encode(summary).decode())
    scan_files(_logs(folder), outside)
    with open_target(str(folder / "store"), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        scan_tables(client, target.clickhouse.database, outside)
        client.disconnect()
    return Searched(summary, outside.finds, dict(outside.searched), inside.finds)


def _noting(searcher: _Searcher, original: Callable[..., Settings]) -> Callable[..., Settings]:
    def noting(*args: object) -> Settings:
        searcher.settings = original(*args)
        return searcher.settings

    return noting


def _logs(folder: Path) -> Sequence[Path]:
    logs = sorted((folder / "store" / "run").glob("*.log"))
    assert {log.stem for log in logs} >= {"broker", "enrich", "sessions"}
    return logs
