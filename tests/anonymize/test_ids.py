from uuid import UUID

import pytest

from streams.anonymize.ids import SESSION, USER, make_event_id, make_fingerprint, make_pseudonym, parse_uuid
from streams.keys import Keys, join

KEYS = Keys(b"a secret of at least thirty-two bytes")
GIVEN = "5f0c1d2e-3b4a-4c5d-8e6f-0123456789ab"
event_id = make_event_id(KEYS)


def test_pseudonyms_are_stable_hex_and_purposes_share_nothing() -> None:
    """The same id gives the same 32 characters; as a session id it gives others."""
    user, session = make_pseudonym(KEYS, USER), make_pseudonym(KEYS, SESSION)

    assert user("ann") == user("ann") == KEYS.uuid(USER)(join("ann")).hex()
    assert len({user("ann"), user("bob"), session("ann")}) == 3
    assert user("") == ""


@pytest.mark.parametrize("text", [GIVEN, GIVEN.upper()])
def test_a_uuid_is_read_in_any_case(text: str) -> None:
    """Its 16 bytes, as the standard library reads them."""
    assert parse_uuid(text) == UUID(GIVEN).bytes


@pytest.mark.parametrize(
    "text",
    [
        "", "x", GIVEN[:-1], GIVEN + "0", GIVEN.replace("-", ""), "{" + GIVEN[1:-1] + "}", GIVEN.replace("5", "g"),
        "5f0c1d2e-3b4a-4c5d-8e6f-0123456789 b", "5f0c1d2-e3b4a-4c5d-8e6f-0123456789ab", str(UUID(int=0)), "５" * 36,
    ],
)  # fmt: skip
def test_what_is_no_uuid_is_none(text: str) -> None:
    """Other shapes, foreign digits and the nil UUID (it means no id) are not taken."""
    assert parse_uuid(text) is None


def test_the_trackers_uuid_is_kept() -> None:
    """It wins over the header's."""
    assert event_id(GIVEN, "header", "raw@1", 0, 7, 0) == UUID(GIVEN).bytes


def test_a_trackers_other_id_becomes_a_keyed_hash() -> None:
    """Its text is nowhere in it, and it does not depend on where the record lies."""
    found = event_id("order-17-of-ann", "", "raw@1", 0, 7, 0)

    assert found == KEYS.uuid("event_id")(join("order-17-of-ann")) == event_id("order-17-of-ann", "", "raw@2", 1, 8, 3)


def test_the_headers_id_is_next_and_is_told_apart_by_index() -> None:
    """Each event of a record has its own id, also when the header names only the record."""
    found = [event_id("", GIVEN, "raw@1", 0, 7, index) for index in range(3)]

    assert found[0] == UUID(GIVEN).bytes
    assert len(set(found)) == 3
    assert found == [event_id("", GIVEN, "raw@2", 5, 9, index) for index in range(3)]


def test_coordinates_are_the_last_resort() -> None:
    """Any one of them makes another id; no two sets run together."""
    places = [("raw@1", 0, 7, 0), ("raw@2", 0, 7, 0), ("raw@1", 1, 7, 0), ("raw@1", 0, 8, 0), ("raw@1", 0, 7, 1)]

    assert len({event_id("", "", *place) for place in places}) == len(places)
    assert event_id("", "", *places[0]) == event_id("", "", *places[0])


def test_fingerprints_are_unsigned_keyed_and_per_event() -> None:
    """The same payload anywhere has the same one; another index or secret another."""
    fingerprint, other = make_fingerprint(KEYS), make_fingerprint(Keys(b"another secret of thirty-two bytes or more"))
    found = {fingerprint(b"line", 0), fingerprint(b"line", 1), fingerprint(b"other", 0), other(b"line", 0)}

    assert len(found) == 4
    assert all(0 <= number < 2**64 for number in found)
    assert fingerprint(b"line", 0) == fingerprint(b"line", 0)
