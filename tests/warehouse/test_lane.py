"""Inserts over real connections that a proxy cuts, stalls or loses, before the embedded server."""

import asyncio
import socket
from collections import Counter

import pytest
from clickhouse_driver import Client

from streams.records import Progress
from streams.settings import ClickHouseSettings
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.failures import InDoubt
from streams.warehouse.sink import Sink, TableRows
from tests.proxy import Cut, Proxy
from tests.warehouse.batches import ONCE, SPAN, batch, run, stored
from tests.warehouse.rows import outcome


@pytest.mark.parametrize("cut", [Cut.MID_TRANSFER, Cut.LOST_ANSWER])
@pytest.mark.parametrize("after", [20_000, 200])
def test_a_cut_connection_is_tried_again_with_the_same_bytes(
    cut: Cut, after: int, client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Cut at the query, within the rows, or after the server stored them: each row is there once, without FINAL."""
    told: Counter[str] = Counter()

    async def work() -> None:
        proxy = Proxy((address.host, address.port)).cut(cut, after=after, cuts=3)
        with proxy:
            through = settings.model_copy(update={"port": proxy.port})
            sink = Sink(
                through,
                address.password,
                generation=1,
                on_event=lambda what, n: told.update({what: n}),
                first_wait=0.001,
            )
            await sink.store(0, batch(), SPAN)
            assert proxy.done.is_set()
            await sink.close()

    run(work())
    assert stored(client, settings) == ONCE
    assert sum(n for what, n in told.items() if what.startswith("retries.")) >= 3


def test_cancelling_leaves_the_insert_in_doubt(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """The caller is told at once; nothing is acknowledged; the same batch stored again is there once."""

    async def work() -> None:
        proxy = Proxy((address.host, address.port)).cut(Cut.SILENCE, after=20_000)
        with proxy:
            through = settings.model_copy(update={"port": proxy.port})
            told: list[str] = []
            sink = Sink(through, address.password, generation=1, on_event=lambda what, _: told.append(what))
            store = asyncio.create_task(sink.store(0, batch(), SPAN))
            await asyncio.to_thread(proxy.done.wait)
            store.cancel()
            with pytest.raises(asyncio.CancelledError):
                await store
            assert "rows.events" not in told
            await sink.close()
        again = Sink(settings, address.password, generation=1)
        await again.store(0, batch(), SPAN)
        await again.close()

    run(work())
    assert stored(client, settings) == ONCE


def test_a_cancelled_insert_is_not_tried_for_ever(settings: ClickHouseSettings, address: StoreAddress) -> None:
    """Nobody listens: the partition's next batch gets its turn after the cancelled one."""

    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as bound:
            nobody = settings.model_copy(update={"port": bound.getsockname()[1]})
        loop = asyncio.get_running_loop()
        tried = {f"retries.{table}": asyncio.Event() for table in ("rules", "outcomes")}

        def tell(what: str, _count: int) -> None:
            loop.call_soon_threadsafe(tried[what].set)

        sink = Sink(
            nobody,
            address.password,
            generation=1,
            on_event=tell,
            first_wait=0.001,
        )
        first = asyncio.create_task(sink.store(0, batch(), SPAN))
        await tried["retries.rules"].wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(sink.store(0, TableRows(outcomes=[outcome(0)]), (0, 0)))
        queued = asyncio.create_task(sink.store(0, TableRows(outcomes=[outcome(1)]), (1, 1)))
        await tried["retries.outcomes"].wait()
        await sink.close()
        for left in (second, queued):
            with pytest.raises(InDoubt):
                await left
        with pytest.raises(InDoubt):
            await sink.store(1, TableRows(outcomes=[outcome(0)]), (0, 0))

    run(work())


def test_closing_gives_up_what_hangs(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> None:
    """A server that never answers does not hold a worker that stops; its caller learns that nothing is sure."""

    async def work() -> None:
        proxy = Proxy((address.host, address.port)).cut(Cut.SILENCE, after=20_000)
        with proxy:
            sink = Sink(settings.model_copy(update={"port": proxy.port}), address.password, generation=1)
            store = asyncio.create_task(sink.store(0, batch(), SPAN))
            await asyncio.to_thread(proxy.done.wait)
            await sink.close()
            with pytest.raises(InDoubt):
                await store

    run(work())


def test_partitions_do_not_wait_for_each_other(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """One hangs, the other is stored; batches of one partition keep their order."""

    async def work() -> None:
        proxy = Proxy((address.host, address.port)).cut(Cut.SILENCE, after=20_000)
        with proxy:
            sink = Sink(settings.model_copy(update={"port": proxy.port}), address.password, generation=1)
            hanging = asyncio.create_task(sink.store(0, batch(), SPAN))
            await asyncio.to_thread(proxy.done.wait)
            for applied in range(3):
                progress = Progress(generation=1, partition=1, applied=applied, watermark=applied)
                await sink.store(1, TableRows(progress=progress), (applied, applied))
            await sink.close()
            with pytest.raises(InDoubt):
                await hanging

    run(work())
    rows = client.execute(f"SELECT partition, max(applied) FROM {settings.database}.progress GROUP BY partition")
    assert rows == [(1, 2)]
