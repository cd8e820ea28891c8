"""Visits of one hour, in any order: people of both apps, crawlers, a headless browser, a bot that never stops."""

from collections.abc import Callable
from random import Random

from streams.simulate.clock import MS_PER_HOUR
from streams.simulate.reader import reader_steps
from streams.simulate.shop import shop_steps, stroll
from streams.simulate.sources import Source, draw_source
from streams.simulate.steps import Visit
from streams.simulate.visitors import READER, SHOP, Crowd, make_bot

READER_SHARE = 0.24
CRAWLER_SHARE = 0.03
HEADLESS_SHARE = 0.008
OFFLINE = {SHOP: 0.004, READER: 0.05}
ENDLESS_HOURS = 60
_ENDLESS_BOT, _CRAWLERS = 0, 1
_DIRECT = Source()


def make_visits(seed: int, random: Random, *, with_reader: bool) -> Callable[[int], Visit]:
    """``visit(hour_start_ms)``: the next visit that starts in that hour."""
    chance = random.random
    shop, reader = Crowd(seed, SHOP), Crowd(seed, READER)
    bots = iter(range(_CRAWLERS, 1 << 62))

    def bot(start: int, *, headless: bool) -> Visit:
        pages = 3 + int(chance() * 40)
        return Visit(
            visitor=make_bot(seed, next(bots), headless=headless),
            source=_DIRECT,
            start_ms=start,
            steps=[stroll(chance) for _ in range(pages)],
            journey="headless" if headless else "crawl",
            dwell=(150, 900) if headless else (1_500, 20_000),
        )

    def visit(hour_start: int) -> Visit:
        start = hour_start + int(chance() * MS_PER_HOUR)
        draw = chance()
        if draw < HEADLESS_SHARE / 10:
            return bot(start, headless=True)
        if draw < CRAWLER_SHARE / 10 + HEADLESS_SHARE / 10:
            return bot(start, headless=False)
        is_reader = with_reader and chance() < READER_SHARE
        visitor = (reader if is_reader else shop).next(chance)
        steps, journey = (reader_steps if is_reader else shop_steps)(visitor, random)
        return Visit(
            visitor=visitor,
            source=_DIRECT if is_reader else draw_source(chance),
            start_ms=start,
            steps=steps,
            journey=journey,
            known=visitor.has_account and chance() < 0.5,
            offline=chance() < OFFLINE[visitor.app],
        )

    return visit


def endless_visit(seed: int, random: Random, hour_start: int) -> Visit:
    """One hour of a bot that looks at a page every ten to eighteen minutes for days: only ``longest`` ends it."""
    chance = random.random
    return Visit(
        visitor=make_bot(seed, _ENDLESS_BOT, headless=True),
        source=_DIRECT,
        start_ms=hour_start + int(chance() * 300_000),
        steps=[stroll(chance) for _ in range(4)],
        journey="endless",
        dwell=(600_000, 1_100_000),
    )
