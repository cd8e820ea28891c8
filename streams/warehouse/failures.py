"""What a failed insert means: try again, the rows are bad, or the operator must act."""

from clickhouse_driver import errors as driver

from streams.errors import StoreError
from streams.settings import ClickHouseSettings

RETRY_CODES = frozenset(
    {
        159,  # TIMEOUT_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED: the server is going down
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY: a replica without its keeper
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS: merges lag behind
        254,  # NO_REPLICA_HAS_PART / no active replicas
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED: somebody killed the insert
        999,  # KEEPER_EXCEPTION
    }
)
"""Server codes that pass by themselves or by the operator's hand, with the same bytes.

Source: ClickHouse src/Common/ErrorCodes.cpp; what other sinks retry: clickhouse_sinker, Snuba, GlassFlow.
"""

ROW_CODES = frozenset({6, 16, 20, 27, 38, 41, 53, 69, 72, 117, 131, 349, 469})
"""Server codes that speak of the rows themselves: some row cannot be stored, now or ever."""

UNENCODABLE = 53
"""TYPE_MISMATCH, also ours for a value that does not fit its column's type."""


class Refused(StoreError):  # noqa: N818  # a word of the interface
    """The warehouse refused an insert for a reason a retry does not mend.

    The message names code, table and column, never content: server messages quote rows.
    """

    def __init__(self, code: int, table: str, column: str = "") -> None:
        where = f"{table}.{column}" if column else table
        super().__init__(f"the warehouse refused rows for {where}: code {code}", _mend(code))
        self.code = code
        self.table = table
        self.column = column

    @property
    def by_event(self) -> bool:
        """True where rows of table ``events`` are at fault, so that cutting the batch in halves finds the event.

        What other tables hold is derived: no event can be blamed for it, so the set-up is to be looked at.
        """
        return self.code in ROW_CODES and self.table == "events"


class InDoubt(StoreError):  # noqa: N818  # the same
    """The insert was given up before the server acknowledged it: it may be stored or not. It is not done."""


def is_transient(error: BaseException) -> bool:
    """True where the same insert may succeed later: the connection failed, or the server says so."""
    if isinstance(error, driver.Error):
        return code_of(error) in RETRY_CODES
    return isinstance(error, (EOFError, OSError))  # OSError: timeouts, resets, TLS, name look-ups


def unreachable(settings: ClickHouseSettings, failed: Exception) -> StoreError:
    """What to tell the operator when the first word to the warehouse failed."""
    what = f"code {code_of(failed)}" if isinstance(failed, driver.Error) else type(failed).__name__
    return StoreError(
        f"the warehouse at {settings.host}:{settings.port} does not let us in as {settings.user!r} ({what})",
        "210, 209: is it running there, and is its certificate known (clickhouse.ca_certs)? 516, 192, 193: are user and"
        " THALWEG_CLICKHOUSE_PASSWORD right?",
    )


def code_of(error: driver.Error) -> int:
    """The server's code, or the driver's own (a class attribute) where the server said none."""
    return int(getattr(error, "code", 0) or 0)


def _mend(code: int) -> str:
    if code in ROW_CODES:
        return (
            "a row does not fit its table: look for constraints and views that were added to it (SHOW CREATE TABLE);"
            " without any, report it as a bug"
        )
    return (
        "look the code up in ClickHouse's system.errors; tables: run `thalweg migrate`;"
        " rights: the user needs INSERT on the database; then start the worker again"
    )
