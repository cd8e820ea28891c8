"""The sink against the embedded server."""

import socket

import pytest
from clickhouse_driver import Client

from streams.errors import StoreError
from streams.settings import ClickHouseSettings
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.failures import ROW_CODES, Refused
from streams.warehouse.migrate import migrate
from streams.warehouse.sink import Sink, TableRows
from tests.warehouse.batches import EVENTS, ONCE, SPAN, batch, run, stored
from tests.warehouse.rows import DAY, NOON, event, outcome


def test_a_batch_is_stored_in_order_and_progress_last(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Who reads progress finds everything it speaks of."""
    told: list[tuple[str, int]] = []

    async def work() -> None:
        sink = Sink(settings, address.password, generation=1, on_event=lambda what, n: told.append((what, n)))
        sink.check()
        await sink.store(0, batch(), SPAN)
        await sink.close()

    run(work())
    assert stored(client, settings) == ONCE
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
            await sink.store(0, batch(), SPAN)
            await sink.close()

    run(work())
    assert stored(client, settings) == ONCE


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
    run(work())
    assert stored(client, settings)["events"] == 3


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
    run(work())
    assert stored(client, settings)["outcomes"] == 2


def test_an_insert_may_touch_more_than_a_hundred_partitions(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """Old events and replays do; the server's default limit would refuse them for ever."""

    async def work() -> None:
        sink = Sink(settings, address.password, generation=1)
        await sink.store(0, TableRows(events=[event(n, NOON - n * 31 * DAY) for n in range(150)]), (0, 149))
        await sink.close()

    run(work())
    months = client.execute(f"SELECT uniqExact(toYYYYMM(derived_tstamp)) FROM {settings.database}.events_v")
    assert months[0][0] > 100


def test_a_refusal_names_code_and_table_and_no_content(
    bare: Client, fresh: ClickHouseSettings, address: StoreAddress
) -> None:
    """A missing table is the operator's matter, not the rows'; the sink serves on."""
    migrate(bare, fresh.database)
    bare.execute(f"DROP TABLE {fresh.database}.sessions")

    async def work() -> None:
        sink = Sink(fresh, address.password, generation=1)
        with pytest.raises(Refused, match="sessions: code 60") as refused:
            await sink.store(0, batch(), SPAN)
        assert refused.value.code not in ROW_CODES
        assert refused.value.__cause__ is None
        await sink.store(0, TableRows(outcomes=[outcome(0)]), (0, 0))
        await sink.close()

    run(work())
    assert bare.execute(f"SELECT count() FROM {fresh.database}.progress") == [(0,)]


def test_rows_that_do_not_fit_stop_the_batch_before_anything_is_stored(
    client: Client, settings: ClickHouseSettings, address: StoreAddress
) -> None:
    """They are the rows' fault, so that the caller can find them; no other table got its part."""

    async def work() -> None:
        sink = Sink(settings, address.password, generation=1)
        rows = batch()
        rows.outcomes[7].size = -1
        with pytest.raises(Refused, match=r"outcomes\.size: code 53") as refused:
            await sink.store(0, rows, SPAN)
        assert refused.value.code in ROW_CODES
        await sink.close()

    run(work())
    assert set(stored(client, settings).values()) == {0}
