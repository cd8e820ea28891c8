"""F13, F14: bodies that break parsers, some among many, and nothing else for a minute."""

import time
from collections.abc import Mapping

from tests.faults.courses.sending import Sending, page
from tests.faults.courses.site import Install, Site
from tests.faults.result import Result
from tests.flow.live import ENRICHED
from tests.flow.live_witness import read_all
from tests.property.poison import CORPUS, DEEP

GOOD_PER_POISON = 99
PAUSE_SECONDS = 0.2
"""Between two bursts."""
LARGEST = 900_000
"""Bytes that a broker takes as it comes."""
LARGE_TEXT = b"x" * (1 << 19)

DEADLY: Mapping[str, bytes] = {
    "bad JSON": b'{"type":"page"',
    "bad UTF-8": b'{"type":"page","anonymousId":"a","properties":{"title":"\xff\xfe"}}',
    "NaN": b'{"type":"page","anonymousId":"a","properties":{"n":NaN}}',
    "Infinity": b'{"type":"page","anonymousId":"a","properties":{"n":-Infinity}}',
    "100,000 levels": DEEP,
    "5,000 digits": b'{"type":' + b"9" * 5000 + b"}",
    "wrong type": b'{"type":["page"],"anonymousId":{"a":1}}',
    "no message": b"[]",
    "unknown event": b'{"type":"teleport","anonymousId":"a"}',
}
"""What can be no event, whatever one makes of the rest of it."""
ODD: Mapping[str, bytes | None] = {
    "lone surrogate": b'{"type":"page","anonymousId":"a","properties":{"title":"\\ud800"}}',
    "NUL": b'{"type":"page","anonymousId":"a","properties":{"title":"a\\u0000b"}}',
    "integer overflow": b'{"type":"track","event":"x","anonymousId":"a","properties":{"value":1e400,"n":%d}}' % 10**24,
    "512 kB of text": b'{"type":"page","anonymousId":"a","properties":{"title":"' + LARGE_TEXT + b'"}}',
    "no value": None,
}
"""An event, a dead letter or nothing: accounted for, whichever."""


def corpus() -> list[tuple[bytes, bytes | None]]:
    """(format, body): the named ones, and the fuzz run's."""
    named = [(b"segment", body) for body in (*DEADLY.values(), *ODD.values())]
    return named + [
        (format.encode(), body) for format, bodies in CORPUS.items() for body in bodies if len(body) < LARGEST
    ]


def poison_among_good(install: Install, *, most: int = 10_000, good_each: int = GOOD_PER_POISON) -> Result:
    """F13: each poison once, ``good_each`` good events for one of it."""
    site = Site(install())
    site.at.set_up()
    site.start("enrich", "sessions")
    poison = corpus()[:most]
    began = time.monotonic()
    sent = _mixed(poison, good_each)
    site.send(sent)
    site.await_outcomes(len(sent))
    seconds = time.monotonic() - began
    audit = site.audit()
    good = {(r.partition, r.offset) for r in audit.raw if ("kind", b"good") in r.headers}
    deadly = {(r.partition, r.offset) for r in audit.raw if ("kind", b"deadly") in r.headers}
    stored = {at for at in audit.paths if at in good}
    internal = sum(n for (_, reason), n in audit.outcomes.items() if reason == "internal")
    rows = {at: path for at, path in audit.paths.items() if at in good}
    audit.paths = rows
    return Result(
        fault="F13",
        how=f"{len(poison)} poisonous records, {good_each} good ones for each, in the batches of live workers",
        records=len(sent),
        lost=audit.lost + len(good - stored),
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and stored == good and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I3": audit.are_rows_true,
            "I5": not site.exits and all(worker.process.poll() is None for worker in site.workers),
            "I6": audit.are_letters_true and deadly <= audit.dead and not internal and not good & audit.dead,
        },
        exits=site.exits,
        recoveries=[round(seconds, 1)],
        figures={"poison": len(poison), "dead": len(audit.dead), "letters": len(audit.letters)},
        word="what is odd and still an event (a lone surrogate, NUL, an overflow) is stored; the rest is a dead letter",
    )


def _mixed(poison: list[tuple[bytes, bytes | None]], good_each: int) -> list[Sending]:
    deadly = set(DEADLY.values())
    sent = []
    for number, (format_, body) in enumerate(poison):
        for step in range(good_each):
            headers = (("app_id", b"shop"), ("kind", b"good"))
            sent.append(Sending(page(number * good_each + step, visitor=step), step % 2, headers))
        kind = b"deadly" if format_ == b"segment" and body in deadly else b"poison"
        headers = (("app_id", b"poison"), ("format", format_), ("kind", kind))  # type: ignore[assignment]
        sent.append(Sending(body, number % 2, headers))
    return sent


def nothing_but_poison(install: Install, *, seconds: float = 60, per_burst: int = 200) -> Result:
    """F14: for a while every record is poison; then all that came is dead, and a good event comes through at once."""
    site = Site(install())
    site.at.set_up()
    enrich, _ = site.start("enrich", "sessions")
    bodies = list(DEADLY.values())
    sent, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        site.send(
            Sending(bodies[(sent + n) % len(bodies)] if n % 40 == 0 else b'{"type":%d}' % n, n % 3)
            for n in range(per_burst)
        )
        sent += per_burst
        site.tend()
        time.sleep(PAUSE_SECONDS)
    to_drain = site.await_outcomes(sent)
    dead_counted = site.metric("thalweg_dead_letters_total", enrich) or site.metric("thalweg_outcomes_total", enrich)
    site.send([Sending(page(1))])
    to_good = site.await_outcomes(sent + 1)
    audit = site.audit()
    poison = {(r.partition, r.offset) for r in audit.raw if b"shop.example" not in r.value}
    return Result(
        fault="F14",
        how=f"nothing but poison for {seconds:.0f} s",
        records=sent + 1,
        lost=audit.lost,
        duplicates=audit.duplicates,
        held={
            "I1": audit.lost == 0 and len(audit.raw) == sent + 1 and site.is_ledger_clean(),
            "I2": audit.repeated == 0,
            "I5": not site.exits,
            "I6": audit.are_letters_true and audit.dead == poison,
        },
        exits=site.exits,
        recoveries=[round(to_drain, 1), round(to_good, 1)],
        figures={"dead": len(audit.dead), "enriched": len(read_all(site.at.brokers, {site.at.enriched: ENRICHED}))}
        | {"counted by the metric": dead_counted},
        word="no worker stops for it: the share of dead outcomes in the metrics is the alarm",
    )
