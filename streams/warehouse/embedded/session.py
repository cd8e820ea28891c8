"""One client's connection: hello, then statements one after another until it leaves."""

import hmac
import logging
import os
import select
import socket
import traceback
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from threading import Event

from streams.warehouse.embedded import protocol
from streams.warehouse.embedded.blocks import (
    Column,
    blocks_of,
    columns_of,
    copy_block,
    header_block,
    skip_block,
    skip_block_info,
)
from streams.warehouse.embedded.engine import DeadEngineError, Engine, EngineError, EngineSession
from streams.warehouse.embedded.statements import (
    Command,
    Insert,
    Select,
    Set,
    Show,
    Statement,
    StatementError,
    read_statement,
)
from streams.warehouse.embedded.wire import FrameError, Reader

HELLO_SECONDS = 10.0
"""How long a client may take to say who it is."""
PACKET_SECONDS = 300.0
"""How long a client may stop in the middle of a packet or of an insert, or not take what we send."""
MAX_HELLO_BYTES = 1 << 20
MAX_STATEMENT_BYTES = 2 << 30
"""Most bytes of one statement with its rows; they wait in memory."""
_CHUNK = 1 << 20
_DRAIN_SECONDS = 2.0
_WRONG_PASSWORD = 516
_UNEXPECTED_PACKET = 101
_CANCELLED = 394
_TIMEOUT = 209
_INTERNAL = 1002
_ABORTED = 236

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The one user of a store."""

    user: str
    password: str

    def admits(self, hello: protocol.Hello) -> bool:
        """Whether name and password are right, in constant time."""
        right = hmac.compare_digest(hello.password.encode(), self.password.encode())
        return hmac.compare_digest(hello.user.encode(), self.user.encode()) and right


class ClientSession:
    """Serves one socket in the calling thread."""

    def __init__(self, client: socket.socket, engine: Engine, account: Account, stopping: Event) -> None:
        self._socket = client
        self._engine = engine
        self._account = account
        self._stopping = stopping
        self._reader = Reader(self._receive)

    def serve(self) -> None:
        """Until the client leaves, breaks the protocol, or the server stops. Never raises for what a client does."""
        with closing(self._socket):
            try:
                with closing(self._greet()) as session:
                    self._converse(session)
            except (FrameError, EngineError) as error:
                self._refuse(error.code, str(error))
            except TimeoutError:
                self._refuse(_TIMEOUT, "the client stopped in the middle of a packet")
            except (EOFError, ConnectionError):
                pass  # the client left; what it had not finished sending is dropped
            except Exception as error:  # noqa: BLE001 - our own fault: this client hears of it, the others live on
                # The error's words may quote rows, so only its kind and place are logged.
                place = "".join(traceback.format_tb(error.__traceback__))
                _log.error("a client's session failed: %s\n%s", type(error).__name__, place)
                self._refuse(_INTERNAL, f"the embedded server failed: {type(error).__name__}; see its log")

    def _converse(self, session: EngineSession) -> None:
        try:
            while not self._stopping.is_set():
                self._serve_packet(session)
        except DeadEngineError:
            # A new process can open the folder at once; this one could not even close it.
            _log.critical("the engine has met a fatal error; this process ends")
            self._refuse(_ABORTED, "the engine has met a fatal error: the embedded server ends")
            os._exit(os.EX_SOFTWARE)

    def _greet(self) -> EngineSession:
        self._socket.settimeout(HELLO_SECONDS)
        self._reader.allow(MAX_HELLO_BYTES)
        hello = protocol.read_hello(self._reader)
        if not self._account.admits(hello):
            raise FrameError(_WRONG_PASSWORD, "Authentication failed: password is incorrect, or there is no such user")
        if hello.revision < protocol.REVISION:
            raise FrameError(_UNEXPECTED_PACKET, f"client revision {hello.revision} is below {protocol.REVISION}")
        session = self._engine.session(hello.database)
        self._send(protocol.hello(self._engine.version, "thalweg-embedded"))
        return session

    def _serve_packet(self, session: EngineSession) -> None:
        self._reader.allow(MAX_STATEMENT_BYTES)
        self._socket.settimeout(None)
        packet = self._reader.varint()
        self._socket.settimeout(PACKET_SECONDS)
        if packet == protocol.PING:
            self._send(protocol.PONG)
        elif packet == protocol.QUERY:
            self._serve_query(session, protocol.read_query(self._reader))
        elif packet != protocol.CANCEL:  # a cancel that came after the end of its query means nothing
            raise FrameError(_UNEXPECTED_PACKET, f"packet {packet} where Query or Ping belongs")

    def _serve_query(self, session: EngineSession, query: protocol.Query) -> None:
        if query.compressed:
            raise FrameError(48, "the embedded server carries no compression: connect with compression=False")
        try:
            self._skip_external_tables()
            statement = read_statement(query.text)
            session.apply(() if isinstance(statement, Set) else query.settings)
            self._run(session, statement)
            self._send(protocol.END_OF_STREAM)
        except (EngineError, StatementError) as error:
            self._send(protocol.exception(error.code, str(error)))

    def _run(self, session: EngineSession, statement: Statement) -> None:
        if isinstance(statement, Insert):
            self._insert(session, statement)
        elif isinstance(statement, Select):
            self._select(session, statement)
        else:
            self._command(session, statement)

    def _select(self, session: EngineSession, statement: Select) -> None:
        columns = session.describe(statement.text)
        if columns is None:  # an error the statement itself will tell, or no SELECT after all (WITH … INSERT)
            self._command(session, Command(statement.text))
            return
        self._send_block(header_block(columns))
        # Closed here, not when it is collected: the engine dies if a session ends before its open result does.
        with closing(session.rows(statement.text, columns)) as blocks:
            self._stream(blocks)

    def _stream(self, blocks: Iterator[bytes]) -> None:
        for block in blocks:
            if self._cancelled():
                break
            self._send_block(block)

    def _command(self, session: EngineSession, statement: Command) -> None:
        native = session.run(statement.text)
        columns = columns_of(native)
        if not columns and isinstance(statement, Show):
            columns = session.header(statement.text)
        if columns:  # a driver takes the names from the first block, and that one's rows for none
            self._send_block(header_block(columns))
        for block in blocks_of(native):
            self._send_block(block)

    def _insert(self, session: EngineSession, insert: Insert) -> None:
        """Take all rows first, then run one statement: a client that vanishes half-way leaves no row."""
        columns: list[Column] = session.shape(insert)
        self._send_block(header_block(columns))
        fd = os.memfd_create("insert")
        try:
            while self._copy_data(fd):
                pass
            if os.lseek(fd, 0, os.SEEK_CUR):
                session.insert(insert, fd)
        finally:
            os.close(fd)

    def _copy_data(self, fd: int) -> int:
        self._read_data_head()
        return copy_block(self._reader, fd)

    def _skip_external_tables(self) -> None:
        """The client ends its list of external tables with an empty block; a full one is refused."""
        tables = 0
        while self._skip_data():
            tables += 1
        if tables:
            raise StatementError(48, "external tables are not carried by the embedded server")

    def _skip_data(self) -> int:
        self._read_data_head()
        return skip_block(self._reader)

    def _read_data_head(self) -> None:
        packet = self._reader.varint()
        if packet == protocol.CANCEL:
            raise FrameError(_CANCELLED, "Query was cancelled")
        if packet != protocol.DATA:
            raise FrameError(_UNEXPECTED_PACKET, f"packet {packet} where Data belongs")
        self._reader.string()
        skip_block_info(self._reader)

    def _cancelled(self) -> bool:
        """Whether the client asked to stop. Raises FrameError if it sends anything else while it has a result due."""
        if self._stopping.is_set():  # reading has ended, for a reason that is not the client's
            return False
        if not self._reader.buffered and not is_readable(self._socket):
            return False
        if (packet := self._reader.varint()) != protocol.CANCEL:
            raise FrameError(_UNEXPECTED_PACKET, f"packet {packet} while a result is being sent")
        return True

    def _receive(self) -> bytes:
        chunk = self._socket.recv(_CHUNK)
        if not chunk:
            raise EOFError("the client left")
        return chunk

    def _send_block(self, block: bytes) -> None:
        self._send(protocol.DATA_HEAD)
        self._send(block)

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _refuse(self, code: int, message: str) -> None:
        """Say why and close. What the client still sends is read away for a moment: closing on unread bytes resets
        the connection and the reason would be lost."""
        with suppress(OSError):
            self._socket.settimeout(_DRAIN_SECONDS)
            self._send(protocol.exception(code, message))
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(_CHUNK):
                pass


def refuse(client: socket.socket, code: int, message: str) -> None:
    """Answer a client that is not served at all with an exception and close."""
    with closing(client), suppress(OSError):
        client.settimeout(_DRAIN_SECONDS)
        client.sendall(protocol.exception(code, message))
        client.shutdown(socket.SHUT_WR)
        client.recv(_CHUNK)


def is_readable(connection: socket.socket) -> bool:
    """Whether ``recv`` would return at once. Not by select(2): a large query opens thousands of files, and it takes no
    descriptor above 1023.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
