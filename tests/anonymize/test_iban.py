import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.iban import find_ibans, is_iban

REAL = [  # the registry's own examples
    "DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "FR1420041010050500013M02606",
    "MT84MALT011000012345MTLCAST001S", "NL91ABNA0417164300", "CH9300762011623852957",
]  # fmt: skip


@pytest.mark.parametrize("iban", REAL)
def test_account_numbers_are_found_in_any_writing(iban: str) -> None:
    """Whole, in groups of four, in small letters, amid a text."""
    grouped = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))

    for written in (iban, iban.lower(), grouped, grouped.replace(" ", "-")):
        text = f"to {written}, thanks"
        assert [text[start:end] for start, end, _ in find_ibans(text)] == [written]


@pytest.mark.parametrize("iban", REAL)
@given(place=st.integers(2, 14), digit=st.integers(0, 9))
def test_one_wrong_digit_is_no_account(iban: str, place: int, digit: int) -> None:
    """The check digits see it."""
    wrong = iban[:place] + str(digit) + iban[place + 1 :]

    assert bool(find_ibans(wrong)) == (wrong == iban)


@pytest.mark.parametrize(
    "text", ["XX89370400440532013000", "aDE89370400440532013000", "DE893704004405320130001", "DE8937", ""]
)
def test_what_is_longer_shorter_or_of_no_country_is_none(text: str) -> None:
    """Parts of other words stay."""
    assert find_ibans(text) == []


def test_the_checksum() -> None:
    """Source: ISO 13616-1, its example."""
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB82WEST12345698765431")
