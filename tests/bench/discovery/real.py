"""Discovery on clicks of real people, from the shared data folder: findings of one half, their lift on the other."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from models.discovery.discover import Discovery, discover
from models.discovery.limits import DEFAULT_LIMITS, Limits
from models.paths import Paths, read_paths
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target
from tests.models.discovery.arrays import as_paths
from tests.models.discovery.real_data import SHARED, sequences, shop

LOGS = {"elastic": "access_elastic_semicomplete/apache_logs", "erddap": "access_erddap_anon/tomcat-access.log.*"}
Row = dict[str, object]


def rows(_: str, seeds: int, sessions: int) -> Iterator[Row]:
    """One for each finding; a data set without one has a row that says why. ``seeds``: ways to part the visitors, and
    to shuffle the steps within the sessions."""
    clicks = shop("category", "page")
    yield from _of("shop 2008, category and page", as_paths(clicks), seeds)
    for seed in range(seeds):
        rng = random.Random(seed)
        yield from _of("the same, shuffled within", as_paths([rng.sample(steps, len(steps)) for steps in clicks]), 1)
    yield from _of("shop 2008, category", as_paths(shop("category")), seeds)
    yield from _of("shop 2008, product", as_paths(shop("product")), seeds)
    yield from _of("MSNBC", as_paths(sequences()), seeds)
    few = msgspec.structs.replace(DEFAULT_LIMITS, least_sessions=50)
    yield from _of("MSNBC, 50 sessions being enough", as_paths(sequences()), seeds, few)
    for name, files in LOGS.items():
        yield from _of(name, _logged(files), seeds)


def _of(data: str, paths: Paths, seeds: int, limits: Limits = DEFAULT_LIMITS) -> Iterator[Row]:
    for seed in range(seeds):
        told = discover(paths, limits, seed)
        head: Row = {"data": data, "sessions": told.sessions, "seed": seed}
        for one in told.findings:
            label = "navigation" if one.by_navigation else ""
            lifts = {"lift found": f"{one.found_lift:.2f}", "other half": f"{one.lift:.2f}", "label": label}
            yield {**head, "steps": " → ".join(one.steps), **lifts}
        if not told.findings:
            yield {**head, "steps": _why(told), "lift found": "", "other half": "", "label": ""}


def _why(told: Discovery) -> str:
    return f"too little: {told.too_few}" if told.too_few else "nothing"


def _logged(files: str) -> Paths:
    """A log after `thalweg run`."""
    inputs = [word for file in sorted((SHARED / "data").glob(files)) for word in ("--input", str(file))]
    with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder:
        store = str(Path(folder) / "store")
        command = [sys.executable, "-m", "streams.cli", "run", *inputs, "--format", "combined", "--store", store]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        with open_target(store, load_settings(None)) as target:
            client = make_client(target.clickhouse, target.password)
            paths = read_paths(client, target.clickhouse.database)
            client.disconnect()
    return paths
