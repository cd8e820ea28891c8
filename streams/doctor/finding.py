"""What a check says: one line, and the mend where something is wrong."""

from collections.abc import Sequence

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``mend`` is empty where nothing is to be done."""

    check: str
    subject: str
    ok: bool
    words: str
    mend: str = ""
    offsets: Sequence[tuple[int, int]] = ()
    """All ranges of offsets it is about, both ends inclusive; ``words`` names the first few."""
