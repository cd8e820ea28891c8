"""What anonymizing costs: CPU per event of the pure stage, by the defaults and by files of many rules.

Events are as the tracker protocol tp2 gives them: four ids, a query string, a context of its own; visitors by Zipf's
law, ten times as many as any memory of the stage holds.
``rules_none`` is the stage under an empty file: ids, networks, the record itself; a file's own price is
what it costs beyond that. Run alone: ``python -m tests.bench.rules``.
"""

import json
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, islice
from typing import Any

from rich.console import Console

from streams.anonymize.anonymizer import Place, make_anonymizer
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import Rules, default_rules, make_rules
from streams.keys import Keys
from streams.memo import ENTRIES
from streams.records import ParsedEvent
from tests.bench.peers import Cost
from tests.bench.table import rows_of, table_of

VISITORS = 10 * ENTRIES
MANY = 200
SLICE = 500
SEED = 1
EVENTS = int(os.environ.get("THALWEG_TEST_BENCH_EVENTS", "200000"))
ROUNDS = int(os.environ.get("THALWEG_TEST_BENCH_ROUNDS", "3"))
_SECRET = b"a secret of at least thirty-two bytes"
_NOW = 1_767_268_800_000


def costs() -> Iterator[tuple[str, Cost]]:
    """The stage under no rules, the defaults, and ``MANY`` rules, each over the same events."""
    for name, rules in (
        ("rules_none", make_rules("version: 1\nrules: []\n")),
        ("rules_default", default_rules()),
        (f"rules_{MANY}", many_rules()),
    ):
        yield name, _measure(rules)


def many_rules() -> Rules:
    """The defaults, and so many rules more that all are asked of every event, of which some act."""
    kinds: list[dict[str, Any]] = [
        {"action": "drop_event", "match": {"fields": {"user_id": {"pattern": "^staff-{n}-"}}}},
        {"action": "mask", "fields": ["properties.p{n}"], "match": {"app": ["app-{n}", "shop"]}},
        {"action": "redact", "fields": ["page_title"], "find": [{"name": "w{n}", "pattern": "SECRET-{n}-[0-9]+"}]},
        {
            "action": "drop_field",
            "fields": ["se_label"],
            "match": {"fields": {"page_url": {"pattern": "/private/{n}/"}}},
        },
        {"action": "drop_field", "fields": ["se_property"], "match": {"event": ["checkout_{n}"]}},
    ]
    more = [
        json.loads(json.dumps({"name": f"rule-{n}", **kinds[n % len(kinds)]}).replace("{n}", str(n)))
        for n in range(MANY - len(default_rules().file.rules))
    ]
    defaults = [json.loads(rule.model_dump_json(exclude_unset=True)) for rule in default_rules().file.rules]
    return make_rules(json.dumps({"version": 1, "rules": [*defaults[:-1], *more, defaults[-1]]}))


def _measure(rules: Rules) -> Cost:
    """Events come in slices, as a parser hands them over: still warm. Making them is not counted."""
    anonymize = make_anonymizer(Keys(_SECRET), SecretKeyring(_SECRET), rules, Counter())
    place = Place("raw@1", 0, 7, 1, bytes(700))
    events, cpu, wall = _events(EVENTS), 0.0, 0.0
    while slice_ := list(islice(events, SLICE)):
        began, began_wall = time.process_time(), time.monotonic()
        for event in slice_:
            anonymize(event, place, 0, _NOW, _NOW, _NOW)
        cpu += time.process_time() - began
        wall += time.monotonic() - began_wall
    return Cost(EVENTS, cpu, wall)


def _events(count: int) -> Iterator[ParsedEvent]:
    chance = random.Random(SEED)
    weights = list(accumulate(1 / (rank + 1) for rank in range(VISITORS)))
    for visitor in chance.choices(range(VISITORS), cum_weights=weights, k=count):
        page, visit = chance.randrange(2_000), chance.randrange(4)
        yield ParsedEvent(
            event="page_view",
            app_id="shop",
            event_id=_uuid(chance.getrandbits(128)),
            ip=f"{10 + (visitor >> 16)}.{visitor >> 8 & 255}.{visitor & 255}.{visitor % 251}",
            useragent=f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{visitor % 900}.0.0.0 Safari/537.36",
            domain_userid=_uuid(visitor * 7 + 1),
            network_userid=_uuid(visitor * 7 + 2),
            user_id=f"customer-{visitor:06}",
            domain_sessionid=_uuid(visitor * 7 + 3 + (visit << 64)),
            page_url=f"https://shop.example/p/{page}?utm_source=news&utm_medium=email&token={chance.getrandbits(32):x}",
            page_referrer="https://www.google.com/",
            page_title=f"Shoes {page}",
            br_lang="de-DE",
            os_timezone="Europe/Berlin",
            dvce_screenwidth=1920,
            dvce_screenheight=1080,
            contexts='[{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":"'
            + _uuid(chance.getrandbits(128))
            + '"}}]',
        )


def _uuid(number: int) -> str:
    return str(uuid.UUID(int=number % (1 << 128), version=4))


def main() -> None:
    """Measure and print."""
    found: dict[str, list[Cost]] = {}
    for _ in range(ROUNDS):
        for name, cost in costs():
            found.setdefault(name, []).append(cost)
    Console().print(table_of(rows_of(found)))


if __name__ == "__main__":
    main()
