"""F20: the changelog of the sessions loses records, is emptied, or is read by a worker that dies meanwhile."""

import asyncio
import random
import time
from collections.abc import Callable

from streams.kafka.admin import CHANGELOG_CONFIG, create_topics
from streams.kafka.security import plain
from tests.faults.courses.admin import committed_offsets, delete_before, let_delete, make_anew
from tests.faults.courses.site import Install, Site, Worker
from tests.faults.courses.traffic import rest, traffic, with_figures
from tests.faults.result import Result
from tests.flow.live import ENRICHED
from tests.flow.live_witness import end_offsets
from tests.kafka.waiting import wait_until

REFUSED = 70


def truncated(install: Install, *, records: int = 1_500, seed: int = 20) -> Result:
    """The first half of each changelog partition is deleted while no sessions worker runs."""

    def cut(site: Site) -> None:
        let_delete(site.at.brokers, site.at.changelog)
        ends = end_offsets(site.at.brokers, site.at.changelog, ENRICHED)
        delete_before(site.at.brokers, site.at.changelog, {k: end // 2 for k, end in ends.items() if end > 1})

    return _refused(install, "half of the changelog deleted", cut, "records were deleted from it", records, seed)


def emptied(install: Install, *, records: int = 1_500, seed: int = 21) -> Result:
    """The changelog is deleted and made anew while no sessions worker runs."""

    def empty(site: Site) -> None:
        make_anew(site.at.brokers, site.at.changelog, ENRICHED, CHANGELOG_CONFIG)

    return _refused(install, "the changelog made anew, empty", empty, "it was emptied or made anew", records, seed)


def _refused(install: Install, how: str, fault: Callable[[Site], None], words: str, records: int, seed: int) -> Result:
    """The worker that starts then refuses and commits nothing; a new generation folds the log again, and rightly."""
    site = Site(install())
    site.at.set_up()
    _, sessions = site.start("enrich", "sessions")
    with traffic(site, seed) as (client, witness):
        client.send_more(records)
        site.kill(sessions)
        site.workers.remove(sessions)
        witness.look()  # at what it left, before that goes
        fault(site)
        before = _committed(site)
        (refusing,) = site.start("sessions")
        client.send_more(records // 10)
        began = time.monotonic()
        code = refusing.process.wait(120)
        noticed = time.monotonic() - began
        site.workers.remove(refusing)
        told = words in site.at.log_of(refusing.process).read_text()
        stood = _committed(site) == before
        client.end()
        witness.end()
        _new_generation(site)
        held = {"I7": code == REFUSED and told and stood}
        result = Result("F20", how, seed, rounds=1, held={}, exits=[code], recoveries=[round(noticed, 1)])
        result = rest(site, witness, result)
    return with_figures(
        result,
        held={**result.held, "I7": result.held["I7"] and held["I7"]},
        word="a loud refusal: the worker ends with 70, commits nothing, and says the mend: a new generation, which"
        " folds the enriched log again to the same rows",
    )


def _committed(site: Site) -> dict[int, int]:
    return committed_offsets(site.at.brokers, f"{site.at.group}-sessions", site.at.enriched)


def _new_generation(site: Site) -> None:
    """As the refusal says: generation and group prefix are raised, and the changelog of that name is there."""
    group = f"{site.at.group}-2"
    topics = {f"{group}-sessions-state-changelog": (ENRICHED, CHANGELOG_CONFIG)}
    asyncio.run(create_topics(plain(site.at.brokers), topics))
    site.start("sessions", THALWEG_KAFKA__GENERATION="2", THALWEG_KAFKA__GROUP_PREFIX=group)


def killed_in_recovery(install: Install, *, records: int = 1_500, kills: int = 20, seed: int = 22) -> Result:
    """The sessions worker is killed again and again while it reads its changelog."""
    site = Site(install())
    site.at.set_up()
    _, sessions = site.start("enrich", "sessions")
    chance = random.Random(seed)
    in_recovery = 0
    with traffic(site, seed) as (client, witness):
        client.send_more(records)
        for _ in range(kills):
            site.kill(sessions)
            site.workers.remove(sessions)
            sessions = _begin(site)
            log = site.at.log_of(sessions.process)
            wait_until(lambda log=log: "Updating subscribed" in log.read_text(), 60, "it starts")  # type: ignore[misc]
            _wait_for(site, sessions, chance)
            in_recovery += "Worker ready" not in log.read_text()
        client.send_more(records // 5)
        client.end()
        began = time.monotonic()
        result = rest(site, witness, Result("F20", "killed while it reads its changelog", seed, rounds=kills))
    return with_figures(
        result,
        figures={"killed before it took part": in_recovery},
        recoveries=[round(time.monotonic() - began, 1)],
    )


def _begin(site: Site) -> Worker:
    """A sessions worker that has not taken part yet."""
    worker = site.launch("sessions")
    site.workers.append(worker)
    return worker


def _wait_for(site: Site, worker: Worker, chance: random.Random) -> None:
    """A random moment of the recovery: after so many lines of its log."""
    log, lines = site.at.log_of(worker.process), chance.randrange(0, 12)
    seen = len(log.read_text().splitlines())
    wait_until(
        lambda: len(log.read_text().splitlines()) >= seen + lines or "Worker ready" in log.read_text(),
        60,
        "it gets on",
    )
