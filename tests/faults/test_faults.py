"""A few rounds of the faults on real parts; `make test-faults` runs all of them (docs/reliability.md)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fault import Fault
from tests.faults.matrix import FAULTS
from tests.faults.medley import medley
from tests.faults.negative import run_plain
from tests.faults.result import read
from tests.faults.running import is_well, run_fault
from tests.faults.worker_faults import LONG_INSERT
from tests.faults.world import World, world
from tests.kafka.apache import libs

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.faults]
SEED = 20261125
FEW = [
    medley([FAULTS[name] for name in ("F1", "F2", "F3")]),
    medley([FAULTS[name] for name in ("F6", "F8", "F18")]),
    medley([FAULTS[name] for name in ("F10", "F11")], LONG_INSERT),
    FAULTS["F5"],
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for all of them."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    with world(tmp_path_factory.mktemp("world"), SEED) as made:
        yield made


@pytest.mark.parametrize("fault", FEW, ids=lambda fault: fault.name)
def test_nothing_is_lost_and_nothing_shows(made: World, fault: Fault, tmp_path: Path) -> None:
    """Invariants I1 to I10: nothing lost, nothing twice under FINAL, the tables of an undisturbed run, no offset before
    its effects at any look, the lag gone soon, order kept, memory below the limit, no secret in a log.
    """
    result = run_fault(made, fault, fault.short, SEED, tmp_path / "results.jsonl")

    print(result)
    assert is_well(result), result
    assert result.looks > 20
    assert list(read(tmp_path / "results.jsonl")) == [result]


@pytest.mark.parametrize("name", ["F5"])
def test_a_plain_agent_is_found_to_lose(made: World, name: str) -> None:
    """The negative control: where stock Faust loses, the same world and count say so."""
    result = run_plain(made, name, 1, SEED)

    print(result)
    assert result.lost
    assert not is_well(result)
