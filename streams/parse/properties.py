"""Properties of an event: JSON values as text."""

from collections.abc import Mapping

import msgspec

_encode = msgspec.json.encode


def as_texts(values: Mapping[str, object]) -> dict[str, str]:
    """Text as it is, true and false, numbers in their shortest form, nested values as compact JSON; null is absent."""
    return {
        key: value if isinstance(value, str) else _encode(value).decode()
        for key, value in values.items()
        if value is not None
    }
