"""CPU and memory of reading paths and counting a five-step funnel: ``python -m tests.bench.models [SESSIONS]``.

The sessions are made by the store itself, in a folder that is gone afterwards. Each measurement is a process of its
own, so that its peak is its own; the store's server is another process.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from models.funnel import Funnel
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import ADDRESS_FILE, ServerRecord
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target

SESSIONS = 1_000_000
AT_ONCE = 100_000
FUNNEL = Funnel(
    steps=("page:/", "page:/category/:id", "page:/product/:id", "event:Product Added", "event:Order Completed")
)
_MAKE = """
INSERT INTO {database}.sessions
    (session_id, app_id, visitor_id, start_tstamp, end_tstamp, views, steps, step_offsets_ms, dvce_type, version)
WITH
    toDateTime64('2026-03-02 00:00:00', 3, 'UTC') + toIntervalMillisecond(number * 600) AS start,
    arrayMap(i -> multiIf(
        cityHash64(number, i) % 16 < 4, 'page:/',
        cityHash64(number, i) % 16 < 6, 'page:/search',
        cityHash64(number, i) % 16 < 8, concat('page:/category/', toString(cityHash64(number, i, 2) % 40), 'x'),
        concat('page:/product/', toString(
            intDiv(cityHash64(number, i, 3) % 5000 * (cityHash64(number, i, 4) % 5000), 5000)))
    ), range(1 + cityHash64(number, 5) % 9)) AS pages,
    arrayConcat(pages,
        if(cityHash64(number, 6) % 4 = 0, ['event:Product Added', 'page:/cart'], []),
        if(cityHash64(number, 6) % 8 = 0, ['event:Order Completed'], [])) AS all
SELECT
    reinterpretAsUUID(sipHash128(number)), 'shop', reinterpretAsUUID(sipHash128(cityHash64(number) % 400000, 1)),
    start, start, length(all), all, arrayMap(i -> i * 9000, range(length(all))), 'Mobile', 1
FROM numbers({first}, {count})
"""


def main() -> None:
    """Make the store, measure each, print a line of JSON for each."""
    if len(sys.argv) == 4:
        measure(sys.argv[2], sys.argv[3])
        return
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS
    with tempfile.TemporaryDirectory() as folder, open_target(f"{folder}/store", load_settings(None)) as target:
        _make(target, sessions)
        for what in ("paths", "folded", "funnel"):
            subprocess.run([sys.executable, "-m", "tests.bench.models", "measure", what, folder], check=True)


def _make(target: Target, sessions: int) -> None:
    client = make_client(target.clickhouse, target.password)
    migrate(client, target.clickhouse.database)
    for first in range(0, sessions, AT_ONCE):
        words = {"database": target.clickhouse.database, "first": first, "count": min(AT_ONCE, sessions - first)}
        client.execute(_MAKE.format(**words))
    client.disconnect()


def measure(what: str, folder: str) -> None:
    """Do one thing in this process and tell what it took, beside what the server took meanwhile."""
    from models.funnels import count_funnel, read_funnel_data
    from models.paths import read_paths
    from models.selection import Selection

    with open_target(f"{folder}/store", load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        server = msgspec.json.decode((Path(folder) / "store" / ADDRESS_FILE).read_bytes(), type=ServerRecord).pid
        wall, cpu, server_cpu = time.monotonic(), time.process_time(), _cpu(server)
        told: dict[str, object] = {"what": what}
        if what == "funnel":
            data = read_funnel_data(client, target.clickhouse.database, Selection())
            told["read_cpu_s"] = round(time.process_time() - cpu, 2)
            told["counts"] = [step.count for step in count_funnel(data, FUNNEL).total.steps]
        else:
            paths = read_paths(client, target.clickhouse.database, fold=what == "folded")
            told |= {"sessions": len(paths), "steps": len(paths.codes), "vocabulary": len(paths.vocabulary)}
        told |= {
            "wall_s": round(time.monotonic() - wall, 2),
            "cpu_s": round(time.process_time() - cpu, 2),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
            "server_cpu_s": round(_cpu(server) - server_cpu, 2),
            "server_peak_mib": _peak_mib(server),
        }
        client.disconnect()
    print(json.dumps(told))


def _cpu(process: int) -> float:
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _peak_mib(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
