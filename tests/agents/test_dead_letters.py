"""A dead letter as a record of topic ``dead``."""

import msgspec

from streams.agents.enrich import as_outgoing
from streams.records import DeadLetter


def letter(value: bytes | None) -> DeadLetter:
    """A letter with a header of its own."""
    return DeadLetter(
        value=value,
        headers=(("format", b"segment"),),
        raw_topic="raw@1",
        raw_partition=2,
        raw_offset=34,
        raw_index=5,
        reason="syntax",
        detail="here",
    )


def test_it_keeps_the_bytes_and_says_where_and_why() -> None:
    """Original value and headers, then ``dead_…``."""
    key, value, headers = as_outgoing(letter(b"\xff broken"), 1000)

    assert (key, value) == (None, b"\xff broken")
    assert dict(headers) == {
        "format": b"segment",
        "dead_reason": b"syntax",
        "dead_detail": b"here",
        "dead_topic": b"raw@1",
        "dead_partition": b"2",
        "dead_offset": b"34",
        "dead_index": b"5",
        "dead_size": b"21",
    }


def test_one_that_does_not_fit_names_its_place_in_raw() -> None:
    """Its bytes stay in the raw topic; the letter still says where and how large."""
    _, value, headers = as_outgoing(letter(b"x" * 1000), 1000)

    assert value is None
    assert dict(headers)["dead_offset"] == b"34"
    assert dict(headers)["dead_size"] == b"1013"


def test_one_without_bytes_names_the_letter_that_has_them() -> None:
    """By the index of the event it was written for, in the same record."""
    _, value, headers = as_outgoing(msgspec.structs.replace(letter(None), headers=(), carrier=0), 1000)

    assert value is None
    assert (dict(headers)["dead_with"], dict(headers)["dead_index"]) == (b"0", b"5")
