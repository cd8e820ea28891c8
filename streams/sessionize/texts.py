"""What repeats among the hits of a visitor, kept once; hits hold its numbers."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.sessionize.hit import Hit
from streams.sessionize.words import Origin, Page, Profile, Words

_FEW = 24
"""A list of so many is searched; more are looked up."""

Frame = tuple[str, int, int, int, int, int, int, int, int]
"""raw_topic, raw_partition, raw_index, raw_events; the high bits of offset, lag and size; profile; user id."""

NO_ORIGIN = Origin()


class RawPlace(NamedTuple):
    """What the outcome of a hit needs to know of it."""

    arrival: int
    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_index: int
    events: int
    size: int


class Texts:
    """Of one visitor. Number 0 is no text; frames count from 0."""

    __slots__ = ("_numbers", "_words", "blobs", "frames")

    def __init__(self, words: Words, frames: list[Frame], blobs: list[bytes]) -> None:
        self._words, self.frames, self.blobs = words, frames, blobs
        self._numbers: dict[bytes, int] | None = None

    def number(self, blob: bytes) -> int:
        """The text's, taken if it has none."""
        blobs = self.blobs
        if len(blobs) <= _FEW:
            if blob in blobs:
                return blobs.index(blob) + 1
        else:
            if self._numbers is None:
                self._numbers = {known: at for at, known in enumerate(blobs, 1)}
            number = self._numbers.setdefault(blob, len(blobs) + 1)
            if number <= len(blobs):
                return number
        blobs.append(blob)
        return len(blobs)

    def frame(self, frame: Frame) -> int:
        """The frame's number, taken if it has none."""
        if frame in self.frames:
            return self.frames.index(frame)
        self.frames.append(frame)
        return len(self.frames) - 1

    def page(self, hit: Hit) -> Page:
        """What the hit is."""
        return self._words.page(self.blobs[hit.page - 1])

    def profile(self, hit: Hit) -> Profile:
        """Where and with what."""
        return self._words.profile(self.blobs[self.frames[hit.frame][7] - 1])

    def user_id(self, hit: Hit) -> str:
        """Empty where the event had none."""
        number = self.frames[hit.frame][8]
        return self._words.text(self.blobs[number - 1]) if number else ""

    def origin(self, hit: Hit) -> Origin:
        """Whence a view came; of others nothing is kept."""
        return self._words.origin(self.blobs[hit.origin - 1]) if hit.origin else NO_ORIGIN

    def campaign(self, hit: Hit) -> str:
        """Of a view that names one."""
        return self._words.campaign(self.blobs[hit.origin - 1]) if hit.origin else ""

    def referrer(self, hit: Hit) -> str:
        """Of a view: a text, or the URL of a page that is there anyway."""
        if not hit.referrer:
            return ""
        blob = self.blobs[hit.referrer - 1]
        return self._words.page(blob).url if _is_array(blob) else self._words.text(blob)

    def is_page(self, number: int, url: str) -> bool:
        """Whether the text is a page of this URL."""
        blob = self.blobs[number - 1]
        return _is_array(blob) and self._words.page(blob).url == url

    def place(self, hit: Hit) -> RawPlace:
        """Where its raw event lies, and what its outcome says of it."""
        topic, partition, index, events, offset, lag, size, _, _ = self.frames[hit.frame]
        arrival = hit.time + (lag << 16 | hit.lag)
        return RawPlace(arrival, topic, partition, offset << 24 | hit.offset, index, events, size << 16 | hit.size)

    def rank(self, hit: Hit) -> tuple[int, str, int, int, int]:
        """Place among copies of one id and time (rule 7): the least is kept."""
        place = self.place(hit)
        return hit.fingerprint, place.raw_topic, place.raw_partition, place.raw_offset, place.raw_index

    def compacted(self, hits: Iterable[Hit]) -> "Texts":
        """Only what these hits need, which are renumbered. One object must not come twice."""
        twin = Texts(self._words, [], [])
        for hit in hits:
            *place, profile, user = self.frames[hit.frame]
            who = (self._moved(twin, profile), self._moved(twin, user))
            hit.frame = twin.frame((*place, *who))  # type: ignore[arg-type]
            hit.page = self._moved(twin, hit.page)
            hit.origin = self._moved(twin, hit.origin)
            hit.referrer = self._moved(twin, hit.referrer)
        return twin

    def _moved(self, twin: "Texts", number: int) -> int:
        return twin.number(self.blobs[number - 1]) if number else 0


def _is_array(blob: bytes) -> bool:
    """A page, not a text. Source: github.com/msgpack/msgpack/blob/master/spec.md (fixarray)."""
    return blob[0] & 0xF0 == 0x90
