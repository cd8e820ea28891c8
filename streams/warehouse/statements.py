"""Cuts a SQL file into its statements."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      '(?:[^'\\]|\\.|'')*'      # string
    | "(?:[^"\\]|\\.)*"         # quoted identifier
    | `(?:[^`\\]|\\.)*`         # quoted identifier
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$   # heredoc
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<end>;)
    | .
    """,
    re.DOTALL | re.VERBOSE,
)


def statements(text: str) -> Iterator[str]:
    """Statements of ``text`` without comments; a ``;`` within quotes or comments ends none.

    Source: clickhouse.com/docs/sql-reference/syntax (comments, string literals, heredoc).
    """
    held: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["end"]:
            yield from _whole(held)
            held = []
        else:
            held.append(" " if token["comment"] else token[0])
    yield from _whole(held)


def _whole(held: list[str]) -> Iterator[str]:
    statement = "".join(held).strip()
    if statement:
        yield statement
