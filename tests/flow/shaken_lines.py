"""Simulated lines made uneven: what is the same in all events of a visit is not any more."""

import random
import re
from pathlib import Path

SHARE = 0.1
"""Of the lines that get another user, address or device."""
_FIELDS = [re.compile(rf'"{name}":"([^"]+)"'.encode()) for name in ("userId", "ip", "userAgent")]
_REMEMBERED = 200


def shake(lines: Path, out: Path, seed: int) -> None:
    """Give some lines the user id, address and agent of lines before them, each by itself; ids and times stay.

    So it matters which event of a session a column is taken from.
    """
    chance = random.Random(seed)
    seen: dict[re.Pattern[bytes], list[bytes]] = {field: [] for field in _FIELDS}
    with lines.open("rb") as source, out.open("wb") as target:
        for line in source:
            for field, values in seen.items():
                found = field.search(line)
                if found is None:
                    continue
                if values and chance.random() < SHARE:
                    line = line[: found.start(1)] + chance.choice(values) + line[found.end(1) :]  # noqa: PLW2901
                if len(values) < _REMEMBERED:
                    values.append(found[1])
            target.write(line)
