"""Paths and bodies to formats and to the names of trackers that we do not speak."""

import pytest

from streams.outcome import Dead, Reason
from streams.parse.options import ParseOptions
from streams.parse.reading import make_reading
from streams.parse.routes import foreign, format_of, segment_type
from tests.test_pipeline import Raw


@pytest.mark.parametrize(
    ("target", "format"),
    [
        ("/com.snowplowanalytics.snowplow/tp2", "snowplow"),
        ("/com.acme/tp2?aid=a", "snowplow"),
        ("/i?e=pv", "snowplow"),
        ("/ice.png", "snowplow"),
        ("/v1/batch", "segment"),
        ("/v1/p", "segment"),
        ("/api/s/track", "segment"),
        ("/v1/batchx", ""),
        ("/batch/", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_format_of_a_path(target: str, format: str) -> None:
    """The collector's own paths, Segment's API and Jitsu's."""
    assert format_of(target) == format


@pytest.mark.parametrize(
    ("target", "kind"),
    [("/v1/track", "track"), ("/v1/p", "page"), ("/api/s/identify?x=1", "identify"), ("/v1/batch", ""), ("/x", "")],
)
def test_type_of_a_segment_path(target: str, kind: str) -> None:
    """The call is the path's last word."""
    assert segment_type(target) == kind


@pytest.mark.parametrize(
    ("target", "body", "name"),
    [
        ("/batch/", b"", "PostHog"),
        ("", b'{"api_key":"k","batch":[{"event":"e","distinct_id":"d"}]}', "PostHog"),
        ("/matomo.php?idsite=1&rec=1", b"", "Matomo"),
        ("/stats/piwik.php", b"", "Matomo"),
        ("", b"idsite=1&rec=1&action_name=x", "Matomo"),
        ("/api/send", b"", "Umami"),
        ("", b'{"type": "event", "payload": {"hostname": "h", "website": "w"}}', "Umami"),
        ("", b'{"n": "pageview", "u": "https://x", "d": "x"}', "Plausible"),
        ("/g/collect?v=2&tid=G-1", b"", "Google Analytics"),
        ("", b'{"client_id":"1.2","events":[{"name":"x"}]}', "Google Analytics"),
        ("", b"v=1&t=pageview&tid=UA-1-1", "Google Analytics"),
        ("", b'{"type":"track"}', ""),
        ("/i", b"e=pv", ""),
    ],
)
def test_other_trackers_are_known_by_name(target: str, body: bytes, name: str) -> None:
    """By path, else by what their bodies hold."""
    assert foreign(target, body) == name


@pytest.mark.parametrize("format", ["segment", "snowplow", ""])
def test_their_requests_are_dead_once_and_say_so(format: str) -> None:
    """Whatever format they were taken for; a body of many is one letter."""
    parse = make_reading(format, False, ParseOptions())
    value = b'{"api_key":"k","batch":[{"event":"a","distinct_id":"d"},{"event":"b","distinct_id":"d"}]}'

    assert parse(Raw(0, value), {}) == (Dead(Reason.TRACKER_UNKNOWN, "PostHog"),)


def test_the_path_tells_the_format_where_no_header_does() -> None:
    """Header format goes first, the setting last."""
    parse = make_reading("combined", False, ParseOptions())

    (event,) = parse(Raw(0, b"e=pv"), {"path": "/i"})
    (dead,) = parse(Raw(0, b"e=pv"), {"path": "/i", "format": "combined"})
    (other,) = parse(Raw(0, b"e=pv"), {"path": "/"})
    assert (type(event).__name__, type(dead), type(other)) == ("ParsedEvent", Dead, Dead)


def test_one_good_event_makes_it_ours() -> None:
    """A body with an event that is read is no other tracker's, whatever words are in it."""
    parse = make_reading("segment", False, ParseOptions())
    good = b'{"type":"track","event":"e","userId":"u","properties":{"distinct_id":"d"}}'

    assert [type(item).__name__ for item in parse(Raw(0, b'{"batch":[{},%b]}' % good), {})] == ["Dead", "ParsedEvent"]
