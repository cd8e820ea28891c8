from urllib.parse import quote

from streams.scan.canaries import make_canary_finder
from streams.scan.kinds import KINDS
from streams.scan.scanner import Find, Scanner

KEY, MAIL = b"k" * 32, "alice@example.com"


def told(scanner: Scanner) -> list[tuple[str, str, str, int]]:
    """Place, kind, encoding, count."""
    return [(find.place, find.kind, find.encoded, find.count) for find in scanner.finds]


def test_finds_are_tallied_by_place_kind_and_encoding() -> None:
    """With the rows behind each distinct text, and what was searched without finding."""
    scanner = Scanner(KINDS, KEY)
    scanner.scan("events.page_title", f"hello {MAIL}", 3)
    scanner.scan("events.page_title", quote(f"hello {MAIL}", safe=""), 2)
    scanner.scan("events.page_url", "https://example.com/")

    assert told(scanner) == [
        ("events.page_title", "email", "percent", 2), ("events.page_title", "email", "plain", 3),
    ]  # fmt: skip
    assert scanner.searched == {"events.page_title": 5, "events.page_url": 1}


def test_no_find_shows_its_value_and_equal_values_have_equal_samples() -> None:
    """The sample is keyed: without the key nobody can test a guess."""
    scanner, other = Scanner(KINDS, KEY), Scanner(KINDS, b"o" * 32)
    for each in (scanner, other):
        each.scan("a.x", MAIL)
        each.scan("a.y", MAIL.upper())
        each.scan("a.z", "bob@example.com")
    x, y, z = (find.sample for find in scanner.finds)

    assert x == y != z
    assert x not in {find.sample for find in other.finds}
    assert "alice" not in repr(scanner.finds).lower()


def test_agents_and_versions_are_read_as_such() -> None:
    """The last part of the place says what it is."""
    scanner = Scanner(KINDS, KEY)
    for place in ("events.useragent", "enriched.useragent", "events.br_version", "events.page_title"):
        scanner.scan(place, "Chrome/120.1.2.3")

    assert [find.place for find in scanner.finds] == ["events.page_title"]


def test_given_values_alone_are_looked_for_in_numbers_and_ids() -> None:
    """A card's number may stand in a count by accident, a canary may not."""
    scanner = Scanner(KINDS, KEY, make_canary_finder(["4111111111111111"]))
    scanner.scan_given("events.event_fingerprint", "4111111111111111")
    scanner.scan("events.page_title", "4111111111111111")

    assert [(find.place, find.kind) for find in scanner.finds] == [
        ("events.event_fingerprint", "canary"), ("events.page_title", "canary"), ("events.page_title", "card"),
    ]  # fmt: skip


def test_a_value_counts_once_a_text_however_often_it_is_met() -> None:
    """The least encoded meeting counts."""
    scanner = Scanner(KINDS, KEY)
    scanner.scan("a.x", f"{MAIL} {MAIL} {quote(MAIL, safe='')}")

    assert scanner.finds == [
        Find(place="a.x", kind="email", encoded="plain", count=1, sample=scanner.finds[0].sample)
    ]  # fmt: skip
