"""Keys by day: what rotates, what is forgotten, and that nothing else joins the days."""

import uuid
from collections import Counter
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.keyring import Rotation, SecretKeyring, forgotten_days, period_of
from streams.anonymize.rules import default_rules
from streams.anonymize.stage import kept_fields
from streams.records import Event
from tests.anonymize.engine import DAY_MS, NOON, SECRET, ForgetfulKeyring, kept, rules_of, run

DAILY = {"action": "pseudonymize", "fields": ["visitor_id"], "rotation": "daily"}
MONTHLY = {**DAILY, "rotation": "monthly"}
OTHERS = [
    {"action": "pseudonymize", "fields": ["user_id", "properties.mail", "contexts.mail", "se_label", "page_title"]},
    {"action": "pseudonymize", "fields": ["domain_sessionid"], "rotation": "monthly"},
]
IDS = {
    "domain_userid": "duid-1",
    "network_userid": "nuid-1",
    "anonymous_id": "anon-1",
    "user_id": "ann",
    "domain_sessionid": "s-1",
}
CONTENT = {
    "se_label": "ann",
    "page_title": "ann",
    "properties": {"mail": "ann@x.example"},
    "contexts": '{"mail":"ann@x.example"}',
}


def of_day(day: int, rules: Any, **fields: Any) -> Event:
    """The same event, on another day."""
    return kept(rules, derived=NOON + day * DAY_MS, **(IDS | CONTENT | fields))


def hashes_in(event: Event) -> set[str]:
    """Every value that a hash of something may be: ids, pseudonyms, the fingerprint, what the partition goes by."""
    fields = kept_fields(event)
    long_values = {value for value in fields.values() if len(value) >= 16 and not value.startswith(("{", "raw"))}
    return {
        fields.get("visitor_id", ""),
        fields["event_id"],
        fields["event_fingerprint"],
        event.contexts,
    } | long_values - {fields["rules_version"], fields.get("app_version", "")}


def test_a_rotating_key_changes_at_midnight_utc_of_the_event() -> None:
    """And only there: a session ends there by construction."""
    rules = rules_of(DAILY)
    midnight = 20_001 * DAY_MS
    visitors = [
        kept(rules, derived=t, **IDS).visitor_id for t in (midnight - DAY_MS, midnight - 1, midnight, midnight + 1)
    ]

    assert visitors[0] == visitors[1] != visitors[2] == visitors[3]


@given(
    first=st.integers(0, 40),
    apart=st.integers(1, 40),
    event_id=st.one_of(st.just(""), st.text(max_size=40)),
    version=st.sampled_from([None, 1, 3, 5]),
    record_id=st.sampled_from(["", "4c4e1d9e-8f0a-8a57-9c3b-2f1d5e6a7b8c"]),
)
def test_two_days_of_one_visitor_share_no_value(
    first: int, apart: int, event_id: str, version: int | None, record_id: str
) -> None:
    """Neither ids nor pseudonyms nor the event's id or fingerprint, though the payload is the same to the byte."""
    rules = rules_of(DAILY, *OTHERS)
    if version is not None:
        event_id = str(uuid.UUID(int=2**127 + 5, version=version))
    one, two = (of_day(day, rules, event_id=event_id) for day in (first, first + apart))

    shared = hashes_in(one) & hashes_in(two)
    # without any id of its own an event has its place in the log for one: the same in this test, never in a log
    assert shared <= ({one.event_id.hex()} if not event_id else set())


def test_without_rotation_they_stay() -> None:
    """So that the test above tests something."""
    one, two = (of_day(day, rules_of(*OTHERS), event_id="x") for day in (0, 1))

    assert len(hashes_in(one) & hashes_in(two)) >= 6


def test_a_months_key_lasts_a_month() -> None:
    """By the calendar."""
    rules = rules_of(MONTHLY)
    visitors = [of_day(day, rules).visitor_id for day in range(70)]

    assert 3 <= len(set(visitors)) <= 4


def test_a_random_event_id_stays_under_rotation() -> None:
    """It is the tracker's, and says nothing of the person; copies are found by it."""
    random = str(uuid.UUID(int=7, version=4))

    assert of_day(0, rules_of(DAILY), event_id=random).event_id.hex() == random.replace("-", "")


def test_a_replay_gives_the_same_pseudonyms() -> None:
    """Days later, by another worker, after other events."""
    rules = rules_of(DAILY, *OTHERS)
    days = [of_day(day, rules) for day in range(3)]

    assert [of_day(day, rules) for day in reversed(range(3))][::-1] == days


def test_a_forgotten_key_gives_no_pseudonym() -> None:
    """Where it is the visitor's the event goes; fields that need it are removed and counted; other days are as ever."""
    rules = rules_of(DAILY, *OTHERS)
    gone = ForgetfulKeyring("2024-10-04")
    removed: Counter[str] = Counter()

    given: dict[str, Any] = IDS | CONTENT
    assert run(rules, keyring=gone, **given) is None
    assert kept(rules, keyring=gone, derived=NOON + DAY_MS, **IDS) == kept(rules, derived=NOON + DAY_MS, **IDS)
    label = rules_of({"action": "pseudonymize", "fields": ["se_label", "user_id"], "rotation": "daily"})
    event = kept(label, keyring=gone, removed=removed, **given)
    assert (event.se_label, event.user_id, event.page_title) == ("", "", "ann")
    assert removed == {"se_label": 1, "user_id": 1}


def test_the_days_that_must_not_be_replayed_are_told() -> None:
    """By key and rotation."""
    gone = ForgetfulKeyring("2024-10-04", "2024-11")
    first, last = period_days("2024-10-01", "2024-11-02")

    assert [str(day) for day in forgotten_days(gone, "default", Rotation.DAILY, first, last)] == ["2024-10-04"]
    assert [str(day) for day in forgotten_days(gone, "default", Rotation.MONTHLY, first, last)] == [
        "2024-11-01",
        "2024-11-02",
    ]
    assert list(forgotten_days(gone, "default", Rotation.NONE, first, last)) == []


def period_days(*texts: str) -> list[date]:
    """Dates."""
    return [date.fromisoformat(text) for text in texts]


def test_the_last_rule_for_the_visitor_counts() -> None:
    """So people without consent may last a day, and others for ever."""
    consent = [{"path": "properties.ok"}]
    rules = rules_of({**DAILY, "rotation": "none"}, {**DAILY, "unless": {"consent": ["granted"]}}, consent=consent)
    asked, agreed = {"properties": {"ok": "no"}}, {"properties": {"ok": "yes"}}

    assert of_day(0, rules, **asked).visitor_id != of_day(1, rules, **asked).visitor_id
    assert of_day(0, rules, **agreed).visitor_id == of_day(1, rules, **agreed).visitor_id
    assert of_day(0, rules, **agreed).visitor_id == of_day(0, default_rules()).visitor_id


def test_keys_of_a_secret_differ_by_id_and_period() -> None:
    """The default key without rotation is the secret itself: what was hashed before there were rules stays so."""
    ring = SecretKeyring(SECRET)
    day, next_day = period_days("2024-10-04", "2024-10-05")
    found = [ring.key(name, d, r) for name in ("default", "b") for d in (day, next_day) for r in Rotation]

    assert ring.key("default", day, Rotation.NONE) == SECRET
    assert len(set(found)) == 2 * (1 + 2 + 1)
    assert (period_of(day, Rotation.DAILY), period_of(day, Rotation.MONTHLY), period_of(day, Rotation.NONE)) == (
        "2024-10-04",
        "2024-10",
        "",
    )
    assert SECRET.decode() not in repr(ring)
