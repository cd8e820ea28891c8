"""How simulated visits come in: search, social, mail, assistants, other sites, campaigns, or directly."""

import json
from typing import NamedTuple

from streams.simulate.chance import Chance, Weighted


class Source(NamedTuple):
    """``query`` is a template of the landing page's query: {click} a click id, {email} the visitor's address."""

    referrer: str = ""
    query: str = ""
    campaign: tuple[str, str, str, str, str] | None = None
    """utm source, medium, campaign, term, content."""

    def campaign_json(self) -> str:
        """Segment's ``context.campaign`` as ``"campaign":{…},``, or nothing."""
        if self.campaign is None:
            return ""
        names = ("source", "medium", "name", "term", "content")
        given = {name: value for name, value in zip(names, self.campaign, strict=True) if value}
        return f'"campaign":{json.dumps(given, separators=(",", ":"))},'


def _campaign(referrer: str, utm: str, click: str = "") -> Source:
    """``utm`` is source, medium, campaign, term, content by bars; ``click`` further parameters."""
    source, medium, name, term, content = utm.split("|")
    given = {"source": source, "medium": medium, "campaign": name, "term": term, "content": content}
    query = "&".join(f"utm_{key}={value}" for key, value in given.items() if value)
    return Source(
        referrer, f"{query}&{click}" if click else query, (source, medium, name, term.replace("+", " "), content)
    )


_SOURCES: tuple[tuple[Source, int], ...] = (
    (Source(), 300),
    (Source("https://www.google.com/"), 210),
    (Source("https://www.google.de/"), 40),
    (Source("https://www.bing.com/"), 30),
    (Source("https://duckduckgo.com/"), 16),
    (Source("https://search.yahoo.com/search?p=red+lamp"), 6),
    (Source("https://yandex.ru/"), 4),
    (Source("https://www.facebook.com/"), 18),
    (Source("https://l.instagram.com/"), 14),
    (Source("https://t.co/"), 10),
    (Source("https://www.reddit.com/r/BuyItForLife/"), 12),
    (Source("https://www.youtube.com/"), 10),
    (Source("https://www.linkedin.com/"), 5),
    (Source("https://news.ycombinator.com/"), 6),
    (Source("https://www.pinterest.com/"), 8),
    (Source("https://chatgpt.com/", "utm_source=chatgpt.com", ("chatgpt.com", "", "", "", "")), 22),
    (Source("https://www.perplexity.ai/"), 10),
    (Source("https://gemini.google.com/"), 8),
    (Source("https://copilot.microsoft.com/"), 6),
    (Source("https://mail.google.com/"), 6),
    (Source("https://outlook.live.com/"), 4),
    (Source("https://lamps-compared.example/best-desk-lamps"), 14),
    (Source("https://blog.home-and-light.example/2026/02/reading-corner?id=77"), 10),
    (
        _campaign("https://www.google.com/", "google|cpc|brand_2026|thalweg+shop|text_a", "gclid={click}"),
        46,
    ),
    (
        _campaign("https://www.google.com/", "google|cpc|lamps_spring|desk+lamp|text_b", "gclid={click}"),
        38,
    ),
    (Source("https://www.google.com/", "gclid={click}&gad_source=1"), 18),
    (_campaign("https://www.bing.com/", "bing|cpc|lamps_spring|desk+lamp|", "msclkid={click}"), 10),
    (
        _campaign("https://m.facebook.com/", "facebook|paid_social|spring_sale||carousel", "fbclid={click}"),
        30,
    ),
    (Source("https://l.facebook.com/", "fbclid={click}"), 14),
    (
        _campaign("https://www.instagram.com/", "instagram|paid_social|spring_sale||story", "fbclid={click}"),
        16,
    ),
    (_campaign("", "tiktok|paid_social|spring_sale||video_15s", "ttclid={click}"), 10),
    (_campaign("", "newsletter|email|2026_w10||header"), 34),
    (_campaign("", "newsletter|email|2026_w10||footer", "email={email}"), 12),
    (
        _campaign("https://partner-deals.example/", "partner-deals|affiliate|spring_sale||", "irclickid={click}"),
        10,
    ),
    (
        _campaign("https://ads.publisher.example/", "publisher|display|retargeting||banner_300", "dclid={click}"),
        12,
    ),
)

_drawn = Weighted([source for source, _ in _SOURCES], [weight for _, weight in _SOURCES])
_CLICK_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def draw_source(chance: Chance) -> Source:
    """A source by its share of visits."""
    return _drawn.draw(chance)


def landing_query(source: Source, email: str, bits: int) -> str:
    """The query of the landing page, its click id made of random bits (at least 132)."""
    if "{" not in source.query:
        return source.query
    click = "Cj0K" + "".join(_CLICK_ALPHABET[bits >> shift & 63] for shift in range(0, 132, 6))
    return source.query.replace("{click}", click).replace("{email}", email.replace("@", "%40"))
