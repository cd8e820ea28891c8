import logging

from streams.kafka.repeats import LOGGERS, MOST_WORDINGS, Repeats


def said(at: float, msg: str, *args: object, level: int = logging.ERROR, name: str = "client") -> logging.LogRecord:
    """A log record of that second."""
    record = logging.LogRecord(name, level, "file", 1, msg, args, None)
    record.created = at
    return record


def test_one_of_a_wording_in_five_seconds_and_then_how_many_were_left_out() -> None:
    """Whatever the words are filled in with; other words and other loggers count by themselves."""
    repeats = Repeats(5.0)
    lines = [said(100 + n / 10, "no answer from %s", n) for n in range(60)]

    kept = [record.getMessage() for record in lines if repeats.filter(record)]

    assert kept == ["no answer from 0", "no answer from 50 (49 more like it since)"]
    assert repeats.filter(said(103, "no leader for %s", 1))
    assert repeats.filter(said(103, "no answer from %s", 1, name="producer"))


def test_what_is_no_warning_passes() -> None:
    """Told or not is the level's matter."""
    repeats = Repeats(5.0)

    assert all(repeats.filter(said(100, "joined", level=logging.INFO)) for _ in range(3))


def test_it_remembers_no_more_than_so_many_wordings() -> None:
    """A library that builds its words itself does not fill the memory."""
    repeats = Repeats(5.0)

    assert all(repeats.filter(said(100, f"wording {n}")) for n in range(3 * MOST_WORDINGS))
    assert len(repeats._last) <= MOST_WORDINGS + 1


def test_the_loggers_are_the_clients_own() -> None:
    """Of each name the library has a logger: a change would be seen."""
    import aiokafka  # noqa: F401

    assert set(LOGGERS) <= set(logging.root.manager.loggerDict)
