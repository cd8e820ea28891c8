"""Discovery on clicks of real people: what one half shows, the other half shows too; shuffled, nothing is left."""

import random

import pytest

from models.discovery.discover import discover
from tests.models.discovery.arrays import as_paths
from tests.models.discovery.real_data import MSNBC, SHOP, sequences, shop


@pytest.mark.skipif(not SHOP.exists(), reason="needs the shared data folder beside the checkout")
def test_a_real_shop_shows_its_paging() -> None:
    """Three paths through the pages of one category, as strong on the other half, and labelled as navigation."""
    sessions = shop("category", "page")

    found = discover(as_paths(sessions)).findings

    assert {finding.steps[0] for finding in found} == {"page:/1/p1", "page:/3/p1", "page:/4/p1"}
    assert all(len({step.split("/")[1] for step in finding.steps}) == 1 for finding in found)
    assert all(abs(finding.lift / finding.found_lift - 1) < 0.1 and finding.by_navigation for finding in found)
    rng = random.Random(1)
    assert discover(as_paths([rng.sample(steps, len(steps)) for steps in sessions])).findings == []


@pytest.mark.skipif(not MSNBC.exists(), reason="needs the shared data folder beside the checkout")
def test_few_real_sequences_are_too_few() -> None:
    """323 sequences over 17 kinds of page."""
    sessions = sequences()

    told = discover(as_paths(sessions))

    assert len(sessions) == told.sessions == 323
    assert told.findings == []
    assert "400 in each are needed" in told.too_few
