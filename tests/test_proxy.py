"""The proxy does to connections what it says."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.proxy import Cut, Proxy

SHORT = 0.3
"""Seconds after which what has not come is taken for held."""


class Echo(socketserver.BaseRequestHandler):
    """Gives back what it gets."""

    def handle(self) -> None:
        """Until the client leaves."""
        try:
            while data := self.request.recv(1 << 16):
                self.request.sendall(data)
        except ConnectionError:
            return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Before a server that echoes."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with Proxy(("127.0.0.1", server.server_address[1])) as proxy:
            yield proxy
        server.shutdown()
        thread.join()


def connect(proxy: Proxy) -> socket.socket:
    """A client that has been answered once, so that its connection stands."""
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    assert ask(client) == b"word"
    return client


def ask(client: socket.socket, word: bytes = b"word") -> bytes:
    """The echo; nothing where the server has left."""
    client.sendall(word)
    return client.recv(1 << 16)


def test_what_is_held_arrives_later(proxy: Proxy) -> None:
    """Nothing comes through and nothing is closed, until it is healed."""
    with connect(proxy) as client:
        proxy.hold()
        client.sendall(b"late")
        client.settimeout(SHORT)
        with pytest.raises(TimeoutError):
            client.recv(10)
        proxy.heal()
        client.settimeout(10)

        assert client.recv(10) == b"late"


def test_a_half_open_connection_is_dead_for_good_and_new_ones_pass(proxy: Proxy) -> None:
    """Nobody is told; healing does not bring it back."""
    with connect(proxy) as client:
        proxy.half_open()
        proxy.heal()
        client.sendall(b"lost")
        client.settimeout(SHORT)

        with pytest.raises(TimeoutError):
            client.recv(10)
        connect(proxy).close()


def test_a_reset_ends_what_is_there(proxy: Proxy) -> None:
    """The client is told at once; new connections pass."""
    with connect(proxy) as client:
        proxy.reset()

        with pytest.raises(ConnectionResetError):
            client.recv(10)
        connect(proxy).close()


def test_who_is_refused_is_refused_until_it_is_healed(proxy: Proxy) -> None:
    """Connections of before and new ones."""
    with connect(proxy) as client:
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            client.recv(10)
        with (
            pytest.raises(ConnectionError),  # in connecting already, or with the first word
            socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as another,
        ):
            ask(another)
        proxy.heal()
        connect(proxy).close()


def test_some_resets_end_a_connection_sooner_or_later(proxy: Proxy) -> None:
    """Each piece has the chance; without it none is reset."""
    with connect(proxy) as client:
        assert [ask(client) for _ in range(200)] == [b"word"] * 200
        proxy.reset_some(0.5)
        with pytest.raises(ConnectionError):
            any(not ask(client) for _ in range(200))


@pytest.mark.parametrize("slow", [lambda proxy: proxy.delay(SHORT), lambda proxy: proxy.throttle(4 / SHORT)])
def test_slow_is_slower(proxy: Proxy, slow: object) -> None:
    """Both ways take the time at least."""
    with connect(proxy) as client:
        slow(proxy)  # type: ignore[operator]
        began = time.monotonic()

        assert ask(client) == b"word"
        assert time.monotonic() - began >= 2 * SHORT


def test_a_lost_answer_is_lost_to_as_many_as_were_asked_for(proxy: Proxy) -> None:
    """The server has heard it; the next connection passes."""
    with connect(proxy) as client:
        proxy.cut(Cut.LOST_ANSWER, after=4)

        assert ask(client) == b""
        assert proxy.done.wait(10)
        connect(proxy).close()
