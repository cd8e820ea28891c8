import pytest

from streams.anonymize.query import make_query
from streams.anonymize.ruleset import UrlQuery
from streams.anonymize.urls import make_url

RULE = UrlQuery(name="urls", action="url_query", fields=["urls"], keep=["q"], click_ids=True)
PAGE = "https://h.example/p"


@pytest.mark.parametrize(
    ("end", "kept", "network"),
    [
        ("?q=1&gclid=7", "?q=1", "Google"),
        ("?q=1&gclid=", "?q=1", ""),
        ("?q=1&gclid= ", "?q=1", ""),
        ("?q=1&token=7", "?q=1", ""),
        ("?token=7&q", "?q", ""),
        ("?token=7&q ", "?q", ""),
    ],
)
def test_a_space_at_a_urls_end_is_none_of_its_last_parameter(end: str, kept: str, network: str) -> None:
    """Remembered or not, where the start is the same."""
    read = make_url([make_query(RULE)])

    assert [read(PAGE + end), read(PAGE + end)] == [(PAGE + kept, network)] * 2
