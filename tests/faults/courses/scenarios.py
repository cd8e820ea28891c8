"""Faults that need a course of their own, each from topics to books: which there are, and their sizes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.courses import (
    broker_log,
    changelog,
    memory,
    poison,
    state_folder,
    times,
    topics,
    versions,
    warehouse_says_no,
)
from tests.faults.courses.site import Install
from tests.faults.result import Result
from tests.flow.live import Installation


@dataclass(frozen=True)
class Scenario:
    """``run`` makes its installation, breaks it, and tells what it showed; ``short`` is its size in the tests."""

    fault: str
    run: Callable[..., Result]
    whole: Mapping[str, Any] = field(default_factory=dict)
    short: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As a test names it."""
        return f"{self.fault}-{self.run.__name__}"

    def __call__(self, install: Install, *, is_short: bool = False) -> Result:
        """Its result. Its workers are ended, so that the next has the machine for itself."""
        made: list[Installation] = []

        def install_here(**given: object) -> Installation:
            made.append(install(**given))
            return made[-1]

        try:
            return self.run(install_here, **(self.short if is_short else self.whole))
        finally:
            for installation in made:
                installation.close()


SCENARIOS = (
    Scenario("F9", warehouse_says_no.too_many_parts, short={"rounds": 1, "seconds": 1}),
    Scenario("F9", warehouse_says_no.no_space, short={"rounds": 1, "seconds": 2}),
    Scenario("F9", warehouse_says_no.on_a_real_server),
    Scenario("F12", topics.more_partitions, short={"each": 100}),
    Scenario("F12", topics.raw_made_anew, short={"each": 100}),
    Scenario("F13", poison.poison_among_good, short={"most": 60, "good_each": 9}),
    Scenario("F14", poison.nothing_but_poison, short={"seconds": 4}),
    Scenario("F15", times.copies, short={"ids": 100}),
    Scenario("F16", times.other_times, short={"each": 50}),
    Scenario("F17", broker_log.full_disk, short={"records": 10_000}),
    Scenario("F17", broker_log.transactions_and_compaction, short={"bodies": 50}),
    Scenario("F19", state_folder.folder_of_workers, short={"rounds": 1}),
    Scenario("F19", state_folder.folder_of_the_store),
    Scenario("F20", changelog.truncated, short={"records": 300}),
    Scenario("F20", changelog.emptied, short={"records": 300}),
    Scenario("F20", changelog.killed_in_recovery, whole={"kills": 20}, short={"kills": 2, "records": 300}),
    Scenario("F21", memory.thousandfold, short={"rounds": 1}),
    Scenario("F22", versions.data_files, short={"rounds": 1}),
    Scenario("F23", topics.deleted_unread, short={"each": 600}),
    Scenario("F23", topics.all_deleted_unread),
    Scenario("F24", versions.two_configurations, short={"rounds": 1}),
)
