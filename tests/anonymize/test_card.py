import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize import card as cards
from streams.anonymize.card import CARD, find_cards, is_luhn
from streams.anonymize.layers import rewrite

# The schemes' own published test numbers. Source: docs.stripe.com/testing, docs.adyen.com/development-resources.
CARDS = [
    "4242424242424242", "4000056655665556", "4222222222222", "5555555555554444", "2223003122003222", "5200828282828210",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "3056930009020004", "36227206271667",
    "3566002020360505", "6200000000000005", "6771798021000008", "2200000000000053",
]  # fmt: skip


GAPS = ["", " ", "-", ".", "+", "%20", "%2520", "\u00a0", "\u202f", "\u2009", "\u2011", " - ", "\t", "\u200b"]


def redact_cards(text: str) -> str:
    """The text with each card number that is found replaced."""
    return rewrite(text, find_cards(text))


def grouped(digits: str, gap: str) -> str:
    """As people write card numbers, in fours."""
    return gap.join(digits[n : n + 4] for n in range(0, len(digits), 4))


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize(
    "gap", ["", " ", "-", ".", "+", "%20", "%2520", "\u00a0", "\u202f", "\u2009", "\u2011", " - ", "\t", "\u200b"]
)
def test_cards_go_in_any_grouping(card: str, gap: str) -> None:
    """The words and other numbers around them stay."""
    assert redact_cards(f"card {grouped(card, gap)}, 12/29") == f"card {CARD}, 12/29"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1 4242 4242 4242 4242", f"1 {CARD}"),
        ("4242 4242 4242 4242 123", f"{CARD} 123"),
        ("4242424242424242 5555555555554444", f"{CARD} {CARD}"),
        ("card=4242424242424242&cvc=123", f"card={CARD}&cvc=123"),
    ],
)
def test_cards_beside_other_digits_are_found(text: str, kept: str) -> None:
    """A gap parts numbers."""
    assert redact_cards(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "", "4242424242424241", "1700000000000", "1716164886000", "20240520000018123", "42424242424242424242424242",
        "+44 20 7946 0958", "978-3-16-148410-0", "192.168.100.200", "0000000000000000", "5f0c1d2e-3b4a-4c5d-8e6f",
    ],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    """Clock readings, phone and book numbers, a wrong check digit, longer runs of digits."""
    assert redact_cards(text) == text


def test_endless_groups_of_digits_are_not_searched_one_by_one() -> None:
    """A long row of single digits could hold a card at any place: it goes whole."""
    assert redact_cards("x " + "4 " * 500 + "y") == f"x {CARD} y"
    assert redact_cards("1 2 3 4 5 6 7 8 9 1 2 3") == "1 2 3 4 5 6 7 8 9 1 2 3"


@given(st.from_regex(r"4[0-9]{14}", fullmatch=True), st.integers(1, 9))
def test_any_visa_number_goes_and_its_neighbours_stay(start: str, shift: int) -> None:
    """Exactly one of the ten last digits is right."""
    right = next(digit for digit in range(10) if is_luhn(f"{start}{digit}"))

    assert redact_cards(f"{start}{right}") == CARD
    assert redact_cards(f"{start}{(right + shift) % 10}") != CARD


@given(st.from_regex(r"6[0-9]{10,17}", fullmatch=True), st.sampled_from(["", " ", "-"]))
def test_numbers_of_any_length_are_found(start: str, gap: str) -> None:
    """From twelve to nineteen digits, as Maestro has them."""
    right = next(digit for digit in range(10) if is_luhn(f"{start}{digit}"))

    assert redact_cards(grouped(f"{start}{right}", gap)) == CARD


rows = st.lists(
    st.sampled_from([*CARDS, *"0123456789", *GAPS, "4242", "x", "6", "50", "22", "é", "٣", "\n", "7b62-4671-6367-36-"]),
    max_size=30,
).map("".join)  # fmt: skip


@given(rows | st.from_regex(r"[2-6][0-9]{11,20}", fullmatch=True))
def test_the_quick_look_misses_no_card(text: str) -> None:
    """What is told at once to hold none holds none; one encoded gap, and it is not asked."""
    found = cards._cards_in(text)

    assert find_cards(text) == found
    if found and "%" not in text:
        assert cards.may_hold(text)
        assert cards._may_be_one(text)


@given(st.from_regex(r"[0-9]{1,30}", fullmatch=True))
def test_luhn_is_as_the_norm_writes_it(digits: str) -> None:
    """Every second digit from the right but one is doubled, and its own digits added."""
    total = sum(
        sum(map(int, str(int(digit) * 2))) if place % 2 else int(digit) for place, digit in enumerate(digits[::-1])
    )

    assert is_luhn(digits) is (total % 10 == 0)
