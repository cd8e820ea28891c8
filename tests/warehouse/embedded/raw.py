"""A client that sends what it likes: for what no honest driver sends."""

import socket
from types import TracebackType
from typing import Self

from streams.warehouse.embedded import protocol
from streams.warehouse.embedded.blocks import BLOCK_INFO
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.embedded.wire import Reader, string, varint

END_OF_DATA = varint(2) + string("") + BLOCK_INFO + varint(0) + varint(0)


class RawClient:
    """A socket with just enough protocol to get where a test wants to misbehave."""

    def __init__(self, address: StoreAddress) -> None:
        self.socket = socket.create_connection((address.host, address.port), timeout=20)
        self.reader = Reader(self._receive)
        self.reader.allow(1 << 30)
        self._address = address

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Just these bytes."""
        self.socket.sendall(data)

    def hello(self, database: str = "", password: str | None = None, user: str = "default") -> None:
        """Send Hello and read the answer's name. Raises AssertionError if it is not Hello."""
        self.send_hello(database, self._address.password if password is None else password, user)
        assert self.reader.varint() == 0
        assert self.reader.string() == "ClickHouse"
        self.reader.skip(2)  # version
        assert self.reader.varint() == protocol.REVISION
        assert self.reader.string() == "UTC"
        self.reader.string()
        self.reader.varint()

    def send_hello(self, database: str, password: str, user: str = "default", revision: int = 54_468) -> None:
        """Only send it."""
        names = string(database) + string(user) + string(password)
        self.send(varint(0) + string("raw") + varint(1) + varint(1) + varint(revision) + names)

    def query(self, text: str, *, compressed: bool = False) -> None:
        """Send a query without client info or settings, and the end of its external tables."""
        self.send(varint(1) + string("") + b"\0" + string("") + varint(2) + varint(compressed) + string(text))
        self.send(END_OF_DATA)

    def data(self, block: bytes) -> None:
        """Send a block in format Native."""
        self.send(varint(2) + string("") + BLOCK_INFO + block)

    def sample(self, columns: bytes) -> None:
        """Read the sample block of an insert into one column. Raises AssertionError if it is another."""
        expected = varint(1) + string("") + BLOCK_INFO + varint(1) + varint(0) + columns
        assert self.reader.take(len(expected)) == expected

    def exception(self) -> tuple[int, str]:
        """Read an exception; its code and words. Raises AssertionError for another packet."""
        assert self.reader.varint() == 2
        code = int.from_bytes(self.reader.take(4), "little", signed=True)
        self.reader.string()
        words = self.reader.string()
        assert self.reader.string() == ""  # the stack trace
        assert self.reader.byte() == 0  # nothing nested
        return code, words

    def is_closed(self) -> bool:
        """Whether the server has closed its side. Waits for it; what it still sends is passed over."""
        try:
            while self.socket.recv(1 << 16):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def _receive(self) -> bytes:
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise EOFError
        return chunk
