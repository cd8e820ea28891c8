"""One at a time of what must not meet itself in a store: a lease in table ``leases`` (decisions 0014, 0030)."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from streams.errors import StoreError
from streams.warehouse.client import qualified

SECONDS = 60.0
"""How long a lease holds that is not renewed: of a process that died."""
_NOW = "now64(3, 'UTC')"
_WAIT = 1.0
"""Seconds in which two that claim at once come apart."""
_random = random.SystemRandom()


class LeaseTakenError(StoreError):
    """Another one holds it."""


class LeaseLostError(StoreError):
    """Its holder was held up for longer than it holds: another one may have begun."""


class Lease:
    """The claim of one process. Times are the server's: the clocks of hosts do not matter. For several threads."""

    def __init__(self, client: Client, database: str, name: str, seconds: float = SECONDS) -> None:
        """``client`` is the lease's own; ``name`` is what is held, in words; ``seconds`` is how long a claim holds."""
        self._client, self._database, self._name, self._seconds = client, database, name, seconds
        self._owner = str(uuid.uuid4())
        self._lock = threading.Lock()

    def take(self, wait: float = _WAIT) -> None:
        """Claim it, or raise LeaseTakenError when another one still holds it after ``wait`` seconds.

        Look, claim, look again: of two that claim at once at least one sees the other and gives way, so that never
        both hold it.
        """
        until = time.monotonic() + wait
        while others := self._try():
            if time.monotonic() >= until:
                raise LeaseTakenError(
                    f"another {self._name} holds this store (for {others:.0f} s more, if it has died)",
                    "wait for its end",
                )
            time.sleep(_random.uniform(0.1, 0.5))

    def _try(self) -> float:
        """0 when it is ours now, else for how many seconds that of others holds."""
        others = self.others()
        if not others:
            self._claim(self._seconds)
            others = self.others()
            if others:
                self.give_back()
        return others

    def renew(self) -> None:
        """As from now; not where most of it has run out: another may be about to take it."""
        self._execute(
            f"INSERT INTO {{database}}.leases (name, owner, until_tstamp, version)"  # noqa: S608 - constants
            f" SELECT name, owner, {_NOW} + toIntervalMillisecond(%(ms)s), version + 1 FROM {{database}}.leases FINAL"
            f" WHERE name = %(name)s AND owner = %(owner)s"
            f" AND until_tstamp > {_NOW} + toIntervalMillisecond(%(spare)s)",
            ms=int(self._seconds * 1000),
            spare=int(self._seconds * 250),
        )

    def give_back(self) -> None:
        """Hold it no longer."""
        self._claim(0)

    def others(self) -> float:
        """For how many seconds the longest claim of others holds."""
        ms = self._execute(
            f"SELECT max(toUnixTimestamp64Milli(until_tstamp) - toUnixTimestamp64Milli({_NOW})) FROM"  # noqa: S608
            " {database}.leases FINAL WHERE name = %(name)s AND owner != %(owner)s"
        )
        return max(0, ms) / 1000

    def check(self) -> None:
        """Raises LeaseLostError where it does not hold."""
        if not self._execute(
            "SELECT count() FROM {database}.leases FINAL"  # noqa: S608 - constants
            f" WHERE name = %(name)s AND owner = %(owner)s AND until_tstamp > {_NOW}"
        ):
            raise LeaseLostError(
                f"this {self._name} was held up for longer than its lease holds: another one may have begun",
                "run it again as it was: that mends what either left",
            )

    def _claim(self, seconds: float) -> None:
        self._execute(
            "INSERT INTO {database}.leases (name, owner, until_tstamp, version)"  # noqa: S608 - constants
            f" SELECT %(name)s, %(owner)s, {_NOW} + toIntervalMillisecond(%(ms)s), 1 + (SELECT max(version)"
            " FROM {database}.leases WHERE name = %(name)s AND owner = %(owner)s)",
            ms=int(seconds * 1000),
        )

    def _execute(self, query: str, **params: object) -> int:
        """The one number of a query; 0 of an insert."""
        with self._lock:
            rows = self._client.execute(
                qualified(query, self._database),
                {"name": self._name, "owner": self._owner, **params},
                settings={"async_insert": 0},
            )
        return int(rows[0][0]) if rows else 0


@contextmanager
def held(
    connect: Callable[[], Client], database: str, name: str, *, seconds: float = SECONDS, wait: float = _WAIT
) -> Iterator[Lease]:
    """The lease of that name, renewed by a thread of its own. Raises LeaseTakenError after ``wait`` seconds."""
    client = connect()
    lease = Lease(client, database, name, seconds)
    ended = threading.Event()
    renewing = threading.Thread(target=_keep, args=(lease, ended, seconds / 4), name="lease", daemon=True)
    try:
        lease.take(wait)
        renewing.start()
        try:
            yield lease
        finally:
            ended.set()
            renewing.join()
            with suppress(driver.Error, OSError, EOFError):  # it runs out by itself
                lease.give_back()
    finally:
        client.disconnect()


def _keep(lease: Lease, ended: threading.Event, pause: float) -> None:
    while not ended.wait(pause):
        with suppress(driver.Error, OSError, EOFError):  # the next check tells
            lease.renew()
