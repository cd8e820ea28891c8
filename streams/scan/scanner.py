"""Searches texts and tallies what it finds: where, what, how encoded, how often; never the value itself."""

import hmac
from collections import Counter
from collections.abc import Mapping

import msgspec

from streams.scan.kinds import Finder, addresses_in_agent
from streams.scan.layers import layers

_SAMPLE_CHARS = 12
CANARY = "canary"
_AGENTS = ("useragent", "br_version", "os_version", "app_version", "extra")


class Find(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One kind found in one place. ``sample`` is a keyed hash of one value: equal values have equal ones."""

    place: str
    kind: str
    encoded: str
    count: int
    sample: str


class Scanner:
    """What was searched and found so far."""

    def __init__(self, finders: Mapping[str, Finder], key: bytes, given: Finder | None = None) -> None:
        """``finders`` by kind; ``key`` makes the samples; ``given`` finds given values, of kind CANARY."""
        self.given = {} if given is None else {CANARY: given}
        self._finders = {**finders, **self.given}
        self._agents = {**self._finders, **({"ip": addresses_in_agent} if "ip" in finders else {})}
        self._key = key
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._samples: dict[tuple[str, str, str], str] = {}
        self.searched: Counter[str] = Counter()
        """Place → values looked at."""

    def scan(self, place: str, text: str, times: int = 1) -> None:
        """Search a text that stands ``times`` times in a place (``table.column``, a topic's field, a file)."""
        self._scan(self._agents if place.rpartition(".")[2] in _AGENTS else self._finders, place, text, times)

    def scan_given(self, place: str, text: str, times: int = 1) -> None:
        """The same for given values only: in numbers and ids the kinds would be found by accident."""
        self._scan(self.given, place, text, times)

    def _scan(self, finders: Mapping[str, Finder], place: str, text: str, times: int) -> None:
        self.searched[place] += times
        found: dict[tuple[str, str], str] = {}
        for encoded, layer in layers(text):
            for kind, finder in finders.items():
                for value in finder(layer):
                    found.setdefault((kind, value.lower()), encoded)
        for (kind, value), encoded in found.items():
            self._counts[place, kind, encoded] += times
            self._samples.setdefault((place, kind, encoded), value)

    @property
    def finds(self) -> list[Find]:
        """In order of place and kind."""
        return sorted(
            Find(place=place, kind=kind, encoded=encoded, count=count, sample=self._hash(place, kind, encoded))
            for (place, kind, encoded), count in self._counts.items()
        )

    def _hash(self, *key: str) -> str:
        place, kind, encoded = key
        value = self._samples[place, kind, encoded]
        return hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), "sha256").hex()[:_SAMPLE_CHARS]
