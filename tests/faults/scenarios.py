"""Faults that need a course of their own, each from topics to books: ``python -m tests.faults.scenarios [F9 …]``."""

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import (
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
from tests.faults.grounds import grounds
from tests.faults.result import Result, keep
from tests.faults.site import Install

OUT = Path("build/faults.jsonl")


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
        """Its result."""
        return self.run(install, **(self.short if is_short else self.whole))


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
    Scenario("F23", topics.deleted_unread, short={"each": 300}),
    Scenario("F24", versions.two_configurations, short={"rounds": 1}),
)


def main() -> int:
    """Exit code 1 where anything did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.scenarios", description=__doc__)
    parser.add_argument("faults", nargs="*", help="as F9, or F9-no_space; all, unless some are named")
    parser.add_argument("--short", action="store_true", help="as the tests run it")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    held = True
    for scenario in SCENARIOS:
        if options.faults and not {scenario.fault, scenario.name} & set(options.faults):
            continue
        try:
            with grounds() as install:
                result = scenario(install, is_short=options.short)
        except Exception:  # noqa: BLE001 - the others have their turn
            traceback.print_exc()
            held = False
            continue
        keep(options.out, result)
        print(asdict(result), flush=True)
        held = held and is_well(result)
    return 0 if held else 1


def is_well(result: Result) -> bool:
    """Whether everything that was looked at held."""
    return all(result.held.values()) and not result.lost


if __name__ == "__main__":
    sys.exit(main())
