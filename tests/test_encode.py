import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.encode import decode, encode, partition_of
from streams.errors import ContractError
from streams.records import FORMAT_VERSION, INFINITY, NO_ID, Control, Event, Marker, Outcome, Record

EVENT = Event(
    event_id=bytes(range(16)),
    app_id="shop",
    visitor_id=bytes(range(16, 32)),
    event_fingerprint=2**64 - 1,
    collector_tstamp=1,
    derived_tstamp=2,
    arrival_tstamp=3,
    raw_topic="raw@1",
    raw_partition=0,
    raw_offset=2**40,
    event="page_view",
    page_title="Grüße, 世界",
    se_value=-0.5,
    bot_indicators=["crawler"],
    properties={"a": "b"},
)
OUTCOME = Outcome(
    app_id="shop", arrival_tstamp=1, raw_topic="raw@1", raw_partition=1, raw_offset=2, outcome="dead", reason="syntax"
)
RECORDS: list[Record] = [
    EVENT,
    OUTCOME,
    Marker(raw_topic="raw@1", partitions=2, heard={0: -1, 1: INFINITY}),
    Control(kind="rules", body={"hash": "h", "text": "t"}),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_kind_of_record_comes_back_equal(record: Record) -> None:
    """What was encoded is decoded as the same kind with the same values."""
    value = encode(record)

    assert value[0] == FORMAT_VERSION
    assert decode(value) == record


@pytest.mark.parametrize(
    "value",
    [b"", b"\x00", b"\x02" + encode(EVENT)[1:], encode(EVENT)[1:], b"\x01\x91\xa1z", b"\x01\xc1", encode(EVENT)[:-3]],
    ids=["empty", "version 0", "version 2", "no version", "unknown tag", "no MessagePack", "cut short"],
)
def test_what_this_version_did_not_write_is_refused(value: bytes) -> None:
    """Foreign bytes raise our own error, never a library's."""
    with pytest.raises(ContractError):
        decode(value)


@given(st.binary(max_size=60))
def test_random_bytes_are_refused_or_are_a_record(tail: bytes) -> None:
    """No bytes make decode raise anything but ContractError."""
    for value in (tail, b"\x01" + tail):
        try:
            decode(value)
        except ContractError:
            continue


def test_fields_a_newer_writer_appended_are_ignored() -> None:
    """The array may be longer than this version's record: fields are only ever appended."""
    value = encode(OUTCOME)
    assert value[1] == 0xDC or value[1] & 0xF0 == 0x90
    longer = value[:1] + bytes((value[1] + 1,)) + value[2:] + b"\xa3new"

    assert decode(longer) == OUTCOME


def test_a_visitor_stays_in_one_partition() -> None:
    """The event id plays no part where there is a visitor."""
    visitor = bytes(range(16))
    found = {partition_of("shop", visitor, bytes((n,)) * 16, 7) for n in range(50)}

    assert len(found) == 1


def test_events_without_visitor_are_spread_by_their_id() -> None:
    """Nobody's events do not all load one partition."""
    found = {partition_of("shop", NO_ID, bytes((n,)) * 16, 4) for n in range(1, 50)}

    assert found == {0, 1, 2, 3}


def test_partitions_never_move() -> None:
    """The hash is a contract: these numbers hold for ever, or visitors' sessions break at an upgrade."""
    assert [partition_of("shop", bytes((n,)) * 16, NO_ID, 8) for n in range(1, 9)] == [7, 0, 2, 6, 4, 3, 1, 2]
    assert partition_of("blog", b"\x01" * 16, NO_ID, 8) == 0
