"""The partition's values in memory, where a text that several visitors hold lies once."""

from array import array
from collections.abc import Iterator, MutableMapping

import msgspec

from streams.records import OWN_KEY
from streams.sessionize.state import is_husk, texts_at

MOST = 0xFFFF
"""Texts that are shared at a time; what comes when all numbers are taken stays in its visitor's value."""
_ALONE = 0xFFFF
_COUNT_BYTES = 3
_read = msgspec.msgpack.Decoder(list[bytes]).decode
_write = msgspec.msgpack.Encoder().encode


class SharedTexts(MutableMapping[bytes, bytes]):
    """A dict of the table's values: what was put in comes out.

    A text is shared from its second appearance on, so texts that come once take no number. In memory a visitor's value
    ends with two bytes for each of its texts, and the texts that are not shared.
    """

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self.nbytes = 0
        """Of keys and values as they lie here, shared texts counted once."""
        self._numbers: dict[bytes, int] = {}
        self._texts: list[bytes] = []
        self._uses: list[int] = []
        self._free: list[int] = []
        self._once: set[int] = set()
        """Hashes of texts seen once, of late."""

    def __getitem__(self, key: bytes) -> bytes:
        return self._whole(key, self._values[key])

    def get(self, key: bytes, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        """As a dict's, without the mixin's exception for every key that is new."""
        value = self._values.get(key)
        return default if value is None else self._whole(key, value)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def _whole(self, key: bytes, value: bytes) -> bytes:
        if not _has_texts(key, value):
            return value
        end = texts_at(value)
        numbers, alone = _split(value, end)
        texts = self._texts
        if not alone:
            return value[:end] + _write([texts[number] for number in numbers])
        rest = iter(alone)
        return value[:end] + _write([next(rest) if number == _ALONE else texts[number] for number in numbers])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        old = self._values.get(key)
        held = self._without_texts(value) if _has_texts(key, value) else value
        self._values[key] = held
        self.nbytes += len(key) + len(held)
        if old is not None:
            self._give_back(key, old)

    def _without_texts(self, value: bytes) -> bytes:
        end = texts_at(value)
        texts = _read(memoryview(value)[end:])
        numbers = [self._take(text) for text in texts]
        alone = [text for text, number in zip(texts, numbers, strict=True) if number == _ALONE]
        count = len(numbers).to_bytes(_COUNT_BYTES, "big")
        return b"".join((value[:end], count, array("H", numbers).tobytes(), _write(alone) if alone else b""))

    def __delitem__(self, key: bytes) -> None:
        self._give_back(key, self._values.pop(key))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def clear(self) -> None:
        """Empty, at once."""
        self.__init__()  # type: ignore[misc]

    @property
    def shared(self) -> int:
        """How many texts lie here once for several."""
        return len(self._numbers)

    def _take(self, text: bytes) -> int:
        number = self._numbers.get(text)
        if number is None:
            number = self._share(text)
            if number == _ALONE:
                return number
        self._uses[number] += 1
        return number

    def _share(self, text: bytes) -> int:
        """A number for a text that has none, if this is its second appearance and there is one."""
        seen = hash(text)
        if seen not in self._once:
            if len(self._once) >= MOST:
                self._once.clear()
            self._once.add(seen)
            return _ALONE
        if self._free:
            number = self._free.pop()
            self._texts[number] = text
        elif len(self._texts) < MOST:
            number = len(self._texts)
            self._texts.append(text)
            self._uses.append(0)
        else:
            return _ALONE
        self._once.discard(seen)
        self._numbers[text] = number
        self.nbytes += len(text)
        return number

    def _give_back(self, key: bytes, value: bytes) -> None:
        self.nbytes -= len(key) + len(value)
        if not _has_texts(key, value):
            return
        uses = self._uses
        for number in _split(value, texts_at(value))[0]:
            if number != _ALONE:
                uses[number] -= 1
                if not uses[number]:
                    self.nbytes -= len(self._texts[number])
                    del self._numbers[self._texts[number]]
                    self._texts[number] = b""
                    self._free.append(number)


def _has_texts(key: bytes, value: bytes) -> bool:
    return key != OWN_KEY and not is_husk(value)


def _split(value: bytes, end: int) -> tuple["array[int]", list[bytes]]:
    """Numbers of the texts, and those without one."""
    begin = end + _COUNT_BYTES
    last = begin + 2 * int.from_bytes(value[end:begin], "big")
    numbers = array("H", value[begin:last])
    return numbers, _read(memoryview(value)[last:]) if last < len(value) else []
