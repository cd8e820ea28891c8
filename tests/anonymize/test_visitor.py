import pytest

from streams.anonymize.visitor import make_visitor
from streams.keys import Keys, join
from streams.records import NO_ID, ParsedEvent

KEYS = Keys(b"a secret of at least thirty-two bytes")
visitor = make_visitor(KEYS)
ALL = {
    "domain_userid": "d",
    "network_userid": "n",
    "anonymous_id": "a",
    "user_id": "u",
    "ip": "192.0.2.1",
    "useragent": "Mozilla/5.0",
}
ORDER = ["domain_userid", "network_userid", "anonymous_id", "user_id"]


def event(**fields: str) -> ParsedEvent:
    """A raw page view."""
    return ParsedEvent(event="page_view", **fields)  # type: ignore[arg-type]


def expected(app_id: str, kind: str, *values: str) -> bytes:
    """The id by its definition."""
    return KEYS.uuid("visitor")(join(app_id, kind, *values))


@pytest.mark.parametrize("kind", ORDER)
def test_the_first_id_present_names_the_visitor(kind: str) -> None:
    """Ids count in this order; the later ones, address and agent play no part."""
    fields = {name: value for name, value in ALL.items() if name not in ORDER[: ORDER.index(kind)]}

    assert visitor(event(**fields), "shop") == expected("shop", kind, ALL[kind])


def test_address_and_agent_name_a_visitor_without_ids() -> None:
    """Both together, as they came, unmasked."""
    found = visitor(event(ip="192.0.2.1", useragent="Mozilla/5.0"), "shop")

    assert found == expected("shop", "ip_useragent", "192.0.2.1", "Mozilla/5.0")
    assert found != visitor(event(ip="192.0.2.2", useragent="Mozilla/5.0"), "shop")


def test_a_hyphen_counts_as_an_agent() -> None:
    """A log's ``-`` is a value for the visitor."""
    assert visitor(event(ip="192.0.2.1", useragent="-"), "shop") == expected("shop", "ip_useragent", "192.0.2.1", "-")


@pytest.mark.parametrize("fields", [{}, {"ip": "192.0.2.1"}, {"useragent": "Mozilla/5.0"}])
def test_half_an_identity_is_none(fields: dict[str, str]) -> None:
    """Address alone, or agent alone, is nobody."""
    assert visitor(event(**fields), "shop") == NO_ID


def test_apps_and_kinds_and_secrets_are_kept_apart() -> None:
    """The same value in another app, of another kind, or under another secret is another visitor."""
    other = make_visitor(Keys(b"another secret of thirty-two bytes or more"))
    found = [
        visitor(event(user_id="x"), "shop"),
        visitor(event(user_id="x"), "blog"),
        visitor(event(anonymous_id="x"), "shop"),
        other(event(user_id="x"), "shop"),
    ]

    assert len(set(found)) == 4


def test_ids_are_uuids_of_version_8() -> None:
    """They fit the table's UUID column and say what they are (RFC 9562)."""
    found = visitor(event(user_id="x"), "shop")

    assert (len(found), found[6] >> 4, found[8] >> 6) == (16, 8, 2)
