"""A client's traffic through a fault, and what the books, the witness and the client's truth say at rest."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.faults.courses.site import PATIENCE, Site
from tests.faults.result import Result
from tests.flow.live_client import LiveClient
from tests.flow.live_truth import expected_outcomes, expected_sessions
from tests.flow.live_witness import Witness
from tests.kafka.waiting import wait_until


@contextmanager
def traffic(site: Site, seed: int) -> Iterator[tuple[LiveClient, Witness]]:
    """A client that sends and a witness that looks, both running; both are ended at the end."""
    client, witness = LiveClient(site.at, seed), Witness(site.at)
    witness.start()
    client.start()
    try:
        yield client, witness
    finally:
        for thread in (client, witness):
            if thread.is_alive():
                thread.end()


def rest(site: Site, witness: Witness, result: Result) -> Result:
    """After the traffic of a client: the result with what the books, the witness and the client's truth say."""
    raw = site.raw()
    began = time.monotonic()
    site.await_outcomes(len(raw))
    _await_sessions(site, expected_sessions(raw))
    seconds = time.monotonic() - began
    witness.end()
    print(*witness.ahead, sep="\n")
    audit = site.audit(raw)
    client = site.at.client()
    found = Counter(
        client.execute(
            "SELECT toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp), total_events"
            f" FROM {site.at.database}.sessions_v"
        )
    )
    client.disconnect()
    held = {
        "I1": audit.lost == 0 and audit.outcomes == expected_outcomes(raw),
        "I2": audit.repeated == 0,
        "I4": not witness.ahead,
        "I5": True,  # else the waiting above has failed
        "I6": audit.are_letters_true,
        "I7": found == expected_sessions(raw),
    }
    return with_figures(
        result,
        records=len(raw),
        lost=audit.lost,
        duplicates=audit.duplicates,
        looks=sum(witness.looks.values()),
        ahead=len(witness.ahead),
        held={**held, **result.held},
        exits=[*result.exits, *site.exits],
        recoveries=[*result.recoveries, round(seconds, 1)],
    )


def _await_sessions(site: Site, expected: Counter[tuple[int, int, int]]) -> None:
    client, database = site.at.client(), site.at.database

    def closed() -> bool:
        site.tend()
        ((final, open_),) = client.execute(
            f"SELECT countIf(is_final = 1), countIf(is_final = 0) FROM {database}.sessions_v"
        )
        return bool(final >= expected.total() and not open_)

    wait_until(closed, PATIENCE, f"{expected.total()} sessions closed")
    client.disconnect()


def with_figures(result: Result, **known: Any) -> Result:
    """The result with more told."""
    return replace(result, **known)
