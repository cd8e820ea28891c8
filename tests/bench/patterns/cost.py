"""CPU and memory of `thalweg discover` with its patterns: ``python -m tests.bench.patterns.cost [SESSIONS…]``.

Sessions with planted funnels, put into a store that is gone afterwards. Each size is measured in a process of its own,
so that its peak is its own; the store's server is another process.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from streams.settings import load_settings
from streams.warehouse.client import client_options, make_client
from streams.warehouse.embedded.store import ADDRESS_FILE, ServerRecord
from streams.warehouse.insert import InsertClient
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target
from tests.bench.models import _cpu, _peak_mib
from tests.models.discovery.planted import Site, plant

SIZES = (60_000, 200_000, 1_000_000)
AT_ONCE = 50_000
_FILL = (
    "INSERT INTO {database}.sessions (session_id, app_id, visitor_id, start_tstamp, steps, step_offsets_ms, dvce_type,"
    " version) VALUES"
)


def main() -> None:
    """Make a store of each size, measure, print a line of JSON for each."""
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2])
        return
    if sys.argv[1:2] == ["fill"]:
        fill(sys.argv[2], int(sys.argv[3]))
        return
    for sessions in map(int, sys.argv[1:] or map(str, SIZES)):
        with tempfile.TemporaryDirectory() as folder, open_target(f"{folder}/store", load_settings(None)) as target:
            client = make_client(target.clickhouse, target.password)
            migrate(client, target.clickhouse.database)
            subprocess.run(
                [sys.executable, "-m", "tests.bench.patterns.cost", "fill", folder, str(sessions)], check=True
            )
            client.disconnect()
            subprocess.run([sys.executable, "-m", "tests.bench.patterns.cost", "measure", folder], check=True)


def fill(folder: str, sessions: int) -> None:
    """Each visitor has one session."""
    made = plant(Site(sessions=sessions, seed=5))
    with open_target(f"{folder}/store", load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        for first in range(0, sessions, AT_ONCE):
            rows = [
                (UUID(int=n + 1), "shop", UUID(int=n + 1), 1_772_409_600 + n, steps, [*range(len(steps))], "Mobile", 1)
                for n, steps in enumerate(made.sessions[first : first + AT_ONCE], first)
            ]
            client.execute(_FILL.replace("{database}", target.clickhouse.database), rows)
        client.disconnect()


def measure(folder: str) -> None:
    """Everything in this process; CPU of each part, beside what the server took meanwhile."""
    from models.discovery.discover import discover
    from models.funnels import FunnelData
    from models.paths import learn_templates, make_paths, steps_of
    from models.patterns import kept, model
    from models.patterns.assigning import assign_sessions
    from models.patterns.saved import load_model
    from models.reading import LeftOut, read_steps
    from models.selection import Selection

    told: dict[str, object] = {}
    with open_target(f"{folder}/store", load_settings(None)) as target:
        client = InsertClient(**client_options(target.clickhouse, target.password))
        database, shop = target.clickhouse.database, Selection(app="shop")
        server = msgspec.json.decode((Path(folder) / "store" / ADDRESS_FILE).read_bytes(), type=ServerRecord).pid
        with _timed(told, "read", server):
            raw = read_steps(client, database, shop)
            templates = learn_templates(raw)
            data = FunnelData(raw, templates, steps_of(raw, templates), LeftOut(0, 0))
            paths = make_paths(raw, data.steps)
        with _timed(told, "funnels", server):
            found = discover(paths)
        funnels = [(UUID(int=n), finding.steps) for n, finding in enumerate(found.findings)]
        with _timed(told, "learn", server):
            learned = model.learn_model("shop", paths, funnels, templates, 0)
        with _timed(told, "keep", server):
            kept.keep_patterns(client, database, raw, paths, learned, shop, {})
        saved = load_model(client, database, "shop")
        assert saved is not None
        with _timed(told, "assign", server):
            assign_sessions(client, database, saved, shop)
        client.disconnect()
    told |= {
        "sessions": len(paths),
        "steps": len(paths.codes),
        "funnels": len(funnels),
        "server_peak_mib": _peak_mib(server),
    }
    print(json.dumps(told))


@contextmanager
def _timed(told: dict[str, object], what: str, server: int) -> Iterator[None]:
    """CPU seconds of this process and of the server, and the peak so far."""
    wall, cpu, server_cpu = time.monotonic(), time.process_time(), _cpu(server)
    yield
    told[what] = {
        "cpu_s": round(time.process_time() - cpu, 2),
        "server_cpu_s": round(_cpu(server) - server_cpu, 2),
        "wall_s": round(time.monotonic() - wall, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


if __name__ == "__main__":
    main()
