from streams.memo import remember


def test_an_answer_is_worked_out_once() -> None:
    """A second question is answered from memory."""
    asked: list[str] = []

    def shout(text: str) -> str:
        asked.append(text)
        return text.upper()

    remembered = remember(shout)

    assert [remembered("a"), remembered("a"), remembered("b")] == ["A", "A", "B"]
    assert asked == ["a", "b"]


def test_memory_is_bounded_in_entries() -> None:
    """However many texts come, no more than the given number is held, and answers stay right."""
    asked: list[str] = []

    def keep(text: str) -> str:
        asked.append(text)
        return text

    remembered = remember(keep, entries=3)

    assert [remembered(str(n)) for n in range(10)] == [str(n) for n in range(10)]
    assert remembered("9") == "9"
    assert len(asked) == 10
    assert remembered("0") == "0"
    assert len(asked) == 11


def test_long_texts_are_not_held() -> None:
    """A text longer than the limit is worked out each time."""
    asked: list[str] = []

    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    remembered = remember(length, longest=4)

    assert [remembered("12345"), remembered("12345"), remembered("1234"), remembered("1234")] == [5, 5, 4, 4]
    assert len(asked) == 3


def test_what_is_asked_again_outlives_what_came_once() -> None:
    """However many others pass by, a common text is worked out once."""
    asked: list[str] = []

    def keep(text: str) -> str:
        asked.append(text)
        return text

    remembered = remember(keep, entries=10)
    for number in range(100):
        remembered("common")
        remembered(str(number))

    assert asked.count("common") == 1
