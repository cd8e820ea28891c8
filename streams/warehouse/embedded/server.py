"""The server: listens on loopback, one thread per client, stops within a deadline."""

import logging
import os
import selectors
import socket
import time
from contextlib import suppress
from threading import Event, Thread

from streams.warehouse.embedded.engine import Engine
from streams.warehouse.embedded.session import Account, ClientSession, refuse

HOST = "127.0.0.1"
MAX_CLIENTS = 64
STOP_SECONDS = 20.0
"""How long running statements may take to end when the server is asked to stop."""
_TOO_MANY = 202

_log = logging.getLogger(__name__)


class Server:
    """Serves ``engine`` to clients of ``account``. ``serve`` blocks; ``stop`` may be called from anywhere."""

    def __init__(self, engine: Engine, account: Account, port: int = 0) -> None:
        """Listen on loopback ``port`` (0: any free one). Raises OSError if it is taken."""
        self._engine = engine
        self._account = account
        self._listener = socket.create_server((HOST, port), backlog=128)
        self._stopping = Event()
        self._wake_in, self._wake_out = os.pipe()
        self._clients: dict[Thread, socket.socket] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        """Ask ``serve`` to end. Safe in a signal handler."""
        self._stopping.set()
        os.write(self._wake_out, b"x")

    def serve(self) -> bool:
        """Until ``stop``; then let running statements end. Gives whether all of them did before the deadline."""
        with self._listener, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_in, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if not self._stopping.is_set():
                    self._accept()
        return self._finish()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError as error:  # out of files, or the client left already
            _log.warning("accept failed: %s", error)
            time.sleep(0.05)
            return
        self._clients = {thread: held for thread, held in self._clients.items() if thread.is_alive()}
        if len(self._clients) >= MAX_CLIENTS:
            message = f"already serving {MAX_CLIENTS} clients"
            Thread(target=refuse, args=(client, _TOO_MANY, message), daemon=True).start()
            return
        thread = Thread(target=self._serve_client, args=(client,), daemon=True)
        self._clients[thread] = client
        thread.start()

    def _serve_client(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        ClientSession(client, self._engine, self._account, self._stopping).serve()

    def _finish(self) -> bool:
        deadline = time.monotonic() + STOP_SECONDS
        for client in self._clients.values():
            _stop_reading(client)
        for thread in self._clients:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._clients)


def _stop_reading(client: socket.socket) -> None:
    """A session that waits for its client sees its end; one that runs a statement can still answer."""
    with suppress(OSError):  # closed already
        client.shutdown(socket.SHUT_RD)
