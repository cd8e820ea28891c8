"""Raw high-water marks: which record was taken already (design.md §2 invariant 1)."""

from streams.records import Event, Outcome

Marks = dict[str, dict[int, tuple[int, int]]]
"""(offset, index) per raw topic and partition."""


def is_redelivered(marks: Marks, record: Event | Outcome) -> bool:
    """Whether the mark of the topic it was read from has passed the record; moves the mark otherwise."""
    place = record.read_from
    if place is None:
        topic, partition, at = record.raw_topic, record.raw_partition, (record.raw_offset, record.raw_index)
    else:
        topic, partition, at = place[0], place[1], (place[2], place[3])
    known = marks.get(topic)
    if known is None:
        known = marks[topic] = {}
    mark = known.get(partition)
    if mark is not None and at <= mark:
        return True
    known[partition] = at
    return False
