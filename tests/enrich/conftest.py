import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.records import Event

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared"))
GEO = SHARED / "data" / "geo_maxmind_testdata"

MakeEvent = Callable[..., Event]


@pytest.fixture
def make_event() -> MakeEvent:
    """An anonymized event with the given columns."""

    def make(**fields: Any) -> Event:
        required: dict[str, Any] = {
            "event_id": bytes(16), "app_id": "shop", "event_fingerprint": 1, "collector_tstamp": 1, "derived_tstamp": 1,
            "arrival_tstamp": 1, "raw_topic": "raw@1", "raw_partition": 0, "raw_offset": 0, "event": "page_view",
        }  # fmt: skip
        return Event(**(required | fields))

    return make
