"""The shell blocks of a Markdown page, with what each needs beyond this checkout."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

_BLOCK = re.compile(
    r"^(?P<indent> *)(?:<!-- needs: (?P<needs>[\w ]+) -->\n *)?```sh\n(?P<text>.*?)^ *```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_FENCE = re.compile(r"^ *```sh$", re.MULTILINE)


class Block(msgspec.Struct, frozen=True):
    """One block: its script, in a word what it needs that a test cannot give ("" where it runs), what it prints.

    ``output`` is the block ``text`` that follows; None where there is none.
    """

    page: Path
    needs: str
    script: str
    output: str | None = None


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks in order. Raises ValueError when one is not understood, so that none is passed over."""
    text = page.read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    if len(found) != len(_FENCE.findall(text)):
        raise ValueError(f"{page}: {len(_FENCE.findall(text))} blocks begin, {len(found)} can be read")
    for match in found:
        script = re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        yield Block(page, match["needs"] or "", script, match["output"])
