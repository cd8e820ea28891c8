"""Programs among the visitors: marked with the reasons, never dropped."""

from collections.abc import Callable, Iterable

import re2

from streams.enrich.hints import HINTS_SIGN
from streams.enrich.networks import NetworkOf
from streams.enrich.useragent import BOT, LONGEST, LONGEST_KEY
from streams.memo import remember
from streams.records import Event

CRAWLER = "crawler"
HEADLESS = "headless"
SPIDER = "spider"
WEBDRIVER = "webdriver"

_HEADLESS = re2.compile(r"(?i)headless|phantomjs|slimerjs|puppeteer|playwright|selenium|webdriver|electron-fetch|jsdom")


def make_bots(crawlers: Iterable[str], network_of: NetworkOf) -> Callable[[Event], None]:
    """Fills is_bot, bot_indicators and, for a bot, dvce_type ``Bot``; runs after the user agent and geo stages.

    ``crawlers`` are RE2 patterns of agents. Indicators, in this order: ``crawler`` (one of them fits), ``headless`` (a
    driven browser, by agent or client hints), ``spider`` (the user agent library says so), ``webdriver`` (the browser
    itself says that a program drives it), ``crawler_network`` and ``hosting`` (where it comes from: see
    streams.enrich.networks). One is enough for is_bot. Raises re2.error for a pattern RE2 does not take.
    """
    patterns = re2.Set.SearchSet()
    for pattern in crawlers:
        patterns.Add(pattern)
    patterns.Compile()

    def look_up(text: str) -> tuple[str, ...]:
        agent, _, sent = text.partition(HINTS_SIGN)
        agent = agent[:LONGEST]
        found = (
            CRAWLER if patterns.Match(agent) else "",
            HEADLESS if _HEADLESS.search(agent) or "HeadlessChrome" in sent else "",
        )
        return tuple(filter(None, found))

    known = remember(look_up, longest=LONGEST_KEY)

    def bots(event: Event) -> None:
        agent, sent = event.useragent, event.ua_hints
        if sent:
            agent = f"{agent}{HINTS_SIGN}{sent}"
        indicators = known(agent) if agent else ()
        if event.dvce_type == BOT:
            indicators = (*indicators, SPIDER)
        if event.webdriver:
            indicators = (*indicators, WEBDRIVER)
        if event.user_ipaddress and (network := network_of(event.user_ipaddress, event.asn_number)):
            indicators = (*indicators, network)
        if indicators:
            event.is_bot = 1
            event.bot_indicators = list(indicators)
            event.dvce_type = BOT

    return bots
