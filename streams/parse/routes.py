"""Which format, or which tracker that we do not speak, a request's path and body belong to."""

import re

SNOWPLOW = "snowplow"
SEGMENT = "segment"

_SNOWPLOW_PATH = re.compile(r"/(?:i|ice\.png|[A-Za-z0-9._-]+/tp2|com\.snowplowanalytics\.snowplow/tp1)", re.ASCII)
_SEGMENT_PATH = re.compile(
    r"(?:/api/s/|/v1/)(?:batch|page|track|identify|screen|group|alias|import|b|p|t|i|s|g|a)/?", re.ASCII
)

_FOREIGN_PATHS = (
    ("Matomo", re.compile(r"/(?:[^?]{0,200}/)?(?:matomo|piwik)\.php")),
    ("PostHog", re.compile(r"/(?:batch|capture|e|engage|track|decide|flags|i/v0/e|s)/?")),
    ("Plausible", re.compile(r"/api/event")),
    ("Umami", re.compile(r"/api/(?:send|collect|batch)")),
    (
        "Google Analytics",
        re.compile(r"/(?:g/collect|mp/collect|debug/mp/collect|collect|j/collect|r/collect|__utm\.gif)"),
    ),
    ("Divolte", re.compile(r"/csc-event")),
    ("Amplitude", re.compile(r"/(?:2/httpapi|httpapi|identify|batch/v2)")),
    ("Mixpanel", re.compile(r"/(?:import|engage|groups)/?")),
)
"""Source: each project's tracker documentation; field.md 1.1 and 4.7 of the design's reference for the first six."""

_FOREIGN_BODIES: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("PostHog", (b'"distinct_id":',)),
    ("PostHog", (b'"$lib":',)),
    ("Umami", (b'"payload":', b'"website":')),
    ("Plausible", (b'"n":', b'"u":', b'"d":')),
    ("Plausible", (b'"name":', b'"url":', b'"domain":')),
    ("Matomo", (b"idsite=", b"rec=")),
    ("Google Analytics", (b'"client_id":', b'"events":')),
    ("Google Analytics", (b"v=2&", b"tid=G-")),
    ("Google Analytics", (b"v=1&", b"tid=UA-")),
    ("Amplitude", (b'"api_key":', b'"event_type":')),
)
"""What a body of theirs holds, less its blanks."""
_LOOKED_AT = 1 << 14
"""Bytes of a body that are searched: what tells trackers apart stands in front."""


def format_of(target: str) -> str:
    """The format that trackers send to a request's target; empty where it tells none."""
    path = target.partition("?")[0]
    if _SNOWPLOW_PATH.fullmatch(path):
        return SNOWPLOW
    return SEGMENT if _SEGMENT_PATH.fullmatch(path) else ""


def foreign(target: str, body: bytes) -> str:
    """The name of a tracker that we do not speak, by a request's target, else by its body; empty where none is known.

    Asked for what could not be read only.
    """
    path = target.partition("?")[0]
    for name, pattern in _FOREIGN_PATHS:
        if pattern.fullmatch(path):
            return name
    head = body[:_LOOKED_AT].replace(b" ", b"")
    return next((name for name, signs in _FOREIGN_BODIES if all(sign in head for sign in signs)), "")


_SEGMENT_TYPES = {"p": "page", "t": "track", "i": "identify", "s": "screen", "g": "group", "a": "alias"}


def segment_type(target: str) -> str:
    """The type of call a Segment request's path names (``/v1/track``); empty where it names none, as of a batch."""
    path = target.partition("?")[0]
    if not path or _SEGMENT_PATH.fullmatch(path) is None:
        return ""
    word = path.rstrip("/").rpartition("/")[2]
    word = _SEGMENT_TYPES.get(word, word)
    return word if word in _SEGMENT_TYPES.values() else ""
