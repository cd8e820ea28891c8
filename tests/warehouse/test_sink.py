"""The sink against the embedded server, over real connections that a proxy cuts."""

import asyncio
import socket
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from clickhouse_driver import Client

from streams.errors import StoreError
from streams.records import INFINITY, Progress
from streams.settings import ClickHouseSettings
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.failures import InDoubt, Refused
from streams.warehouse.migrate import migrate
from streams.warehouse.sink import Sink, TableRows
from tests.warehouse.cutting_proxy import Cut, CuttingProxy
from tests.warehouse.rows import DAY, NOON, event, outcome, session

EVENTS = 200
SPAN = (0, EVENTS - 1)


def _batch(**more: Any) -> TableRows:
    return TableRows(
        events=[event(number, NOON + number, raw_offset=number, **more) for number in range(EVENTS)],
        sessions=[session("s", NOON, NOON + EVENTS)],
        outcomes=[outcome(number) for number in range(EVENTS)],
        rules={"hash": "text"},
        progress=Progress(generation=1, partition=0, applied=EVENTS - 1, watermark=INFINITY),
    )


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


def _stored(client: Client, settings: ClickHouseSettings) -> dict[str, int]:
    """Rows as they lie in the tables, without FINAL: what the server did not drop."""
    tables = ("rules", "events", "sessions", "outcomes", "progress")
    return {table: client.execute(f"SELECT count() FROM {settings.database}.{table}")[0][0] for table in tables}


ONCE = {"rules": 1, "events": EVENTS, "sessions": 1, "outcomes": EVENTS, "progress": 1}


def test_a_batch_is_stored_in_order_and_progress_last(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Who reads progress finds everything it speaks of."""
    told: list[tuple[str, int]] = []

    async def work() -> None:
        sink = Sink(settings, address.password, generation=1, on_event=lambda what, n: told.append((what, n)))
        sink.check()
        await sink.store(0, _batch(), SPAN)
        await sink.close()

    _run(work())
    assert _stored(client, settings) == ONCE
    assert [what for what in told if what[0].startswith("rows.")] == [
        (f"rows.{table}", ONCE[table]) for table in ("rules", "events", "sessions", "outcomes", "progress")
    ]


@pytest.mark.parametrize("wrong", ["port", "password"])
def test_the_first_word_says_what_is_wrong(wrong: str, settings: ClickHouseSettings, address: StoreAddress) -> None:
    """A worker that cannot reach its store stops at its start, with the mend, without the password."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        closed = bound.getsockname()[1]
    reached = settings.model_copy(update={"port": closed}) if wrong == "port" else settings
    with pytest.raises(StoreError, match=r"does not let us in as .* \(code (210|516)\)") as refused:
        Sink(reached, "hidden-word" if wrong == "password" else address.password, generation=1).check()
    assert "THALWEG_CLICKHOUSE_PASSWORD" in refused.value.mend
    assert "hidden-word" not in str(refused.value)


def test_the_same_batch_again_is_dropped_by_the_server(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Same offsets, same rows: same token, no second copy even without FINAL, from another process's sink too."""

    async def work() -> None:
        for _ in range(2):
            sink = Sink(settings, address.password, generation=1)
            await sink.store(0, _batch(), SPAN)
            await sink.close()

    _run(work())
    assert _stored(client, settings) == ONCE


def test_other_rows_of_the_same_offsets_are_never_dropped(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """The token holds a hash of the content: a batch folded otherwise, or of another generation, is stored."""

    async def work() -> None:
        for generation, title in ((1, ""), (1, "changed"), (2, "changed")):
            sink = Sink(settings, address.password, generation=generation)
            rows = TableRows(events=[event("e", page_title=title, version=generation << 48)])
            await sink.store(0, rows, (0, 0))
            await sink.close()

    client.execute(f"SYSTEM STOP MERGES {settings.database}.events")
    _run(work())
    assert _stored(client, settings)["events"] == 3


@pytest.mark.parametrize(("partition", "generation", "span"), [(1, 1, SPAN), (0, 2, SPAN), (0, 1, (0, EVENTS))])
def test_equal_rows_of_other_offsets_are_another_insert(
    partition: int,
    generation: int,
    span: tuple[int, int],
    client: Client,
    settings: ClickHouseSettings,
    address: StoreAddress,
) -> None:
    """The token names generation, partition and span: the server must not drop what it merely saw elsewhere."""

    async def work() -> None:
        rows = TableRows(outcomes=[outcome(0)])
        for each in ((0, 1, SPAN), (partition, generation, span)):
            sink = Sink(settings, address.password, generation=each[1])
            await sink.store(each[0], rows, each[2])
            await sink.close()

    client.execute(f"SYSTEM STOP MERGES {settings.database}.outcomes")
    _run(work())
    assert _stored(client, settings)["outcomes"] == 2


def test_an_insert_may_touch_more_than_a_hundred_partitions(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Old events and replays do; the server's default limit would refuse them for ever."""

    async def work() -> None:
        sink = Sink(settings, address.password, generation=1)
        await sink.store(0, TableRows(events=[event(n, NOON - n * 31 * DAY) for n in range(150)]), (0, 149))
        await sink.close()

    _run(work())
    months = client.execute(f"SELECT uniqExact(toYYYYMM(derived_tstamp)) FROM {settings.database}.events_v")
    assert months[0][0] > 100


@pytest.mark.parametrize("cut", [Cut.MID_TRANSFER, Cut.LOST_ANSWER])
@pytest.mark.parametrize("after", [20_000, 200])
def test_a_cut_connection_is_tried_again_with_the_same_bytes(
    cut: Cut, after: int, client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Cut at the query, within the rows, or after the server stored them: each row is there once, without FINAL."""
    told: Counter[str] = Counter()

    async def work() -> None:
        proxy = CuttingProxy((address.host, address.port), cut, after=after, cuts=3)
        async with proxy.serve():
            through = settings.model_copy(update={"port": proxy.port})
            sink = Sink(
                through,
                address.password,
                generation=1,
                on_event=lambda what, n: told.update({what: n}),
                first_wait=0.001,
            )
            await sink.store(0, _batch(), SPAN)
            assert proxy.done.is_set()
            await sink.close()

    _run(work())
    assert _stored(client, settings) == ONCE
    assert sum(n for what, n in told.items() if what.startswith("retries.")) >= 3


def test_cancelling_leaves_the_insert_in_doubt(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """The caller is told at once; nothing is acknowledged; the same batch stored again is there once."""

    async def work() -> None:
        proxy = CuttingProxy((address.host, address.port), Cut.SILENCE, after=20_000)
        async with proxy.serve():
            through = settings.model_copy(update={"port": proxy.port})
            told: list[str] = []
            sink = Sink(through, address.password, generation=1, on_event=lambda what, _: told.append(what))
            store = asyncio.create_task(sink.store(0, _batch(), SPAN))
            await proxy.done.wait()
            store.cancel()
            with pytest.raises(asyncio.CancelledError):
                await store
            assert "rows.events" not in told
            await sink.close()
        again = Sink(settings, address.password, generation=1)
        await again.store(0, _batch(), SPAN)
        await again.close()

    _run(work())
    assert _stored(client, settings) == ONCE


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
        first = asyncio.create_task(sink.store(0, _batch(), SPAN))
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

    _run(work())


def test_closing_gives_up_what_hangs(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> None:
    """A server that never answers does not hold a worker that stops; its caller learns that nothing is sure."""

    async def work() -> None:
        proxy = CuttingProxy((address.host, address.port), Cut.SILENCE, after=20_000)
        async with proxy.serve():
            sink = Sink(settings.model_copy(update={"port": proxy.port}), address.password, generation=1)
            store = asyncio.create_task(sink.store(0, _batch(), SPAN))
            await proxy.done.wait()
            await sink.close()
            with pytest.raises(InDoubt):
                await store

    _run(work())


def test_partitions_do_not_wait_for_each_other(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """One hangs, the other is stored; batches of one partition keep their order."""

    async def work() -> None:
        proxy = CuttingProxy((address.host, address.port), Cut.SILENCE, after=20_000)
        async with proxy.serve():
            sink = Sink(settings.model_copy(update={"port": proxy.port}), address.password, generation=1)
            hanging = asyncio.create_task(sink.store(0, _batch(), SPAN))
            await proxy.done.wait()
            for applied in range(3):
                progress = Progress(generation=1, partition=1, applied=applied, watermark=applied)
                await sink.store(1, TableRows(progress=progress), (applied, applied))
            await sink.close()
            with pytest.raises(InDoubt):
                await hanging

    _run(work())
    rows = client.execute(f"SELECT partition, max(applied) FROM {settings.database}.progress GROUP BY partition")
    assert rows == [(1, 2)]


def test_a_refusal_names_code_and_table_and_no_content(
    bare: Client, fresh: ClickHouseSettings, address: StoreAddress
) -> None:
    """A missing table is the operator's matter, not the rows'; the sink serves on."""
    migrate(bare, fresh.database)
    bare.execute(f"DROP TABLE {fresh.database}.sessions")

    async def work() -> None:
        sink = Sink(fresh, address.password, generation=1)
        with pytest.raises(Refused, match="sessions: code 60") as refused:
            await sink.store(0, _batch(), SPAN)
        assert not refused.value.by_rows
        assert refused.value.__cause__ is None
        await sink.store(0, TableRows(outcomes=[outcome(0)]), (0, 0))
        await sink.close()

    _run(work())
    assert bare.execute(f"SELECT count() FROM {fresh.database}.progress") == [(0,)]


def test_rows_that_do_not_fit_stop_the_batch_before_anything_is_stored(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """They are the rows' fault, so that the caller can find them; no other table got its part."""

    async def work() -> None:
        sink = Sink(settings, address.password, generation=1)
        rows = _batch()
        rows.outcomes[7].size = -1
        with pytest.raises(Refused, match=r"outcomes\.size: code 53") as refused:
            await sink.store(0, rows, SPAN)
        assert refused.value.by_rows
        await sink.close()

    _run(work())
    assert set(_stored(client, settings).values()) == {0}
