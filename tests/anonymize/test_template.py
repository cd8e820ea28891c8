from urllib.parse import quote

import pytest

from streams.anonymize.ruleset import UrlTemplate
from streams.anonymize.template import make_text_template

UUID = "4c4e1d9e-8f0a-4a57-9c3b-2f1d5e6a7b8c"


def template(path: str, **rule: object) -> str:
    """The path as a rule of these words leaves it."""
    return make_text_template(
        UrlTemplate.model_validate({"name": "a", "action": "url_template", "fields": ["urls"]} | rule)
    ).apply(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/user/123", "/user/:id"),
        ("/user/123/", "/user/:id/"),
        ("/", "/"),
        (f"/o/{UUID}/x", "/o/:id/x"),
        (f"/o/{{{UUID.upper()}}}", "/o/:id"),
        (f"/o/{UUID.replace('-', '')}", "/o/:hash"),
        ("/c/7e3f9a1b2c", "/c/:hash"),
        ("/c/d41d8cd98f00b204e9800998ecf8427e", "/c/:hash"),
        ("/t/Zm9vYmFyMTIzNDU2Nzg5YWJj", "/t/:hash"),
        ("/u/ann@example.com", "/u/:email"),
        ("/u/ann%40example.com", "/u/:email"),
        ("/u/%31%32", "/u/:id"),
        ("/u/%2531", "/u/:id"),
        ("/blog/ten-years-of-logstash-2013", "/blog/ten-years-of-logstash-2013"),
        ("/facade/deadline", "/facade/deadline"),
        ("https://x.example/1/2?a=3#4", "https://x.example/:id/:id?a=3#4"),
        ("//x.example/1", "//x.example/:id"),
        ("mailto:1/2", "mailto:1/2"),
        ("/" + quote(quote(quote(quote(quote(quote("é")))))), "/:text"),
    ],
)
def test_segments_that_name_one_thing_become_its_kind(path: str, expected: str) -> None:
    """Whole segments, decoded; words stay."""
    assert template(path) == expected


def test_routes_go_first_and_fit_whole_paths() -> None:
    """The first that fits; ``*`` at the end stands for any rest."""
    routes = ["/user/:name", "/user/:name/settings", "/w/*"]

    assert template("/user/ann", routes=routes) == "/user/:name"
    assert template("/user/ann/settings", routes=routes) == "/user/:name/settings"
    assert template("/user/", routes=routes) == "/user/"
    assert template("/user/ann/other/7", routes=routes) == "/user/ann/other/:id"
    assert template("/w/a/b/c", routes=routes) == "/w/*"


def test_patterns_of_ones_own_fit_whole_segments() -> None:
    """In their place among the others; only what is named is looked for."""
    segments = ["number", {"name": "ticket", "pattern": "[A-Z]+-[0-9]+"}]

    assert template(f"/b/OPS-7/xOPS-7y/12/{UUID}", segments=segments) == f"/b/:ticket/xOPS-7y/:id/{UUID}"
