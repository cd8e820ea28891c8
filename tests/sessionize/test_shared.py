"""The values in memory."""

from hypothesis import given
from hypothesis import strategies as st

from streams.records import OWN_KEY
from streams.sessionize import shared
from streams.sessionize.shared import SharedTexts
from streams.sessionize.state import VisitorState, encode_husk, encode_visitor

TEXTS = st.lists(st.integers(0, 6).map(lambda number: bytes([number]) * 40), max_size=5)
STEPS = st.lists(st.tuples(st.sampled_from(b"abc"), st.one_of(st.none(), st.just("husk"), TEXTS)), max_size=40)


def value(texts: list[bytes], at: int = 0) -> bytes:
    """Of a visitor."""
    return encode_visitor(at, 1, 2, VisitorState(at), texts)


@given(STEPS)
def test_what_was_put_in_comes_out(steps: list[tuple[int, object]]) -> None:
    """As from a dict, whatever is shared by then; and nothing stays shared that nobody holds."""
    table, expected = SharedTexts(), dict[bytes, bytes]()
    table[OWN_KEY] = expected[OWN_KEY] = b"own"
    for at, (name, what) in enumerate(steps):
        key = bytes([name])
        if what is None:
            assert table.pop(key, None) == expected.pop(key, None)
        else:
            table[key] = expected[key] = encode_husk(at) if what == "husk" else value(what, at)  # type: ignore[arg-type]
        assert dict(table) == expected
    for key in list(expected):
        del table[key]
    assert (len(table), table.shared, table.nbytes) == (0, 0, 0)


def test_a_text_is_shared_from_its_second_appearance_on() -> None:
    """One visitor's text alone takes no number."""
    table = SharedTexts()
    table[b"va"] = value([b"x" * 99])
    assert table.shared == 0
    table[b"vb"] = value([b"x" * 99])
    assert table.shared == 1
    assert len(table._values[b"vb"]) < len(table[b"vb"]) - 90


def test_when_all_numbers_are_taken_texts_stay_where_they_are() -> None:
    """The table of shared texts is bounded, and nothing is lost."""
    table = SharedTexts()
    for at in range(2 * shared.MOST + 100):
        text = b"%d" % (at // 2)
        table[b"v%d" % at] = value([text])
    assert table.shared == shared.MOST
    assert table[b"v%d" % (2 * shared.MOST + 99)] == value([b"%d" % ((2 * shared.MOST + 99) // 2)])
