"""Never two of one name at a time, and what has run out is not taken up again."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from clickhouse_driver import Client

from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.lease import Lease, LeaseLostError, LeaseTakenError, held
from tests.kafka.waiting import wait_until


@pytest.fixture
def connect(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> Callable[[], Client]:
    """Clients of a migrated database where nothing is held."""
    client.execute(f"TRUNCATE TABLE {settings.database}.leases")
    return partial(make_client, settings, address.password)


def test_never_two_hold_it(connect: Callable[[], Client], settings: ClickHouseSettings) -> None:
    """Six at once, again and again, each for a moment; and nobody starves."""
    inside, most, times = 0, 0, 0
    lock = threading.Lock()

    def go_in_and_out() -> None:
        nonlocal inside, most, times
        for _ in range(3):
            with held(connect, settings.database, "count", wait=60) as lease:
                with lock:
                    inside, times = inside + 1, times + 1
                    most = max(most, inside)
                lease.check()
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=go_in_and_out) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (most, times) == (1, 18)


def test_another_name_is_another_lease(connect: Callable[[], Client], settings: ClickHouseSettings) -> None:
    """It is neither refused nor does it refuse; one of the same name is, in words."""
    with (
        held(connect, settings.database, "count of blog", wait=0),
        held(connect, settings.database, "count", wait=0),
        pytest.raises(LeaseTakenError, match="another count of blog holds this store"),
        held(connect, settings.database, "count of blog", wait=0),
    ):
        pass
    with held(connect, settings.database, "count of blog", wait=0) as lease:
        lease.check()


def test_a_lease_is_renewed_and_never_taken_up_again(
    connect: Callable[[], Client], settings: ClickHouseSettings
) -> None:
    """Held for longer than it holds by itself; once run out, it stays so though nobody else has come."""
    name = settings.database
    with held(connect, name, "count", seconds=4) as lease, connect() as client:
        with pytest.raises(LeaseTakenError):
            Lease(client, name, "count").take(6)
        lease.check()

    with connect() as client:
        other, short = Lease(client, name, "count"), Lease(client, name, "count", seconds=0.001)
        other.take()
        other.give_back()
        short.take()
        wait_until(lambda: not other.others(), 10, "the end of the short lease")
        short.renew()
        with pytest.raises(LeaseLostError, match="this count was held up for longer"):
            short.check()
