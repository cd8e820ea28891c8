"""The chdb engine: one open folder per process, one engine session per client, errors with the engine's own codes."""

import fcntl
import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from chdb._exceptions import ChdbError
from chdb.state.sqlitelike import Connection

from streams.errors import StoreError
from streams.warehouse.embedded.blocks import Column, blocks_of, rows_of
from streams.warehouse.embedded.protocol import Setting
from streams.warehouse.embedded.statements import Insert
from streams.warehouse.embedded.wire import FrameError, reader_of

_CODE = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.DOTALL)
_UNKNOWN_EXCEPTION = 1002
_UNKNOWN_SETTING = 115
_ABORTED = 236
WAIT_SECONDS = 25.0
"""How long an opener waits for one that is stopping: the server lets running statements end for 20 s."""
_POLL_SECONDS = 0.05
_PLAIN = (
    "print_pretty_type_names = 0, describe_include_subcolumns = 0, describe_include_virtual_columns = 0, "
    "max_result_rows = 0, max_result_bytes = 0, limit = 0, offset = 0"
)
"""What a client may have set for its rows must not change a description."""
_NOT_CARRIED = re.compile(r"output_format_native_|extremes$")


class EngineError(Exception):
    """The engine refused; ``code`` is its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class DeadEngineError(Exception):
    """The engine has met a fatal error: from now on it refuses all work, and closing a session would hang."""


class Engine:
    """An open folder. The engine lives as long as this object's connection."""

    def __init__(self, data: Path) -> None:
        """Open or make ``data``. Raises StoreError if another process has it open, or it cannot be opened."""
        if "?" in str(data):
            raise StoreError(f"{data}: the engine takes no folder with a question mark in its name", "rename it")
        self._data = str(data.absolute())
        try:
            with _quiet_stderr():  # the engine writes there what it raises too
                self._root = Connection(self._data)
        except RuntimeError as error:
            raise _open_error(data, str(error)) from error
        self.version = next(_texts(self._root.query("SELECT version()", "Native").bytes()))

    def session(self, database: str) -> "EngineSession":
        """A session with its own settings and temporary tables. Raises EngineError if there is no ``database``."""
        return EngineSession(self._data, database)

    def close(self) -> None:
        """Shut the engine down. All sessions must be closed."""
        self._root.close()


class EngineSession:
    """One client's connection to the engine; for one thread at a time."""

    def __init__(self, data: str, database: str) -> None:
        self._connection: Connection = Connection(data)
        self._overlay: dict[str, str] = {}
        self._below: dict[str, str] = {}
        try:
            self.run("SET implicit_select = 0")  # else any word is a query: "selec" would be SELECT selec
            if database:
                self.run(f"USE {_identifier(database)}")
        except EngineError:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back to the engine."""
        self._connection.close()

    def apply(self, settings: Sequence[Setting]) -> None:
        """Make the next statement run with ``settings`` and without those of the statement before.

        Unknown settings are left out unless marked important, then EngineError 115; a bad value: the engine's code.
        """
        wanted = {s.name: s for s in settings}
        for name in [name for name in self._overlay if name not in wanted]:
            self.run(f"SET {name} = {self._below.pop(name)}")
            del self._overlay[name]
        for setting in wanted.values():
            if self._overlay.get(setting.name) != setting.value:
                self._set(setting)

    def describe(self, query: str) -> list[Column] | None:
        """The columns of a query's result, or None if the engine cannot tell (running it will say why).

        Costs a millisecond. Only where the engine takes the query for no view (two columns of one name, VALUES) it
        computes scalar subqueries for this too: those are computed twice.
        """
        for description in (_description(query, "TABLE view"), _description(query)):
            with suppress(EngineError):
                return [Column(name, type_) for name, type_ in _pairs(self.run(description))]
        return None

    def shape(self, insert: Insert) -> list[Column]:
        """The columns the client is to send. Raises EngineError if there is no such table or column."""
        return [Column(name, type_) for name, type_ in _pairs(self.run(_description(insert.shape)))]

    def run(self, statement: str) -> bytes:
        """Run to its end; the result in format Native. Raises EngineError."""
        try:
            return bytes(self._connection.query(statement, "Native").bytes())
        except (ChdbError, RuntimeError) as error:
            raise _engine_error(str(error)) from error

    def header(self, show: str) -> list[Column]:
        """The columns of a statement that only reads and that nothing describes (SHOW …): it is run for them.

        Raises EngineError.
        """
        try:
            lines = bytes(self._connection.query(show, "JSONCompactEachRowWithNamesAndTypes").bytes()).splitlines()
        except (ChdbError, RuntimeError) as error:
            raise _engine_error(str(error)) from error
        names, types = (msgspec.json.decode(line, type=list[str]) for line in lines[:2]) if lines else ([], [])
        return [Column(name, type_) for name, type_ in zip(names, types, strict=True)]

    def rows(self, query: str, columns: Sequence[Column] | None) -> Generator[bytes]:
        """The result's blocks as they are made, typed as ``columns`` say. Raises EngineError at any block.

        Closing it cancels the query; it must be closed before the session is.
        """
        retitle = columns is not None and any(column.type.startswith("DateTime(") for column in columns)
        try:
            with self._connection.send_query(query, "Native") as stream:
                for chunk in stream:
                    native, rows = bytes(chunk.bytes()), chunk.rows_read()
                    if not native:
                        continue
                    if retitle or rows_of(native) != rows:
                        yield from blocks_of(native, columns)
                    else:
                        yield native
        except (ChdbError, RuntimeError) as error:
            raise _engine_error(str(error)) from error

    def insert(self, insert: Insert, fd: int) -> None:
        """Insert the Native blocks in file ``fd`` as one statement. Raises EngineError; then no row is stored
        of partitions not yet written (as in any server)."""
        self.run(insert.from_file(f"/proc/self/fd/{fd}"))

    def _set(self, setting: Setting) -> None:
        if not setting.name.isidentifier() or _NOT_CARRIED.match(setting.name):
            raise EngineError(48, f"setting {setting.name!r} is not carried by the embedded server")
        below = self._below.get(setting.name) or self._value_of(setting.name)
        try:
            self.run(f"SET {setting.name} = {_literal(setting.value)}")
        except EngineError as error:
            if error.code == _UNKNOWN_SETTING and not setting.important:
                return
            raise
        self._below[setting.name], self._overlay[setting.name] = below, setting.value

    def _value_of(self, name: str) -> str:
        """What to set ``name`` back to: its value if the session changed it, else DEFAULT."""
        query = f"SELECT value FROM system.settings WHERE name = {_literal(name)} AND changed"  # noqa: S608 - quoted
        return next((_literal(value) for value in _texts(self.run(query))), "DEFAULT")


def _engine_error(text: str) -> EngineError | DeadEngineError:
    match = _CODE.search(text)
    if match and int(match[1]) == _ABORTED and "fatal error" in text:
        return DeadEngineError(match[2].strip())
    return EngineError(int(match[1]), match[2].strip()) if match else EngineError(_UNKNOWN_EXCEPTION, text)


def _open_error(data: Path, text: str) -> StoreError:
    if is_locked(data):  # the engine tells this on stderr only; what it raises is code 36 for all
        return StoreError(
            f"{data}: another process has this store open", "stop it, or use its server: it stands in server.json"
        )
    return StoreError(f"{data}: the engine cannot open this folder: {text.partition('Stack trace')[0].strip()}")


def _description(query: str, kind: str = "") -> str:
    """Type names on one line, as blocks carry them. A line's end closes a comment at the query's end."""
    return f"DESCRIBE {kind}({query}\n) SETTINGS {_PLAIN}"


def is_locked(data: Path) -> bool:
    """Whether a process has the engine's folder ``data`` open."""
    try:
        with (data / "status").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def wait_until_free(data: Path, is_served: Callable[[], bool]) -> None:
    """Wait, at most WAIT_SECONDS, while a process that is stopping still has ``data`` open; not for one that serves."""
    deadline = time.monotonic() + WAIT_SECONDS
    while is_locked(data) and not is_served() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """What code below Python writes on stderr meanwhile is dropped."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _identifier(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _pairs(native: bytes) -> Iterator[tuple[str, str]]:
    """The first two columns, both String, of a Native result of one block."""
    first, second, *_ = _string_columns(native) or [[], []]
    return zip(first, second, strict=True)


def _texts(native: bytes) -> Iterator[str]:
    """The only column, a String, of a Native result of one block."""
    return iter((_string_columns(native) or [[]])[0])


def _string_columns(native: bytes) -> list[list[str]]:
    if not native:
        return []
    reader = reader_of(native)
    columns, rows = reader.varint(), reader.varint()
    result: list[list[str]] = []
    for _ in range(columns):
        reader.string()
        if (type_ := reader.string()) != "String":
            raise FrameError(53, f"the engine described with a column of {type_}")
        result.append([reader.string() for _ in range(rows)])
    return result
