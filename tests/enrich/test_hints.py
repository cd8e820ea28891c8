import json

import pytest

from streams.enrich.agent_data import open_agents
from streams.enrich.hints import NO_HINTS, read_hints
from streams.enrich.useragent import make_useragent
from tests.enrich.conftest import MakeEvent

useragent = make_useragent(*open_agents())

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36"
BRANDS = [{"brand": "Chromium", "version": "124"}, {"brand": "Not-A.Brand", "version": "99"}]
FULL = [{"brand": "Chromium", "version": "124.0.6367.91"}, {"brand": "Not-A.Brand", "version": "99.0.0.0"}]


def hints(**fields: object) -> str:
    """As a tracker sends them."""
    return json.dumps(fields)


def windows(version: str) -> str:
    return hints(platform="Windows", platformVersion=version)


@pytest.mark.parametrize(
    ("agent", "sent", "expected"),
    [
        (ANDROID, "", ("Chrome Mobile", "124.0.0", "Android", "10", "K", "Mobile")),
        (
            ANDROID,
            hints(platform="Android", platformVersion="14.0.0", model="SM-S911B", mobile=True, fullVersionList=FULL),
            ("Chrome Mobile", "124.0.6367", "Android", "14", "Samsung SM-S911B", "Mobile"),
        ),
        (WINDOWS, windows("15.0.0"), ("Chrome", "124.0.0", "Windows", "11", "", "Desktop")),
        (WINDOWS, windows("10.0.0"), ("Chrome", "124.0.0", "Windows", "10", "", "Desktop")),
        (WINDOWS, windows("0.3.0"), ("Chrome", "124.0.0", "Windows", "8.1", "", "Desktop")),
        (
            MAC,
            hints(platform="macOS", platformVersion="14.4.1", brands=BRANDS),
            ("Chrome", "124.0.0", "Mac OS X", "14.4.1", "Mac", "Desktop"),
        ),
        (
            WINDOWS,
            hints(fullVersionList=[*FULL, {"brand": "Brave", "version": "124.1.2.3"}]),
            ("Brave", "124.1.2", "Windows", "10", "", "Desktop"),
        ),
        (WINDOWS, hints(isMobile=True), ("Chrome", "124.0.0", "Windows", "10", "", "Mobile")),
        (WINDOWS, hints(uaFullVersion="124.0.6367.91"), ("Chrome", "124.0.6367", "Windows", "10", "", "Desktop")),
        (WINDOWS, hints(uaFullVersion="99.0.1.2"), ("Chrome", "124.0.0", "Windows", "10", "", "Desktop")),
    ],
)  # fmt: skip
def test_hints_fill_what_the_agent_has_frozen(
    make_event: MakeEvent, agent: str, sent: str, expected: tuple[str, ...]
) -> None:
    """Versions, models, brands, by the names of the browser's own object and of Snowplow's context."""
    event = make_event(useragent=agent, ua_hints=sent)
    useragent(event)

    found = event.br_family, event.br_version, event.os_family, event.os_version, event.dvce_family, event.dvce_type
    assert found == expected


@pytest.mark.parametrize(
    "sent",
    [
        "x",
        "[]",
        "{",
        "null",
        '{"brands": 1}',
        '{"model": ["x"]}',
        windows("eleven"),
        '{"platformVersion": "14); Googlebot/2.1 (", "model": "K"}',
        '{"model": "x); evil\\u0000"}',
        '{"platformVersion": "0.9.9.9.9"}',
    ],
)
def test_hints_that_are_none_say_nothing(make_event: MakeEvent, sent: str) -> None:
    """The agent alone speaks, and nothing sent gets into it."""
    for agent in (WINDOWS, ANDROID, MAC):
        told, silent = make_event(useragent=agent, ua_hints=sent), make_event(useragent=agent)
        useragent(told)
        useragent(silent)
        told.ua_hints = ""

        assert told == silent


def test_hints_without_an_agent_are_no_agent(make_event: MakeEvent) -> None:
    """They name no browser by themselves but a hidden one."""
    event = make_event(ua_hints=hints(mobile=True, brands=BRANDS))
    useragent(event)

    assert (event.br_family, event.dvce_type) == ("", "Mobile")


def test_hints_are_read_leniently() -> None:
    """Unknown members are passed over."""
    assert read_hints('{"architecture": "x86", "mobile": false}').mobile is False
    assert read_hints("") == NO_HINTS
