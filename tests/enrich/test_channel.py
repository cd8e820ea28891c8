import pytest

from streams.clickid import CLICK_IDS
from streams.enrich.channel import CLICKS, make_channel
from streams.enrich.site_data import open_sites
from streams.enrich.sites import make_sites, media_of
from tests.enrich.conftest import MakeEvent

TABLE, _ = open_sites()
channel = make_channel(make_sites(TABLE), media_of(TABLE))


@pytest.mark.parametrize(
    ("medium", "source", "name", "group"),
    [
        ("(none)", "(direct)", "", "Direct"),
        ("cpc", "google", "x cross-network y", "Cross-network"),
        ("cpc", "amazon", "", "Paid Shopping"),
        ("ppc", "google", "summer shopping", "Paid Shopping"),
        ("cpc", "google", "", "Paid Search"),
        ("CPC", "Google", "", "Paid Search"),
        ("paidsearch", "bing", "", "Paid Search"),
        ("retargeting", "facebook", "", "Paid Social"),
        ("paid_social", "fb", "", "Paid Social"),
        ("cpv", "youtube.com", "", "Paid Video"),
        ("cpm", "google", "", "Paid Search"),
        ("cpm", "someone", "", "Display"),
        ("banner", "someone", "", "Display"),
        ("cpc", "someone", "", "Paid Other"),
        ("email", "news", "the shop", "Organic Shopping"),
        ("email", "news", "workshop", "Email"),
        ("link", "etsy.com", "", "Organic Shopping"),
        ("social-media", "someone", "", "Organic Social"),
        ("", "linkedin", "", "Organic Social"),
        ("post", "lnkd.in", "", "Organic Social"),
        ("video-ad", "someone", "", "Organic Video"),
        ("organic", "someone", "", "Organic Search"),
        ("referral", "partner", "", "Referral"),
        ("e-mail", "crm", "", "Email"),
        ("", "email", "", "Email"),
        ("affiliates", "partner", "", "Affiliates"),
        ("audio", "podcast", "", "Audio"),
        ("sms", "crm", "", "SMS"),
        ("web-push", "crm", "", "Mobile Push Notifications"),
        ("", "firebase", "", "Mobile Push Notifications"),
        ("", "chatgpt.com", "", "AI Assistants"),
        ("chatbot", "someone", "", "AI Assistants"),
        ("qr", "poster", "", "Unassigned"),
        ("", "", "spring", "Unassigned"),
    ],
)
def test_tagged_links_follow_the_default_channel_rules(
    make_event: MakeEvent, medium: str, source: str, name: str, group: str
) -> None:
    """In their order, without regard to case; the referrer plays no part."""
    event = make_event(mkt_medium=medium, mkt_source=source, mkt_campaign=name, refr_medium="search")
    channel(event)

    assert event.default_channel_group == group


@pytest.mark.parametrize(
    ("refr_medium", "group"),
    [
        ("", "Direct"),
        ("internal", "Direct"),
        ("search", "Organic Search"),
        ("social", "Organic Social"),
        ("video", "Organic Video"),
        ("shopping", "Organic Shopping"),
        ("email", "Email"),
        ("ai", "AI Assistants"),
        ("unknown", "Referral"),
    ],
)
def test_untagged_visits_follow_the_referrer(make_event: MakeEvent, refr_medium: str, group: str) -> None:
    """One's own pages send nobody."""
    event = make_event(refr_medium=refr_medium)
    channel(event)

    assert event.default_channel_group == group


@pytest.mark.parametrize(
    ("network", "group"),
    [("Google", "Paid Search"), ("DoubleClick", "Display"), ("TikTok", "Paid Social"), ("Facebook", "Organic Social")],
)
def test_a_click_id_stands_in_for_missing_tags(make_event: MakeEvent, network: str, group: str) -> None:
    """Its network is source and medium, unless the link is tagged."""
    event = make_event(mkt_network=network, refr_medium="search")
    tagged = make_event(mkt_network=network, mkt_medium="email")
    channel(event)
    channel(tagged)

    assert (event.default_channel_group, tagged.default_channel_group) == (group, "Email")


def test_every_network_of_a_click_id_has_its_channel() -> None:
    """The two tables cannot drift apart."""
    assert set(CLICKS) == set(CLICK_IDS.values())
