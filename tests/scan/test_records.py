import msgspec

from streams.encode import encode
from streams.records import Control, Event
from streams.scan.records import texts_of

EVENT = Event(
    event_id=bytes(16), app_id="shop", event_fingerprint=1, collector_tstamp=1, derived_tstamp=1, arrival_tstamp=1,
    raw_topic="raw@1", raw_partition=0, raw_offset=0, event="page_view", page_title="the title",
    properties={"key": "value"}, bot_indicators=["one"],
)  # fmt: skip


def test_an_enriched_record_gives_its_fields_by_name() -> None:
    """Keys and values of properties too, and elements of lists."""
    found = set(texts_of(encode(EVENT)))

    assert {
        ("page_title", "the title"),
        ("properties", "key"),
        ("properties", "value"),
        ("bot_indicators", "one"),
    } <= found
    assert ("body", "text of rules") in set(texts_of(encode(Control(kind="rules", body={"text": "text of rules"}))))


def test_state_gives_its_texts() -> None:
    """A visitor's value has 24 bytes before, a partition's 8."""
    packed = msgspec.msgpack.encode([1, ["title", {"k": b"bytes"}], None])
    for head in (24, 8, 0):
        assert {"title", "k", "bytes"} <= {text for _, text in texts_of(bytes(head) + packed)}


def test_other_bytes_are_read_as_text() -> None:
    """Nothing is passed over because it cannot be read."""
    assert list(texts_of(b"\xffalice@example.com")) == [("value", "\ufffdalice@example.com")]
    assert list(texts_of(None)) == []
