"""F9: the warehouse is there and refuses: too many parts, no space, no memory, read only."""

import asyncio
import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from clickhouse_driver import Client

from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import open_store
from streams.warehouse.failures import Refused
from streams.warehouse.insert import Encoded, encode
from streams.warehouse.lane import Lane
from tests.faults.courses.site import PATIENCE, Install, Site
from tests.faults.courses.tmpfs import CANNOT, fill, small_disk
from tests.faults.courses.traffic import rest, traffic, with_figures
from tests.faults.result import Result
from tests.kafka.waiting import wait_until
from tests.warehouse import debian
from tests.warehouse.debian import PASSWORD, DebianClickHouse

TOO_MANY_PARTS, NOT_ENOUGH_SPACE, MEMORY, READONLY = 252, 243, 241, 164
TABLES = ("events", "sessions", "visitors", "outcomes", "progress")
MEGABYTES = 160


def too_many_parts(install: Install, *, rounds: int = 5, seconds: float = 10, seed: int = 9) -> Result:
    """Each table in turn takes no more parts for a while; then it does again."""
    site = Site(install())
    site.at.set_up()
    site.start("enrich", "sessions")
    store = site.at.client()
    with traffic(site, seed) as (client, witness):
        for number in range(rounds):
            client.send_more(150)
            table = f"{site.at.database}.{TABLES[number % len(TABLES)]}"
            store.execute(f"SYSTEM STOP MERGES {table}")
            store.execute(f"ALTER TABLE {table} MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1")
            _await_code(site, TOO_MANY_PARTS, number + 1)
            time.sleep(seconds)
            store.execute(f"ALTER TABLE {table} RESET SETTING parts_to_throw_insert, parts_to_delay_insert")
            store.execute(f"SYSTEM START MERGES {table}")
        client.send_more(150)
        client.end()
        store.disconnect()
        result = rest(site, witness, Result("F9", "252 TOO_MANY_PARTS, table by table", seed, rounds=rounds))
    return _judged(site, result, TOO_MANY_PARTS)


def no_space(install: Install, *, rounds: int = 3, seconds: float = 10, seed: int = 10) -> Result:
    """The disk of the store's server is full for a while."""
    how = f"243 NOT_ENOUGH_SPACE: the store's disk ({MEGABYTES} MB) full"
    home = Path(tempfile.mkdtemp(prefix="faults-disk-"))
    with small_disk(home / "disk", MEGABYTES) as disk:
        if disk is None:
            return Result("F9", how, cannot_run=CANNOT)
        with open_store(disk / "store") as store:
            site = Site(install(store=store))
            try:
                return _no_space(site, disk, rounds, seconds, Result("F9", how, seed, rounds=rounds))
            finally:
                site.at.close()


def _no_space(site: Site, disk: Path, rounds: int, seconds: float, result: Result) -> Result:
    site.at.set_up()
    site.start("enrich", "sessions")
    with traffic(site, result.seed) as (client, witness):
        for _ in range(rounds):
            client.send_more(150)
            before = len(_codes(site))
            filler = fill(disk)
            wait_until(lambda before=before: len(_codes(site)) > before, PATIENCE, "an insert that fails")  # type: ignore[misc]
            time.sleep(seconds)
            filler.unlink()
            site.tend()
        client.send_more(150)
        client.end()
        result = rest(site, witness, result)
    return _judged(site, result, NOT_ENOUGH_SPACE)


def _judged(site: Site, result: Result, code: int) -> Result:
    """Tried again with that code, and nothing is dead of it."""
    codes = _codes(site)
    client = site.at.client()
    ((unstorable,),) = client.execute(f"SELECT sumIf(n, reason = 'unstorable') FROM {site.at.database}.ledger")
    client.disconnect()
    held = {**result.held, "I5": not result.exits, "I6": result.held["I6"] and not unstorable}
    held["I1"] = held["I1"] and site.is_ledger_clean()
    figures: dict[str, float] = {f"attempts refused with {each}": codes.count(each) for each in sorted(set(codes))}
    return with_figures(result, held=held, figures=figures, word=f"tried again until it passes; asked for was {code}")


def _codes(site: Site) -> list[int]:
    return [int(code) for code in re.findall(r"failed \(code (\d+)\)", site.log_text())]


def _await_code(site: Site, code: int, times: int) -> None:
    wait_until(lambda: _codes(site).count(code) >= times, PATIENCE, f"code {code}")


COLUMNS = {"number": "UInt64"}
WAITS = (0.05, 0.2)


def on_a_real_server(_install: Install, *, rows: int = 1_000) -> Result:
    """No memory, read only, too many parts: Debian's server, whose user's limits are changed under the sink's lane."""
    how = "241 MEMORY_LIMIT_EXCEEDED, 164 READONLY on Debian's ClickHouse server"
    if not debian.install():
        return Result("F9", how, cannot_run="Debian's clickhouse-server is not here")
    with tempfile.TemporaryDirectory(prefix="faults-clickhouse-") as home, DebianClickHouse(Path(home)) as server:
        asking = make_client(server.settings(), PASSWORD)
        asking.execute("CREATE TABLE wire.rows (number UInt64) ENGINE = MergeTree ORDER BY number")
        encoded = encode("rows", COLUMNS, [list(range(rows))])
        memory = _while_limited(server, asking, encoded, "<max_memory_usage>1000</max_memory_usage>")
        refused = _refusal(server, asking, encoded, "<readonly>1</readonly>")
        found = asking.execute("SELECT count(), uniqExact(number) FROM wire.rows")
        asking.disconnect()
    return Result(
        fault="F9",
        how=how,
        rounds=2,
        records=2 * rows,
        held={
            "I1": found == [(2 * rows, rows)],
            "I2": found == [(2 * rows, rows)],
            "I5": bool(memory) and refused == READONLY,
        },
        figures={"attempts refused with 241": memory, "refused with": refused},
        word="241 is tried again with the same bytes; 164 is the operator's to mend: the worker ends with 70 and says"
        " so, nothing is dead, and it stores once it may write",
    )


def _limit(server: DebianClickHouse, asking: Client, limit: str) -> Callable[[], None]:
    """Give the writer a limit that holds for new connections; returns what takes it away."""
    users = server.home / "users.xml"
    before = users.read_text()

    def put(text: str) -> None:
        users.write_text(text)
        asking.execute("SYSTEM RELOAD CONFIG")

    put(re.sub(r"<default><max_memory_usage>\d+</max_memory_usage>", f"<default>{limit}", before))
    return lambda: put(before)


def _while_limited(server: DebianClickHouse, asking: Client, encoded: Encoded, limit: str) -> int:
    """Insert under the limit, lift it once it was refused; how many attempts were refused."""
    lift = _limit(server, asking, limit)
    refused: list[str] = []
    lane = Lane(server.settings(), PASSWORD, "limited", WAITS, insert_settings={})
    inserting = threading.Thread(target=_insert, args=(lane, encoded, refused))
    inserting.start()
    wait_until(lambda: len(refused) > 3, 60, "refused attempts")
    lift()
    inserting.join(60)
    lane.close()
    return len(refused)


def _insert(lane: Lane, encoded: Encoded, refused: list[str]) -> None:
    asyncio.run(lane.run(lambda stop: lane.insert(encoded, "token", stop, refused.append)))


def _refusal(server: DebianClickHouse, asking: Client, encoded: Encoded, limit: str) -> int:
    """The code of the refusal under the limit; then it is lifted and the rows are stored."""
    lift = _limit(server, asking, limit)
    code = 0
    for lane in (Lane(server.settings(), PASSWORD, name, WAITS, insert_settings={}) for name in ("limited", "again")):
        try:
            _insert(lane, encoded, [])
        except Refused as refused:
            code = refused.code
        lane.close()
        lift()
    return code
