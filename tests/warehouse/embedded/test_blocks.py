import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.warehouse.embedded.blocks import (
    BLOCK_INFO,
    Column,
    blocks_of,
    copy_block,
    header_block,
    rows_of,
    skip_block,
    skip_block_info,
)
from streams.warehouse.embedded.wire import FrameError, reader_of, string, varint


def block_of(texts: list[str], type_of_times: str = "DateTime") -> bytes:
    """A block of a String column and a time column."""
    strings = string("s") + string("String") + b"".join(map(string, texts))
    times = string("t") + string(type_of_times) + struct.pack(f"<{len(texts)}I", *range(len(texts)))
    return varint(2) + varint(len(texts)) + strings + times


_TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=150), max_size=200)


@given(st.lists(_TEXTS, max_size=4))
def test_blocks_part_where_they_were_joined(parts: list[list[str]]) -> None:
    """Nothing on the wire says how long a block is."""
    blocks = [block_of(texts) for texts in parts]
    assert list(blocks_of(b"".join(blocks))) == blocks
    assert [rows_of(block) for block in blocks] == [len(texts) for texts in parts]


@given(_TEXTS)
def test_types_are_replaced_and_values_kept(texts: list[str]) -> None:
    """The engine says `DateTime` where it means a zone."""
    zoned = "DateTime('Asia/Tokyo')"
    columns = [Column("s", "String"), Column("t", zoned)]
    assert list(blocks_of(block_of(texts) * 2, columns)) == [block_of(texts, zoned)] * 2


def test_a_block_of_other_columns_than_described_is_never_sent() -> None:
    """A client would read it as something else."""
    with pytest.raises(FrameError) as refused:
        list(blocks_of(block_of(["a"]), [Column("s", "String")]))
    assert refused.value.code == 20


def test_a_block_cut_short_is_the_end_of_the_stream() -> None:
    """Wherever the cut is."""
    block = block_of(["a", "bc"])
    for end in range(1, len(block)):
        with pytest.raises(EOFError):
            skip_block(reader_of(block[:end]))


@given(_TEXTS.filter(bool), st.binary(max_size=9))
def test_a_copied_block_is_the_block(texts: list[str], rest: bytes) -> None:
    """Without its info, and without what follows; the empty block that ends an insert is not copied."""
    block = block_of(texts)
    reader = reader_of(BLOCK_INFO + block + BLOCK_INFO + header_block([]) + rest)
    fd = os.memfd_create("block")
    skip_block_info(reader)
    assert copy_block(reader, fd) == 2
    skip_block_info(reader)
    assert copy_block(reader, fd) == 0
    assert os.pread(fd, len(block) + 100, 0) == block
    assert reader.take(len(rest)) == rest
    os.close(fd)


def test_unknown_block_info_is_refused() -> None:
    """Its length is not known."""
    with pytest.raises(FrameError):
        skip_block_info(reader_of(b"\x03\x00"))
