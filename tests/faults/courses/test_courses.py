"""Each fault with a course of its own, at a small size; `python -m tests.faults.courses` runs them whole."""

from collections.abc import Iterator

import pytest

from tests.faults.courses.grounds import grounds
from tests.faults.courses.scenarios import SCENARIOS, Scenario
from tests.faults.courses.site import Install
from tests.kafka.apache import libs

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def install() -> Iterator[Install]:
    """Installations on one broker and one store."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    with grounds() as made:
        yield made


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault_costs_nothing_that_is_not_told(install: Install, scenario: Scenario) -> None:
    """Every invariant that was looked at held, and what is lost is what was counted."""
    result = scenario(install, is_short=True)
    print(result)
    if result.cannot_run:
        pytest.skip(result.cannot_run)
    assert result.held
    assert [name for name, held in result.held.items() if not held] == [], result
    assert result.lost == 0
