"""Sizes of screens, windows and pages: ``1920x1080``."""

from streams.memo import remember
from streams.parse.range import UINT16_MAX

Size = tuple[int, int]
_MAX_DIGITS = 10


def _read_size(text: str) -> Size | None:
    width, _, height = text.partition("x")
    pixels = _pixels(width), _pixels(height)
    if pixels[0] is None or pixels[1] is None:
        return None
    return pixels[0], pixels[1]


read_size = remember(_read_size)
"""Width and height in pixels, fractions cut off; None where the text has not that form.

Raises OverflowError for more than 65 535. Source: docs.snowplow.io, tracker protocol (``res``, ``vp``, ``ds``).
"""


def _pixels(text: str) -> int | None:
    whole, dot, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or (dot and not (fraction.isascii() and fraction.isdigit())):
        return None
    if len(whole) > _MAX_DIGITS or (pixels := int(whole)) > UINT16_MAX:
        raise OverflowError(text[:64])
    return pixels
