"""F19: the folders in which state lies are lost, full, full of rubbish, or held by somebody else."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from streams.warehouse.embedded.store import ADDRESS_FILE, open_store
from tests.faults.courses.site import Install, Site
from tests.faults.courses.tmpfs import fill, small_disk
from tests.faults.courses.traffic import rest, traffic, with_figures
from tests.faults.result import Result

RUBBISH = b"\xff\x00rubbish" * 1000


def folder_of_workers(install: Install, *, rounds: int = 5, seed: int = 19) -> Result:
    """The sessions worker is killed; its folder is gone, or full of rubbish, or on a full disk; it starts again."""
    site = Site(install())
    site.at.set_up()
    _, sessions = site.start("enrich", "sessions")
    home = Path(tempfile.mkdtemp(prefix="faults-disk-"))
    folder = site.at.config.parent / "faust"
    with small_disk(home / "disk", 1) as disk, traffic(site, seed) as (client, witness):
        moved = {} if disk is None else {"THALWEG_DATA_DIR": str(disk)}
        if disk is not None:
            (disk / "faust-sessions").mkdir()
            fill(disk)
        for number in range(rounds):
            client.send_more(200)
            site.kill(sessions)
            site.workers.remove(sessions)
            if number % 3 == 0:
                shutil.rmtree(folder)
            elif number % 3 == 1:
                _spoil(folder)
            (sessions,) = site.start("sessions", **(moved if number % 3 == 2 else {}))
        client.send_more(200)
        client.end()
        result = rest(site, witness, Result("F19", "the workers' folder lost, spoilt, on a full disk", seed, rounds))
    blocked = _start_in_a_file(site)
    held = {**result.held, "I1": result.held["I1"] and site.is_ledger_clean(), "I5": not site.exits and blocked != 0}
    return with_figures(
        result,
        held=held,
        figures={"a full disk was tried": float(disk is not None), "exit where the folder is a file": blocked},
        word="the state is the changelog: a worker keeps nothing in its folder that it needs",
    )


def _spoil(folder: Path) -> None:
    for path in list(folder.rglob("*")):
        if path.is_file():
            path.write_bytes(RUBBISH)
    for name in ("faust-sessions", "faust-sessions/v1", "faust-sessions/v1/tables"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "faust-sessions" / "v1" / "tables" / "state-0.db").write_bytes(RUBBISH)


def _start_in_a_file(site: Site) -> int:
    """A folder that is a file: the start is refused in words."""
    file = site.at.config.parent / "no-folder"
    file.write_bytes(RUBBISH)
    ended = site.at.command("worker", "sessions", THALWEG_DATA_DIR=str(file))
    return 0 if "Traceback" in ended.stderr else ended.returncode


def folder_of_the_store(_install: Install) -> Result:
    """A second server on a store's folder; an address file of rubbish; both while the first serves on."""
    home = Path(tempfile.mkdtemp(prefix="faults-store-"))
    with open_store(home / "store") as address:
        second = subprocess.run(
            [sys.executable, "-m", "streams.warehouse.embedded", str(home / "store")],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        with open_store(home / "store") as again:
            shared = again == address
    (home / "store" / ADDRESS_FILE).write_bytes(RUBBISH)
    with open_store(home / "store") as address:
        healed = "port" in json.loads((home / "store" / ADDRESS_FILE).read_bytes())
    shutil.rmtree(home)
    return Result(
        fault="F19",
        how="a store's folder locked by another server; its address file spoilt",
        rounds=2,
        held={"I5": second.returncode == 3 and "Traceback" not in second.stderr and shared and healed},
        exits=[second.returncode],
        word="the second server ends with 3, in words; a spoilt address file is written anew",
    )
