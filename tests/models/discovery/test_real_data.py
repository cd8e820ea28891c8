"""Discovery on clicks of real people: what one half shows, the other half shows too; shuffled, nothing is left."""

import csv
import io
import os
import random
import zipfile
from pathlib import Path

import pytest

from models.discovery.discover import discover
from tests.models.discovery.arrays import as_paths

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[4] / "shared"))
SHOP = SHARED / "data/seq_eshop_2008_uci/clickstream+data+for+online+shopping.zip"
MSNBC = SHARED / "data/seq_msnbc323/msnbc323.txt"


def clicks() -> list[list[str]]:
    """Category and page of each click, session by session."""
    sessions: dict[str, list[str]] = {}
    with zipfile.ZipFile(SHOP) as archive, archive.open(archive.namelist()[0]) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter=";"):
            step = f"page:/{row['page 1 (main category)']}/p{row['page']}"
            sessions.setdefault(row["session ID"], []).append(step)
    return list(sessions.values())


@pytest.mark.skipif(not SHOP.exists(), reason="needs the shared data folder beside the checkout")
def test_a_real_shop_shows_its_paging() -> None:
    """Three paths through the pages of one category, as strong on the other half, and labelled as navigation."""
    sessions = clicks()

    found = discover(as_paths(sessions)).findings

    assert {finding.steps[0] for finding in found} == {"page:/1/p1", "page:/3/p1", "page:/4/p1"}
    assert all(len({step.split("/")[1] for step in finding.steps}) == 1 for finding in found)
    assert all(abs(finding.lift / finding.found_lift - 1) < 0.1 and finding.by_navigation for finding in found)
    rng = random.Random(1)
    assert discover(as_paths([rng.sample(steps, len(steps)) for steps in sessions])).findings == []


@pytest.mark.skipif(not MSNBC.exists(), reason="needs the shared data folder beside the checkout")
def test_few_real_sequences_are_too_few() -> None:
    """323 sequences over 17 kinds of page."""
    sessions = [[f"page:/{kind}" for kind in line.split()] for line in MSNBC.read_text().splitlines() if line.strip()]

    told = discover(as_paths(sessions))

    assert len(sessions) == told.sessions == 323
    assert told.findings == []
    assert "400 in each are needed" in told.too_few
