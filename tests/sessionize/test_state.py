"""The table's values."""

from streams.sessionize.block import pack
from streams.sessionize.fold import begin
from streams.sessionize.hit import PAGE_VIEW, Hit
from streams.sessionize.state import (
    VisitorState,
    applied_of,
    decode_visitor,
    due_of,
    encode_husk,
    encode_visitor,
    is_husk,
    is_lone,
    key_parts,
    lone_key,
    pack_copies,
    refresh_of,
    unpack_copies,
    visitor_key,
)
from streams.sessionize.texts import Texts
from streams.sessionize.words import Words, write

from .conftest import OPTIONS

FRAME = ("raw@1", 3, 1, 2, 2**8, 0, 0, 0, 0)
HIT = Hit(-5, bytes(range(16)), 2**32 - 1, 99, page=1)
BLOBS = [write((PAGE_VIEW, "", "", "", "/ü"))]


def test_a_visitor_comes_back_as_it_was() -> None:
    """Times before 1970, the largest fingerprint and any text included."""
    texts = Texts(Words(), [FRAME], BLOBS)
    state = VisitorState(
        2, -7, begin(HIT, texts, OPTIONS), pack([HIT]), copies=pack_copies([(HIT.id, -5)]), frames=texts.frames
    )
    value = encode_visitor(7, -3, 2**40, state, texts.blobs)
    assert decode_visitor(value) == (state, BLOBS)
    assert (applied_of(value), due_of(value), refresh_of(value), is_husk(value)) == (7, -3, 2**40, False)
    assert unpack_copies(decode_visitor(value)[0].copies) == [(HIT.id, -5)]
    assert state.hits.hits() == [HIT]


def test_a_husk_is_an_empty_visitor_with_an_offset() -> None:
    """It is due at once, and says how far it was applied."""
    value = encode_husk(9)
    assert is_husk(value)
    assert applied_of(value) == 9
    assert decode_visitor(value) == (VisitorState(), [])


def test_keys_of_visitors_and_of_lone_events_differ() -> None:
    """Both give back what they were made of; neither can be the partition's own key."""
    visitor, lone = visitor_key("ä", HIT.id), lone_key("ä", HIT.id)
    assert key_parts(visitor) == key_parts(lone) == (HIT.id, "ä")
    assert (is_lone(visitor), is_lone(lone)) == (False, True)
    assert visitor[:1] != b"\0" != lone[:1]
