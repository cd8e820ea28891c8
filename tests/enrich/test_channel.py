import pytest

from streams.clickid import CLICK_IDS
from streams.enrich.channel import CLICKS, GROUPS, make_channel, of_referrer
from streams.enrich.site_data import MEDIA, open_sites
from streams.enrich.sites import make_sites, media_of
from tests.enrich.conftest import MakeEvent

TABLE, _ = open_sites()
channel = make_channel(make_sites(TABLE), media_of(TABLE))


RULES = {
    # Source: support.google.com/analytics/answer/9756891, "manual traffic", in the page's order; AI beside them
    "Direct: source (direct), medium (not set) or (none)": [
        ("(none)", "(direct)", "", "Direct"),
        ("(not set)", "(direct)", "", "Direct"),
        ("", "direct", "", "Direct"),
        ("email", "(direct)", "", "Email"),
    ],
    "Cross-network: campaign contains cross-network": [
        ("cpc", "google", "x cross-network y", "Cross-network"),
        ("", "", "CROSS-NETWORK", "Cross-network"),
    ],
    "Paid Shopping: a shopping site or campaign, and a paid medium": [
        ("cpc", "amazon", "", "Paid Shopping"),
        ("retargeting", "etsy.com", "", "Paid Shopping"),
        ("ppc", "google", "summer shopping", "Paid Shopping"),
        ("ppc", "google", "the shop", "Paid Shopping"),
        ("ppc", "google", "workshop", "Paid Search"),
    ],
    "Paid Search: a search site, and a paid medium": [
        ("cpc", "google", "", "Paid Search"),
        ("CPC", "Google", "", "Paid Search"),
        ("paidsearch", "bing", "", "Paid Search"),
        ("ppc", "duckduckgo.com", "", "Paid Search"),
        ("cpm", "google", "", "Paid Search"),
        ("xcpy", "yahoo", "", "Paid Search"),
        ("prepaid", "google", "", "Organic Search"),
    ],
    "Paid Social: a social site, and a paid medium": [
        ("retargeting", "facebook", "", "Paid Social"),
        ("paid_social", "fb", "", "Paid Social"),
        ("cpc", "linkedin.com", "", "Paid Social"),
    ],
    "Paid Video: a video site, and a paid medium": [
        ("cpv", "youtube.com", "", "Paid Video"),
        ("cpc", "youtube.com", "", "Paid Video"),
        ("paid", "vimeo", "", "Paid Video"),
    ],
    "Display: medium display, banner, expandable, interstitial, cpm": [
        ("display", "google", "", "Display"),
        ("cpm", "someone", "", "Display"),
        ("banner", "facebook", "", "Display"),
        ("expandable", "", "", "Display"),
        ("interstitial", "", "shopping", "Display"),
    ],
    "Paid Other: a paid medium": [
        ("cpc", "someone", "", "Paid Other"),
        ("paid", "chatgpt.com", "", "Paid Other"),
    ],
    "Organic Shopping: a shopping site or campaign": [
        ("email", "news", "the shop", "Organic Shopping"),
        ("link", "etsy.com", "", "Organic Shopping"),
        ("", "ebay", "", "Organic Shopping"),
    ],
    "AI Assistants: an assistant, or its medium (not in GA4's list of 2024; before what is left)": [
        ("", "chatgpt.com", "", "AI Assistants"),
        ("referral", "claude.ai", "", "AI Assistants"),
        ("ai-assistant", "someone", "", "AI Assistants"),
        ("chatbot", "someone", "", "AI Assistants"),
    ],
    "Organic Social: a social site, or medium social and its kin": [
        ("social-media", "someone", "", "Organic Social"),
        ("social", "", "", "Organic Social"),
        ("social-network", "", "", "Organic Social"),
        ("sm", "", "", "Organic Social"),
        ("social network", "", "", "Organic Social"),
        ("social media", "", "", "Organic Social"),
        ("", "linkedin", "", "Organic Social"),
        ("post", "lnkd.in", "", "Organic Social"),
    ],
    "Organic Video: a video site, or a medium with video in it": [
        ("video-ad", "someone", "", "Organic Video"),
        ("", "vimeo.com", "", "Organic Video"),
        ("my video", "", "", "Organic Video"),
    ],
    "Organic Search: a search site, or medium organic": [
        ("organic", "someone", "", "Organic Search"),
        ("", "bing", "", "Organic Search"),
        ("email", "google", "", "Organic Search"),
    ],
    "Referral: medium referral, app, link": [
        ("referral", "partner", "", "Referral"),
        ("app", "", "", "Referral"),
        ("link", "", "", "Referral"),
    ],
    "Email: source or medium email, e-mail, e_mail, e mail": [
        ("email", "news", "workshop", "Email"),
        ("e-mail", "crm", "", "Email"),
        ("e_mail", "crm", "", "Email"),
        ("", "e mail", "", "Email"),
        ("", "email", "", "Email"),
        ("", "mail.google.com", "", "Email"),
    ],
    "Affiliates: medium affiliate, affiliates": [
        ("affiliate", "partner", "", "Affiliates"),
        ("affiliates", "partner", "", "Affiliates"),
    ],
    "Audio: medium audio": [("audio", "podcast", "", "Audio")],
    "SMS: source or medium sms": [("sms", "crm", "", "SMS"), ("", "sms", "", "SMS")],
    "Mobile Push: medium ends with push, or holds mobile or notification; or source firebase": [
        ("web-push", "crm", "", "Mobile Push Notifications"),
        ("mobile", "crm", "", "Mobile Push Notifications"),
        ("a notification", "crm", "", "Mobile Push Notifications"),
        ("", "firebase", "", "Mobile Push Notifications"),
        ("pushed", "crm", "", "Unassigned"),
    ],
    "Unassigned: no rule": [
        ("qr", "poster", "", "Unassigned"),
        ("", "", "spring", "Unassigned"),
    ],
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_of_the_default_channel_group(make_event: MakeEvent, rule: str) -> None:
    """What the rule takes, and what looks like it and goes elsewhere; the referrer plays no part."""
    for medium, source, name, group in RULES[rule]:
        event = make_event(mkt_medium=medium, mkt_source=source, mkt_campaign=name, refr_medium="search")
        channel(event)

        assert event.default_channel_group == group, (medium, source, name)


def test_every_group_has_its_rule() -> None:
    """What the stage can say is what the table above says."""
    named = {group for cases in RULES.values() for *_, group in cases}

    assert named == GROUPS
    assert {of_referrer(medium) for medium in ("", "internal", "unknown", *MEDIA)} < GROUPS


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
        ("paid", "Paid Other"),
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
