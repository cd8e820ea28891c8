"""Pseudonyms by keys of a file, through the enrich worker's stages: the same in a replay, none once it is forgotten."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

from streams import __version__
from streams.anonymize.rules import keys_of, make_rules
from streams.encode import decode
from streams.enrich.sources import open_lookups
from streams.keyring.file import changing
from streams.keyring.period import period_of
from streams.keyring.ring import open_ring
from streams.keyring.tree import forget
from streams.keys import Keys
from streams.outcome import Reason, Verdict
from streams.pipeline import EnrichedBatch, PipelineOptions, make_pipeline
from streams.records import Event, RawBatch
from streams.settings import GeoSettings, Settings
from tests.canary.offline import Raw

SECRET = b"s" * 32
RULES = make_rules(
    "version: 1\nrules:\n"
    "  - {name: who, action: pseudonymize, fields: [visitor_id, user_id], key: visitors, rotation: daily}\n"
)
DAYS = ("2026-05-20", "2026-05-21", "2026-05-22")


def messages() -> list[Raw]:
    """Two visitors on each of three days."""
    return [
        Raw(
            number,
            1_779_500_000_000,
            json.dumps(
                {"type": "track", "event": "e", "anonymousId": who, "userId": who, "timestamp": f"{day}T12:00:00Z"}
            ).encode(),
            [],
        )
        for number, (day, who) in enumerate((day, who) for day in DAYS for who in ("visitor-one", "visitor-two"))
    ]


def replay(folder: Path) -> EnrichedBatch:
    """A new worker's work on all of it, with the keys of a store's folder as they are now."""
    ring = open_ring(Settings(), keys_of(RULES), folder, SECRET)
    options = PipelineOptions(enriched_partitions=1, format="segment")
    run = make_pipeline(options, Keys(SECRET), ring, RULES, open_lookups(GeoSettings(), __version__))
    return run(RawBatch("raw@1", 0, messages()))


def pseudonyms(batch: EnrichedBatch) -> dict[int, tuple[bytes, str]]:
    """Raw offset → visitor and user."""
    events = [event for value in batch.partitions[0] if isinstance(event := decode(value), Event)]
    return {event.raw_offset: (event.visitor_id, event.user_id) for event in events}


def test_a_replay_gives_the_same_pseudonyms_and_each_day_its_own(tmp_path: Path) -> None:
    """By a worker that starts later, with the same file; six visitor-days share nothing."""
    first, again = replay(tmp_path), replay(tmp_path)

    assert first.partitions == again.partitions
    assert len({part for pair in pseudonyms(first).values() for part in pair}) == 12


def test_a_forgotten_day_is_refused_with_a_reason_and_the_others_stay(tmp_path: Path) -> None:
    """Dropped, not dead: nothing of it is kept anywhere; not even a letter."""
    before = pseudonyms(replay(tmp_path))
    day = period_of("daily", date.fromisoformat(DAYS[1]))
    with changing(tmp_path / "keys") as trees:
        trees["visitors"] = forget(trees["visitors"], day, day)
    after = replay(tmp_path)

    assert pseudonyms(after) == {offset: pair for offset, pair in before.items() if offset not in (2, 3)}
    assert after.counts == Counter({(Verdict.ACCEPTED, Reason.NONE): 4, (Verdict.DROPPED, Reason.KEY_FORGOTTEN): 2})
    assert after.dead == []
