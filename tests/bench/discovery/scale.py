"""Wall, CPU and memory of `thalweg discover` over sessions of a store: ten thousand, a hundred thousand, a million.

The store makes the sessions itself, six funnels planted in them. The command is a process of its own beside the server.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import ADDRESS_FILE, ServerRecord
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target
from tests.models.discovery.planted import Site, plant

SIZES = (10_000, 100_000, 1_000_000)
AT_ONCE = 100_000
SHARE = 60
"""Of 1000 sessions, that walk one funnel."""
_MAKE = """
INSERT INTO {database}.sessions
    (session_id, app_id, visitor_id, start_tstamp, end_tstamp, views, steps, step_offsets_ms, dvce_type, version)
WITH
    {funnels} AS funnels,
    {pages} AS pages,
    toDateTime64('2026-03-02 00:00:00', 3, 'UTC') + toIntervalMillisecond(number * 600) AS start,
    i -> pages[1 + toUInt32(floor(pow(length(pages) + 1, (cityHash64(number, i) % 1000003) / 1000003)) - 1)] AS noise,
    cityHash64(number, 'which') % 1000 AS which,
    if(which < {share} * length(funnels), funnels[1 + intDiv(which, {share})], []) AS funnel,
    arrayFirstIndex(k -> k > 1 AND cityHash64(number, k, 'leaves') % 100 < 16, arrayEnumerate(funnel)) AS leaves,
    if(leaves = 0, funnel, arraySlice(funnel, 1, leaves - 1)) AS walked,
    arrayFlatten(arrayMap((step, k) -> if(cityHash64(number, k, 'noise') % 10 < 3, [noise(100 + k), step], [step]),
        walked, arrayEnumerate(walked))) AS middle,
    arrayConcat(
        arrayMap(i -> noise(i), range(cityHash64(number, 'before') % if(empty(funnel), 6, 3))), middle,
        arrayMap(i -> noise(50 + i), range(1 + cityHash64(number, 'after') % if(empty(funnel), 5, 2)))) AS all
SELECT
    reinterpretAsUUID(sipHash128(number)), 'shop', reinterpretAsUUID(sipHash128(cityHash64(number) % {visitors}, 1)),
    start, start, length(all), all, arrayMap(i -> i * 9000, range(length(all))), 'Mobile', 1
FROM numbers({first}, {count})
"""


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each size up to ``sessions``, each with a store of its own."""
    for size in (size for size in SIZES if size <= sessions):
        with (
            tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder,
            open_target(f"{folder}/store", load_settings(None)) as target,
        ):
            funnels = _make(target, size)
            yield {"sessions": size, **_discover(Path(folder), funnels)}


def _make(target: Target, sessions: int) -> set[tuple[str, ...]]:
    """What was planted."""
    site = plant(Site(sessions=0, seed=sessions))
    pages = [f"page:/topic-{'abcdefgh'[n % 8]}/{'klmnopqrst'[n // 8]}" for n in range(40)]
    database = target.clickhouse.database
    client = make_client(target.clickhouse, target.password)
    migrate(client, database)
    for first in range(0, sessions, AT_ONCE):
        words = {"funnels": [list(funnel) for funnel in site.funnels], "pages": pages, "share": SHARE}
        numbers = {"first": first, "count": min(AT_ONCE, sessions - first), "visitors": sessions // 2}
        client.execute(_MAKE.format(database=database, **words, **numbers))
    client.disconnect()
    return set(site.funnels)


def _discover(folder: Path, funnels: set[tuple[str, ...]]) -> dict[str, object]:
    server = msgspec.json.decode((folder / "store" / ADDRESS_FILE).read_bytes(), type=ServerRecord).pid
    before, began = _cpu(server), time.monotonic()
    with (folder / "told.json").open("wb") as told:
        command = [sys.executable, "-m", "streams.cli", "discover", "--store", f"{folder}/store", "--json"]
        process = subprocess.Popen(command, stdout=told)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"discover ended with {os.waitstatus_to_exitcode(status)}")
    findings = msgspec.json.decode((folder / "told.json").read_bytes())["findings"]
    found = {tuple(one["steps"][k]["step"] for k in range(len(one["steps"]))) for one in findings}
    return {
        "planted": len(funnels),
        "found": len(found & funnels),
        "false": len(found - funnels),
        "wall s": round(time.monotonic() - began, 1),
        "CPU s": round(used.ru_utime + used.ru_stime, 1),
        "peak MiB": used.ru_maxrss >> 10,
        "store: CPU s": round(_cpu(server) - before, 1),
        "store: peak MiB": _peak_mib(server),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu(process: int) -> float:
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))
