"""A TCP proxy that does to connections what networks do: while it runs, or once a client has sent so many bytes."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Self

CHUNK = 1 << 16


class Cut(Enum):
    """What happens to a connection once the client has sent so many bytes."""

    MID_TRANSFER = "both sides are closed at once"
    LOST_ANSWER = "the server gets everything, its answer is thrown away and the client's side is closed"
    SILENCE = "the server gets everything, its answer is thrown away and nothing is closed"


class Link:
    """One client's connection through the proxy."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.dead = False
        """Half open: both sides believe in it, and nothing comes through."""
        self.cut: Cut | None = None

    def die(self) -> None:
        """From now on."""
        self.dead = True

    def reset(self) -> None:
        """Both sides."""
        for side in (self.client, self.server):
            _reset(side)


def _reset(side: asyncio.StreamWriter) -> None:
    """Close with RST, as a machine does that knows nothing of a connection."""
    raw = side.get_extra_info("socket")
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    side.transport.abort()


class Proxy:
    """Stands before a server on loopback, in a thread of its own, from ``with`` on. ``port`` stays the same.

    All but the counters may be changed from any thread while it runs. ``heal`` lets everything pass again.
    """

    def __init__(self, target: tuple[str, int], seed: int = 0) -> None:
        self.target = target
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)
        self._links: set[Link] = set()
        self._flows = asyncio.Event()
        self._stop = asyncio.Event()
        self._cut: tuple[Cut, int] | None = None
        self._left = 0
        self._heal()
        self.done = threading.Event()
        """Set when the last of the cuts that were asked for has taken effect."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tell(self._stop.set)
        self._thread.join(30)
        self._listener.close()

    # what a test may do to it

    def heal(self) -> None:
        """Everything passes. What was held comes now; what is half open stays so."""
        self._tell(self._heal)

    def delay(self, seconds: float) -> None:
        """Each piece takes so much longer, in either direction."""
        self._tell(lambda: setattr(self, "_seconds", seconds))

    def throttle(self, bytes_per_second: float) -> None:
        """Each connection carries at most so much in either direction."""
        self._tell(lambda: setattr(self, "_rate", bytes_per_second))

    def hold(self) -> None:
        """A cable is out: nothing comes through, nothing is closed, and what is sent arrives after ``heal``."""
        self._tell(self._flows.clear)

    def half_open(self) -> None:
        """Every connection there is now is dead, and nobody is told; new ones pass."""
        self._tell(lambda: self._each(Link.die))

    def reset(self) -> None:
        """Every connection there is now is reset; new ones pass."""
        self._tell(lambda: self._each(Link.reset))

    def reset_some(self, share: float) -> None:
        """Each piece has this chance to be the end of its connection."""
        self._tell(lambda: setattr(self, "_share", share))

    def refuse(self) -> None:
        """Every connection is reset, new ones too."""

        def closed() -> None:
            self._refuses = True
            self._each(Link.reset)

        self._tell(closed)

    def cut(self, cut: Cut, after: int, cuts: int = 1) -> "Proxy":
        """The next ``cuts`` connections whose client sends ``after`` bytes from now on are cut; later ones pass."""

        def ask() -> None:
            self._cut, self._left = (cut, after), cuts

        self.done.clear()
        self._tell(ask)
        return self

    # the thread's side

    def _tell(self, change: Callable[[], object]) -> None:
        if self._thread.is_alive():
            told = threading.Event()

            def changed() -> None:
                change()
                told.set()

            self._loop.call_soon_threadsafe(changed)
            told.wait(30)
        else:
            change()

    def _each(self, do: Callable[[Link], None]) -> None:
        for link in list(self._links):
            do(link)

    def _heal(self) -> None:
        self._seconds = self._rate = self._share = 0.0
        self._refuses = False
        self._flows.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._pipes: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._serve_one, sock=self._listener)
        await self._stop.wait()
        server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _serve_one(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        pipe = asyncio.current_task()
        assert pipe is not None
        self._pipes.add(pipe)
        pipe.add_done_callback(self._pipes.discard)
        try:
            await self._flows.wait()
            if self._refuses:
                raise ConnectionRefusedError
            from_server, to_server = await asyncio.open_connection(*self.target)
        except OSError:
            _reset(to_client)  # without RST a client may take it for the answer's end
            return
        link = Link(to_client, to_server)
        self._links.add(link)
        both = [
            asyncio.create_task(self._up(from_client, link)),
            asyncio.create_task(self._down(from_server, link)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            for task in both:
                task.cancel()
            for side in (to_client, to_server):
                side.close()
            await asyncio.gather(*both, return_exceptions=True)

    async def _up(self, client: asyncio.StreamReader, link: Link) -> None:
        sent, asked = 0, self._cut
        while data := await client.read(CHUNK):
            if asked is not self._cut:
                sent, asked = 0, self._cut
            sent += len(data)
            if asked is not None and link.cut is None and self._left > 0 and sent >= asked[1]:
                self._left -= 1
                link.cut = asked[0]
                if link.cut is Cut.MID_TRANSFER:
                    self.done.set()
                    return
            await self._pass(data, link.server, link)

    async def _down(self, server: asyncio.StreamReader, link: Link) -> None:
        while data := await server.read(CHUNK):
            if link.cut is not None:
                self.done.set()
                if link.cut is Cut.SILENCE:
                    continue
                return
            await self._pass(data, link.client, link)

    async def _pass(self, data: bytes, to: asyncio.StreamWriter, link: Link) -> None:
        if self._seconds or self._rate:
            await asyncio.sleep(self._seconds + (len(data) / self._rate if self._rate else 0.0))
        await self._flows.wait()
        if self._share and self._chance.random() < self._share:
            link.reset()
        elif not link.dead:
            to.write(data)
            await to.drain()
