"""When the watchdog gives up, and what counts as being at work."""

import threading

from streams.kafka.watchdog import Diligence, Watchdog


def test_it_gives_up_once_when_nobody_feeds_it() -> None:
    """After its patience."""
    gone = threading.Event()
    watchdog = Watchdog(0.2, gone.set)
    watchdog.start()
    assert gone.wait(20)
    watchdog.join(20)
    assert not watchdog.is_alive()


def test_one_that_was_ended_gives_up_no_more() -> None:
    """The app has stopped."""
    gone = threading.Event()
    watchdog = Watchdog(60, gone.set)
    watchdog.start()
    watchdog.end()
    watchdog.join(20)
    assert not watchdog.is_alive()
    assert not gone.is_set()


class Fed(Watchdog):
    """Counts instead."""

    def __init__(self) -> None:
        super().__init__(1)
        self.times = 0

    def fed(self) -> None:
        """Once more."""
        self.times += 1


def test_it_is_fed_while_nothing_waits_or_something_is_done() -> None:
    """And only then."""
    watchdog, waits, done = Fed(), [False], [0]
    diligence = Diligence(watchdog, lambda: waits[0], lambda: done[0])
    diligence.look()
    assert watchdog.times == 1  # nothing to do
    waits[0] = True
    diligence.look()
    assert watchdog.times == 1  # work waits, nothing is done
    done[0] = 1
    diligence.look()
    assert watchdog.times == 2
    diligence.look()
    assert watchdog.times == 2
