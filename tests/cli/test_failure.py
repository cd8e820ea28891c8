"""What the server says, as a person reads it."""

import pytest
from clickhouse_driver.errors import NetworkError, ServerException

from streams.cli.failure import as_store_error
from streams.errors import StoreError

LIST = "a, b, c. (SYNTAX_ERROR) (version 24.8.1.1)"
TRACE = ". Stack trace:\n\n0. DB::Exception::Exception() @ 0x1\n1. main @ 0x2\n"


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        (
            f"DB::Exception: Syntax error: failed at position 8 ('FROM'): FROM\nWHERE. Expected one of: {LIST}{TRACE}",
            62,
            "ClickHouse code 62 (SYNTAX_ERROR): Syntax error: failed at position 8 ('FROM'): FROM WHERE",
        ),
        (f"DB::Exception: No such table{TRACE}", 60, "ClickHouse code 60 (UNKNOWN_TABLE): No such table"),
        ("DB::Exception: Odd. (ODD_THING)", 99999, "ClickHouse code 99999 (ODD_THING): Odd."),
        ("", 99999, "ClickHouse code 99999: "),
    ],
)
def test_a_servers_error_is_one_line(message: str, code: int, words: str) -> None:
    """Code, name and words; no stack trace, no list of what could have stood there."""
    with pytest.raises(StoreError) as told, as_store_error():
        raise ServerException(message, code)

    assert str(told.value) == words


def test_long_words_are_cut() -> None:
    """Some quote the whole statement."""
    with pytest.raises(StoreError) as told, as_store_error():
        raise ServerException("x" * 10_000, 60)

    assert len(str(told.value)) < 700


def test_no_answer_says_what_to_check() -> None:
    """A failed connection is a StoreError too."""
    with pytest.raises(StoreError, match="check the store's address"), as_store_error():
        raise NetworkError("refused")
