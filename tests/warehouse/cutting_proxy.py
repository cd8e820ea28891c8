"""A TCP proxy that cuts connections where a test wants it: mid-transfer, or after the server has done the work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Cut(Enum):
    """What happens to a connection once the client has sent ``after`` bytes."""

    MID_TRANSFER = "both sides are closed at once"
    LOST_ANSWER = "the server gets everything, its answer is thrown away and the client's side is closed"
    SILENCE = "the server gets everything, its answer is thrown away and nothing is closed"


class CuttingProxy:
    """Stands before a server on loopback. ``cuts`` connections are cut, later ones pass."""

    def __init__(self, target: tuple[str, int], cut: Cut, after: int, cuts: int = 1) -> None:
        self._target, self._cut, self._after, self._left = target, cut, after, cuts
        self.port = 0
        self.done = asyncio.Event()
        """Set when the last cut has taken effect."""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["CuttingProxy"]:
        self._pipes: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._serve_one, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _serve_one(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        pipe = asyncio.current_task()
        assert pipe is not None
        self._pipes.add(pipe)
        from_server, to_server = await asyncio.open_connection(*self._target)
        reached = asyncio.Event()
        both = [
            asyncio.create_task(self._up(from_client, to_server, reached)),
            asyncio.create_task(self._down(from_server, to_client, reached)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            for side in (to_client, to_server):
                side.close()
            await asyncio.gather(*both, return_exceptions=True)

    async def _up(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, reached: asyncio.Event) -> None:
        sent = 0
        while data := await client.read(1 << 16):
            sent += len(data)
            if not reached.is_set() and self._left > 0 and sent >= self._after:
                self._left -= 1
                reached.set()
                if self._cut is Cut.MID_TRANSFER:
                    self.done.set()
                    return
            server.write(data)
            await server.drain()

    async def _down(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, reached: asyncio.Event) -> None:
        while data := await server.read(1 << 16):
            if not reached.is_set():
                client.write(data)
                await client.drain()
            elif self._cut is not Cut.SILENCE:
                self.done.set()
                client.close()
                return
            else:
                self.done.set()
