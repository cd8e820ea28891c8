import pytest

from streams.anonymize.phone import find_phones


@pytest.mark.parametrize(
    "number",
    [
        "+49 30 901820",
        "+49 (0)30 901820",
        "+1-415-555-0132",
        "+14155550132",
        "0049 30 901820",
        "(415) 555-0132",
        "415-555-0132",
        "415.555.0132",
        "030 901820",
        "(030) 90 18 20",
        "020 7946 0018",
        "+44 20 7946 0018",
        "0171/123456",
        "+55 11 91234-5678",
    ],
)
def test_numbers_are_found_in_the_usual_writings(number: str) -> None:
    """Source: ITU-T E.123; the numbering plans' reserved numbers."""
    text = f"call {number}!"

    assert [text[start:end] for start, end, _ in find_phones(text)] == [number]


@pytest.mark.parametrize(
    "text",
    [
        "1234567",
        "2024-05-20",
        "12:30:45",
        "v1.2.3",
        "x0171/123456",
        "0.123456",
        "192.0.2.1",
        "+1234",
        "item 00012",
        "1 000 000",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Dates, versions, prices, parts of words."""
    assert find_phones(text) == []
