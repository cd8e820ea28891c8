from typing import Any

import pytest

from streams.enrich.agent_data import open_agents, open_crawlers
from streams.enrich.bots import make_bots
from streams.enrich.networks import make_network_of
from streams.enrich.site_data import open_networks
from streams.enrich.useragent import make_useragent
from tests.enrich.conftest import MakeEvent
from tests.enrich.test_useragent import AGENTS

CRAWLERS, _ = open_crawlers()
bots = make_bots(CRAWLERS, make_network_of(open_networks()[0]))
useragent = make_useragent(*open_agents())


@pytest.mark.parametrize(
    ("agent", "indicators"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ["crawler", "spider"]),
        ("python-requests/2.28.1", ["crawler"]),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36",
            ["crawler", "headless"],
        ),
        ("Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 PhantomJS/2.1.1 Safari/538.1", ["crawler", "headless"]),
        ("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", ["crawler", "spider"]),
    ],
)
def test_programs_are_marked_with_the_reasons(make_event: MakeEvent, agent: str, indicators: list[str]) -> None:
    """Their device is Bot, whatever the agent claims besides."""
    event = make_event(useragent=agent)
    useragent(event)
    bots(event)

    assert (event.is_bot, event.bot_indicators, event.dvce_type) == (1, indicators, "Bot")


@pytest.mark.parametrize("agent", [agent for agent, *_, kind in AGENTS if kind not in ("Bot", "Other")])
def test_peoples_browsers_are_not(make_event: MakeEvent, agent: str) -> None:
    """No indicator, device unchanged."""
    event = make_event(useragent=agent)
    useragent(event)
    kind = event.dvce_type
    bots(event)

    assert (event.is_bot, event.bot_indicators, event.dvce_type) == (0, [], kind)


def test_the_crawlers_own_examples_are_found(make_event: MakeEvent) -> None:
    """Every pattern's listed agents, through RE2."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    agents = [agent for entry in CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]]
    missed = []
    for agent in agents:
        event = make_event(useragent=agent)
        bots(event)
        missed += [] if event.is_bot else [agent]

    assert len(agents) > 1000
    assert not missed


def test_no_agent_is_no_bot(make_event: MakeEvent) -> None:
    """Nothing is known of it."""
    event = make_event()
    bots(event)

    assert (event.is_bot, event.bot_indicators, event.dvce_type) == (0, [], "")


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
HEADLESS_BRANDS = '{"brands": [{"brand": "HeadlessChrome", "version": "126"}]}'


@pytest.mark.parametrize(
    ("fields", "indicators"),
    [
        ({"webdriver": True}, ["webdriver"]),
        ({"webdriver": False}, []),
        ({"webdriver": None}, []),
        ({"ua_hints": HEADLESS_BRANDS}, ["headless"]),
        ({"user_ipaddress": "66.249.66.0"}, ["crawler_network"]),
        ({"user_ipaddress": "203.0.113.0", "asn_number": 16509}, ["hosting"]),
        ({"user_ipaddress": "203.0.113.0", "asn_number": 3320}, []),
        (
            {"webdriver": True, "user_ipaddress": "66.249.66.0", "ua_hints": HEADLESS_BRANDS},
            ["headless", "webdriver", "crawler_network"],
        ),
    ],
)
def test_what_else_gives_a_program_away(make_event: MakeEvent, fields: dict[str, Any], indicators: list[str]) -> None:
    """The browser's own word, its hints, where it comes from: each is an indicator, one is enough."""
    event = make_event(useragent=CHROME, **fields)
    useragent(event)
    bots(event)

    assert event.bot_indicators == indicators
    assert (event.is_bot, event.dvce_type) == ((1, "Bot") if indicators else (0, "Desktop"))


def test_indicators_are_no_ones_but_the_events(make_event: MakeEvent) -> None:
    """Equal agents share what is known of them, not the list."""
    first, second = make_event(useragent="curl/8"), make_event(useragent="curl/8")
    bots(first)
    bots(second)
    first.bot_indicators.append("x")

    assert second.bot_indicators == ["crawler"]
