"""F22, F24: data files that change, break and vanish under the workers; two configurations in one group."""

import itertools
from pathlib import Path

from streams.anonymize.rules import default_rules
from tests.enrich.mmdb import write_mmdb
from tests.faults.courses.site import PATIENCE, Install, Site
from tests.faults.courses.traffic import rest, traffic, with_figures
from tests.faults.result import Result
from tests.kafka.waiting import wait_until

NET = "198.51.100.0/24"
"""Where the client's addresses are from."""
KIND = "Test-City"
AGENT = """user_agent_parsers:
  - regex: '(Firefox)'
    family_replacement: 'Fox {number}'
    v1_replacement: '{number}'
os_parsers:
  - regex: '(Linux)'
device_parsers:
  - regex: '(Linux)'
"""


class DataFile:
    """A geo file and a file of patterns, of one number: each of their rows bears it."""

    def __init__(self, folder: Path) -> None:
        self.city, self.agents = folder / "city.mmdb", folder / "regexes.yaml"
        self._numbers = itertools.count(1)
        self.number = 0
        self.swap()

    def swap(self) -> None:
        """Newer ones, by rename, as an updater does."""
        self.number = next(self._numbers)
        new = self.city.with_name("new")
        write_mmdb(new, {NET: {"city": f"Town {self.number}"}}, built=self.number).rename(self.city)
        new.write_text(AGENT.replace("{number}", str(self.number)))
        new.rename(self.agents)

    def corrupt(self) -> None:
        """Cut short; and no YAML."""
        self.city.write_bytes(self.city.read_bytes()[:100])
        self.agents.write_text("user_agent_parsers: [")

    def remove(self) -> None:
        """Gone."""
        self.city.unlink()
        self.agents.unlink()

    def env(self) -> dict[str, str]:
        """The settings of a worker that uses them."""
        return {
            "THALWEG_GEO__CITY": str(self.city),
            "THALWEG_ENRICH__AGENTS": str(self.agents),
            "THALWEG_ENRICH__RELOAD_INTERVAL": "0.2",
        }


def data_files(install: Install, *, rounds: int = 5, seed: int = 22) -> Result:
    """F22: swapped, cut short, swapped, removed, round by round, under traffic; a start without them is refused."""
    site = Site(install())
    site.at.set_up()
    files = DataFile(site.at.config.parent)
    enrich, _ = site.start("enrich", "sessions", **files.env())
    alarms = 0
    with traffic(site, seed) as (client, witness):
        for number in range(rounds):
            _use(site, files)
            client.send_more(100)
            files.corrupt() if number % 2 else files.remove()
            wait_until(lambda: site.metric("thalweg_data_refused", enrich) >= 1, PATIENCE, "the alarm")
            alarms += 1
            client.send_more(100)
            if number == rounds - 1:
                refused = site.at.command("worker", "enrich", **files.env()).returncode
            files.swap()
        _use(site, files)
        client.send_more(100)
        client.end()
        result = rest(
            site, witness, Result("F22", "geo and user-agent files swapped, cut short, removed", seed, rounds)
        )
    store = site.at.client()
    rows = store.execute(
        "SELECT geo_city, geo_version, br_family, count() FROM"
        f" {site.at.database}.events_v WHERE user_ipaddress != '' GROUP BY ALL"
    )
    store.disconnect()
    wrong = [row for row in rows if row[0] != f"Town {row[1].rsplit('/', 1)[-1]}" or not row[2].startswith("Fox ")]
    held = {**result.held, "I3": not wrong and len({row[0] for row in rows}) > rounds // 2, "I5": not site.exits}
    return with_figures(
        result,
        held=held | {"I1": held["I1"] and refused == 2},
        figures={"alarms": alarms, "versions in the rows": len({row[0] for row in rows}), "exit without them": refused},
        word="a bad file is an alarm (`thalweg_data_refused`), and the data in use stay in use; a worker that starts"
        " without its file ends with 2",
    )


def _use(site: Site, files: DataFile) -> None:
    """Until the newest files are in use, which the alarm's end and the rows say."""
    store = site.at.client()
    query = (
        f"SELECT count() FROM {site.at.database}.events WHERE geo_city = 'Town {files.number}'"
        f" AND br_family = 'Fox {files.number}'"
    )
    wait_until(lambda: store.execute(query)[0][0], PATIENCE, f"rows by files {files.number}")
    store.disconnect()


def two_configurations(install: Install, *, rounds: int = 5, seed: int = 24) -> Result:
    """F24: a deployment rolls from one rules file to another and back, both in the group meanwhile."""
    site = Site(install())
    site.at.set_up()
    rules = [_rules(site.at.config.parent, number) for number in range(2)]
    site.start("sessions")
    site.start("enrich", "enrich", THALWEG_RULES=str(rules[0]))
    with traffic(site, seed) as (client, witness):
        for number in range(1, rounds + 1):
            for _ in range(2):
                client.send_more(150)
                site.start("enrich", THALWEG_RULES=str(rules[number % 2]))
                client.send_more(100)
                oldest = next(worker for worker in site.workers if worker.role == "enrich")
                site.workers.remove(oldest)
                oldest.process.terminate()
                oldest.process.wait(PATIENCE)
        client.end()
        result = rest(site, witness, Result("F24", "rolling restarts between two rules files", seed, rounds=rounds))
    store = site.at.client()
    versions = dict(
        store.execute(f"SELECT rules_version, count() FROM {site.at.database}.events_v GROUP BY rules_version")
    )
    texts = dict(store.execute(f"SELECT hash, text FROM {site.at.database}.rules FINAL"))
    store.disconnect()
    named = {texts.get(version) for version in versions}
    held = {
        **result.held,
        "I1": result.held["I1"] and site.is_ledger_clean(),
        "I3": named == {path.read_text() for path in rules},
        "I5": not site.exits,
    }
    return with_figures(
        result,
        held=held,
        figures={f"events under rules {n + 1}": count for n, count in enumerate(versions.values())},
        word="each row names the rules that made it, and table `rules` has the text of both",
    )


def _rules(folder: Path, number: int) -> Path:
    """The default rules, with a text of their own."""
    path = folder / f"rules-{number}.yaml"
    path.write_text(f"# deployment {number}\n{default_rules().text}")
    return path
