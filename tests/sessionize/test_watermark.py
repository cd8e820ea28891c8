"""Rule 3: the least of the highest arrival times of all raw partitions, less disorder, never back."""

from streams.records import INFINITY
from streams.sessionize.watermark import BEFORE_ALL, Watermark

from .conftest import TOPIC, marker


def test_a_topic_without_a_marker_counts_as_before_all() -> None:
    """How many partitions there are comes with markers; until then events alone move nothing."""
    time = Watermark(10, BEFORE_ALL, {})
    assert not time.hear(TOPIC, 0, 1000)
    assert time.value == BEFORE_ALL
    assert time.hear_marker(marker({}, partitions=1))
    assert time.value == 990


def test_a_partition_not_heard_from_holds_time_back() -> None:
    """Two of three partitions say nothing about the third."""
    time = Watermark(10, BEFORE_ALL, {})
    assert not time.hear_marker(marker({0: 500, 1: 600}, partitions=3))
    assert time.hear(TOPIC, 2, 700)
    assert time.value == 490


def test_the_slowest_partition_leads() -> None:
    """Only a rise of the least one moves the watermark."""
    time = Watermark(0, BEFORE_ALL, {})
    time.hear_marker(marker({0: 100, 1: 200}))
    assert not time.hear(TOPIC, 1, 900)
    assert time.hear(TOPIC, 0, 150)
    assert time.value == 150
    assert time.hear(TOPIC, 0, 1000)
    assert time.value == 900


def test_it_never_goes_back() -> None:
    """A stale marker, and a partition added to the topic, leave it where it is."""
    time = Watermark(0, BEFORE_ALL, {})
    time.hear_marker(marker({0: 100}))
    assert not time.hear_marker(marker({0: 50}))
    assert time.topics[TOPIC].arrivals == {0: 100}
    assert not time.hear_marker(marker({0: 300}, partitions=2))
    assert time.value == 100


def test_the_end_of_all_input_is_infinity() -> None:
    """Disorder is not taken from infinity; one ended partition of two is not the end."""
    time = Watermark(10, BEFORE_ALL, {})
    time.hear_marker(marker({0: INFINITY, 1: 100}))
    assert time.value == 90
    time.hear_marker(marker({1: INFINITY}, partitions=2))
    assert time.value == INFINITY


def test_only_the_newest_incarnation_of_a_topic_counts() -> None:
    """raw@1 is gone when raw@2 is heard; another topic still counts."""
    time = Watermark(0, BEFORE_ALL, {})
    time.hear_marker(marker({0: 100}, topic="raw@9"))
    time.hear_marker(marker({0: 500}, topic="raw@10"))
    assert time.value == 500
    assert not time.hear_marker(marker({0: 400}, topic="other@1"))
    time.hear_marker(marker({0: 900}, topic="other@1"))
    assert not time.hear("raw@9", 0, 2000)
    time.hear_marker(marker({0: 800}, topic="raw@10"))
    assert time.value == 800


def test_state_goes_on() -> None:
    """A watermark made from stored parts behaves like the one that stored them."""
    time = Watermark(5, BEFORE_ALL, {})
    time.hear_marker(marker({0: 100, 1: 100}))
    again = Watermark(5, time.value, time.topics)
    assert again.value == 95
    assert not again.hear(TOPIC, 0, 200)
    assert again.hear(TOPIC, 1, 150)
    assert again.value == 145
