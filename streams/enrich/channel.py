"""The channel group of a visit, by Google Analytics' default rules, with AI assistants beside them.

Source: support.google.com/analytics/answer/9756891 (default channel group: definitions, in this order).
"""

from collections.abc import Callable
from functools import lru_cache

import re2

from streams.enrich.sites import Site
from streams.memo import ENTRIES
from streams.records import Event

_PAID = re2.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
_SHOPPING = re2.compile(r"^(.*(([^a-df-z]|^)shop|shopping).*)$")
_VIDEO = re2.compile(r"^(.*video.*)$")
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset({"social", "social-network", "social-media", "sm", "social network", "social media"})
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail"})
_AI = frozenset({"ai", "ai-assistant", "ai_assistant", "chatbot", "llm"})

CLICKS = {
    "Google": ("google", "cpc"),
    "Microsoft": ("bing", "cpc"),
    "Yandex": ("yandex", "cpc"),
    "DoubleClick": ("doubleclick", "display"),
    "TikTok": ("tiktok", "cpc"),
    "X": ("x", "cpc"),
    "LinkedIn": ("linkedin", "cpc"),
    "Pinterest": ("pinterest", "cpc"),
    "Snapchat": ("snapchat", "cpc"),
    "Reddit": ("reddit", "cpc"),
    "Quora": ("quora", "cpc"),
    "Facebook": ("facebook", "social"),  # Facebook puts fbclid on every link, paid or not
    "Taboola": ("taboola", "cpc"),
    "Outbrain": ("outbrain", "cpc"),
    "Nextdoor": ("nextdoor", "cpc"),
    "Impact": ("impact", "affiliate"),
}
"""Network of a click id → (source, medium) it stands for where no utm parameter says more."""

GROUPS = frozenset({
    "Direct", "Cross-network", "Paid Shopping", "Paid Search", "Paid Social", "Paid Video", "Display", "Paid Other",
    "Organic Shopping", "AI Assistants", "Organic Social", "Organic Video", "Organic Search", "Referral", "Email",
    "Affiliates", "Audio", "SMS", "Mobile Push Notifications", "Unassigned",
})  # fmt: skip
"""Every channel there is."""

_CATEGORIES = {"bing": "search", "google": "search", "adwords": "search", "fb": "social", "ig": "social"}
"""Words people write into utm_source that are no host and no source's name."""


def make_channel(site_of: Callable[[str], Site], sources: dict[str, str]) -> Callable[[Event], None]:
    """Fills default_channel_group; runs after referrer and campaign.

    ``sources`` maps a known source's name in lower case to its medium: utm_source=chatgpt and chatgpt.com agree.
    """

    def category(source: str) -> str:
        return _CATEGORIES.get(source) or sources.get(source) or site_of(source)[0]

    @lru_cache(maxsize=ENTRIES)
    def group(medium: str, source: str, campaign: str, network: str, refr_medium: str) -> str:
        medium, source, campaign = medium.lower(), source.lower(), campaign.lower()
        if network and not (medium or source):
            source, medium = CLICKS.get(network, ("", ""))
        if medium or source or campaign:
            return of_campaign(medium, source, campaign, category(source) if source else "")
        return of_referrer(refr_medium)

    def channel(event: Event) -> None:
        event.default_channel_group = group(
            event.mkt_medium, event.mkt_source, event.mkt_campaign, event.mkt_network, event.refr_medium
        )

    return channel


def of_campaign(medium: str, source: str, campaign: str, category: str) -> str:  # noqa: PLR0911 - one line a rule
    """The group of a tagged link; all arguments in lower case, ``category`` is the source's medium."""
    paid = _PAID.match(medium) is not None
    shopping = category == "shopping" or _SHOPPING.match(campaign) is not None
    if source in ("direct", "(direct)") and medium in ("", "(not set)", "(none)"):
        return "Direct"
    if "cross-network" in campaign:
        return "Cross-network"
    if paid or medium in _DISPLAY:
        return _of_paid(category if paid else "", shopping=shopping and paid, display=medium in _DISPLAY)
    if shopping:
        return "Organic Shopping"
    if category == "ai" or medium in _AI:
        return "AI Assistants"
    if category == "social" or medium in _SOCIAL:
        return "Organic Social"
    if category == "video" or _VIDEO.match(medium):
        return "Organic Video"
    if category == "search" or medium == "organic":
        return "Organic Search"
    return _of_word(medium, source, category)


def _of_paid(category: str, *, shopping: bool, display: bool) -> str:
    if shopping:
        return "Paid Shopping"
    other = "Display" if display else "Paid Other"
    return {"search": "Paid Search", "social": "Paid Social", "video": "Paid Video"}.get(category, other)


def _of_word(medium: str, source: str, category: str) -> str:
    if medium in ("referral", "app", "link"):
        return "Referral"
    if medium in _EMAIL or source in _EMAIL or category == "email":
        return "Email"
    if medium in ("affiliate", "affiliates"):
        return "Affiliates"
    if medium == "audio":
        return "Audio"
    if medium == "sms" or source == "sms":
        return "SMS"
    if medium.endswith("push") or "mobile" in medium or "notification" in medium or source == "firebase":
        return "Mobile Push Notifications"
    return "Unassigned"


_REFERRED = {
    "": "Direct",
    "internal": "Direct",
    "search": "Organic Search",
    "social": "Organic Social",
    "video": "Organic Video",
    "shopping": "Organic Shopping",
    "email": "Email",
    "ai": "AI Assistants",
    "paid": "Paid Other",
}


def of_referrer(refr_medium: str) -> str:
    """The group of an untagged visit; one's own pages send nobody, so a visit that begins inside counts as direct."""
    return _REFERRED.get(refr_medium, "Referral")
