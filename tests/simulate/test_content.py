"""What the messages hold: no real person's data, and everything the pipeline has to cope with."""

import json
import re
from collections import Counter, defaultdict
from ipaddress import ip_address, ip_network
from typing import Any

import crawleruseragents
import pytest

from streams.enrich.bots import make_bots
from streams.enrich.useragent import Agent, make_useragent
from streams.records import Event
from streams.simulate.devices import APP, CRAWLERS, HEADLESS, WEB
from streams.simulate.places import PLACES
from tests.simulate.conftest import Simulated

# Source: RFC 5737, RFC 3849: addresses kept for documentation.
DOCUMENTATION = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
# Android apps name the model and never say "Mobile": the enrich stage cannot tell their phones from tablets.
AGENTS = {
    device.user_agent: device.kind
    for device in (*(device for device, _ in (*WEB, *APP)), *CRAWLERS, HEADLESS)
    if not device.user_agent.startswith("Dalvik")
}
EMAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w.-]+\.\w+")
# Source: RFC 2606: names kept for examples.
EXAMPLE = re.compile(r"example\.(?:com|org|net)$")


def test_addresses_are_nobodys_or_name_a_network(segment: Simulated, combined: Simulated) -> None:
    """Each address is one kept for documentation, or ends in zero and names an organisation's network."""
    found = {message["context"]["ip"] for message, _ in segment.messages}
    found |= {line.split(" ", 1)[0] for line in combined.lines}
    addresses = {ip_address(text) for text in found}
    documentation = {address for address in addresses if any(address in net for net in DOCUMENTATION)}
    networks = addresses - documentation

    assert {address.version for address in documentation} == {address.version for address in networks} == {4, 6}
    assert all(address.packed[-1] == 0 and address.is_global for address in networks)


def test_public_networks_resolve_to_their_country() -> None:
    """The embedded geo database knows each network, and by the country told here."""
    geolite2 = pytest.importorskip("geolite2", reason="the embedded extra is not installed").geolite2
    reader = geolite2.reader()

    assert {place.network: reader.get(place.network)["country"]["iso_code"] for place, _ in PLACES} == {
        place.network: place.country for place, _ in PLACES
    }


def test_every_email_is_an_example(segment: Simulated, combined: Simulated) -> None:
    """Emails are planted in queries, properties and traits, all under names kept for examples."""
    emails = EMAIL.findall("\n".join(segment.lines + combined.lines))

    assert emails
    assert all(EXAMPLE.search(email) for email in emails)


def test_emails_are_planted_where_redaction_must_find_them(segment: Simulated) -> None:
    """In the query of a URL, among a track's properties, in a referrer, and in traits."""
    places: Counter[str] = Counter()
    for message, _ in segment.messages:
        page = message["context"].get("page", {})
        places["query"] += bool(EMAIL.search(page.get("search", "")))
        places["referrer"] += bool(EMAIL.search(page.get("referrer", "")))
        places["properties"] += message["type"] == "track" and bool(EMAIL.search(json.dumps(message["properties"])))
        places["traits"] += bool(EMAIL.search(json.dumps(message.get("traits", {}))))

    assert all(places[name] > 3 for name in ("query", "referrer", "properties", "traits")), places


def test_all_kinds_of_message_of_both_apps(segment: Simulated) -> None:
    """The shop sends pages, the app screens, both tracks and identifies; each with its ids and context."""
    kinds = defaultdict(set)
    for message, _ in segment.messages:
        kinds[message["context"]["app"]["name"]].add(message["type"])
        assert message["messageId"]
        assert message["anonymousId"]
        assert message["context"]["userAgent"]

    assert kinds == {"shop": {"page", "track", "identify"}, "reader": {"screen", "track", "identify"}}


def test_page_urls_agree_with_their_parts(segment: Simulated) -> None:
    """The URL is host, path and search; the properties and the context say the same."""
    for message, _ in segment.messages:
        if message["type"] == "page":
            page = message["context"]["page"]
            assert page["url"] == f"https://shop.example{page['path']}{page['search']}"
            assert page.items() <= message["properties"].items()


def test_pages_follow_each_other_by_referrer(segment: Simulated) -> None:
    """Within a visit a page's referrer is a page the visitor saw; landing pages come from outside or nowhere."""
    seen = {message["context"]["page"]["url"] for message, _ in segment.messages if message["type"] == "page"}
    inner = {
        message["context"]["page"]["referrer"]
        for message, _ in segment.messages
        if message["type"] == "page" and "shop.example" in message["context"]["page"]["referrer"]
    }

    assert inner
    assert inner <= seen


def test_campaigns_stand_in_query_and_context(segment: Simulated) -> None:
    """A landing page with utm parameters has the same campaign in its context; click ids of several networks occur."""
    clicks = set()
    for message, _ in segment.messages:
        campaign, search = message["context"].get("campaign"), message["context"].get("page", {}).get("search", "")
        if campaign:
            assert f"utm_source={campaign['source']}" in search
        clicks |= set(re.findall(r"(gclid|fbclid|msclkid|ttclid|dclid)=", search))

    assert clicks == {"gclid", "fbclid", "msclkid", "ttclid", "dclid"}


def test_people_have_several_devices_and_days(segment: Simulated) -> None:
    """A user id is seen with two anonymous ids, and some visitors come back on another day."""
    devices, days = defaultdict(set), defaultdict(set)
    for message, truth in segment.messages:
        if "userId" in message:
            devices[truth["app"], message["userId"]].add(message["anonymousId"])
        days[message["anonymousId"]].add(truth["time"] // 86_400_000)

    assert max(map(len, devices.values())) == 2
    assert sum(len(found) > 1 for found in days.values()) > 50


def test_visits_of_a_visitor_keep_device_and_place(segment: Simulated) -> None:
    """The same anonymous id has one user agent, address and screen."""
    seen: dict[str, set[Any]] = defaultdict(set)
    for message, _ in segment.messages:
        context = message["context"]
        seen[message["anonymousId"]].add((context["ip"], context["userAgent"]))

    assert {len(found) for found in seen.values()} == {1}


def test_clocks_are_wrong_and_some_go_back(segment: Simulated) -> None:
    """Some devices are hours off, both stamps alike; some messages were sent before they were made."""
    off, backwards = 0, 0
    for message, truth in segment.messages:
        if "sentAt" in message:
            created = message.get("originalTimestamp") or message["timestamp"]
            off += created[:13] != message["receivedAt"][:13] and truth["kind"] == "event"
            backwards += message["sentAt"] < created

    assert off > 100
    assert backwards > 0


def test_user_agents_are_what_they_are_called() -> None:
    """The enrich stage's own rules find desktops, phones, tablets, televisions and bots where the tables say so."""
    known = make_useragent(lambda _: Agent(), "")
    is_bot = make_bots([entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA], lambda *_: "")
    found = {}
    for agent in AGENTS:
        event = Event(
            event_id=b"", app_id="", event_fingerprint=0, collector_tstamp=0, derived_tstamp=0, arrival_tstamp=0,
            raw_topic="", raw_partition=0, raw_offset=0, event="", useragent=agent,
        )  # fmt: skip
        known(event)
        is_bot(event)
        found[agent] = event.dvce_type

    assert found == AGENTS


def test_planted_journeys_are_taken_and_left(segment: Simulated) -> None:
    """Each journey has visits that came to its end and visits that did not."""
    journeys = segment.summary.journeys
    planted = {name.rstrip("+") for name in journeys} - {"browse", "read", "crawl", "headless"}

    assert len(planted) == 10
    assert all(journeys[name] and journeys[f"{name}+"] for name in planted)


def test_log_lines_have_the_combined_form(combined: Simulated) -> None:
    """All but the broken ones; the truth's time is the line's, its visitor address and agent."""
    form = re.compile(
        r'(\S+) - - \[\d\d/Mar/2026:\d\d:\d\d:\d\d \+0000\] "[A-Z]+ \S+ HTTP/1.1" \d{3} \d+ "[^"]*" "([^"]+)"'
    )
    for line, truth in zip(combined.lines, combined.truth, strict=True):
        match = form.fullmatch(line)
        assert (match is None) == (truth["kind"] == "broken")
        if match:
            assert truth["visitor"] == f"{match[1]} {match[2]}"
