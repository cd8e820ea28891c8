import ssl

import pytest
from clickhouse_driver import errors as driver

from streams.warehouse.failures import RETRY_CODES, ROW_CODES, Refused, is_transient


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (driver.ServerException("Too many parts", 252), True),
        (driver.ServerException("Memory limit", 241), True),
        (driver.ServerException("Unknown status of insert", 319), True),
        (driver.ServerException("No such table", 60), False),
        (driver.ServerException("Cannot parse", 27), False),
        (driver.ServerException("no code"), False),
        (driver.NetworkError("x"), True),
        (driver.SocketTimeoutError("x"), True),
        (driver.PartiallyConsumedQueryError(), False),
        (EOFError("x"), True),
        (TimeoutError("x"), True),
        (ConnectionResetError("x"), True),
        (BrokenPipeError("x"), True),
        (ssl.SSLEOFError("x"), True),
        (ValueError("x"), False),
        (AttributeError("x"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, transient: bool) -> None:
    """A connection or a server in trouble; never our mistake, nor the rows'."""
    assert is_transient(error) is transient


def test_no_code_is_in_both_lists() -> None:
    """What is tried for ever is never bisected."""
    assert not RETRY_CODES & ROW_CODES
    assert Refused(27, "events").by_event
    assert not Refused(497, "events").by_event
    assert not Refused(27, "sessions").by_event  # its rows are made of many events


def test_a_refusal_says_the_mend() -> None:
    """By its kind."""
    assert "SHOW CREATE TABLE" in Refused(27, "events").mend
    assert "INSERT" in Refused(497, "events").mend
