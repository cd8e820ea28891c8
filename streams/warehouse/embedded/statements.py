"""What kind of statement a text is, found by its words: rows wanted, data to come from the client, or neither."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|\#[\ !][^\n]*|/\*.*?\*/)
      | (?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|\$(\w*)\$.*?\$\3\$)
      | (?P<word>\w+)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_SELECTS = frozenset({"SELECT", "WITH", "FROM", "(", "VALUES"})
_SHOWS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK"})


class StatementError(Exception):
    """The statement is one this server does not carry."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Select:
    """A query whose rows are streamed and whose columns can be described."""

    text: str


@dataclass(frozen=True)
class Command:
    """Anything else; it may give rows (SHOW) or none (CREATE, INSERT … SELECT)."""

    text: str


@dataclass(frozen=True)
class Show(Command):
    """A question that no subquery can hold and nothing describes: SHOW, DESCRIBE, EXPLAIN, EXISTS, CHECK."""


@dataclass(frozen=True)
class Insert:
    """``INSERT`` whose rows come from the client as blocks."""

    table: str
    columns: str
    """As written, without brackets; empty: all."""
    settings: str
    """The SETTINGS clause with its keyword, or empty."""

    @property
    def shape(self) -> str:
        """A query that has the columns the client is to send."""
        return f"SELECT {self.columns or '*'} FROM {self.table}"  # noqa: S608 - the client's own words

    def from_file(self, path: str) -> str:
        """The statement that inserts the Native file at ``path``."""
        columns = f" ({self.columns})" if self.columns else ""
        return f"INSERT INTO {self.table}{columns} FROM INFILE '{path}' {self.settings} FORMAT Native"


@dataclass(frozen=True)
class Set(Command):
    """A change of the session's settings, which a query's own must not cover."""


Statement = Select | Command | Insert


class _Token(NamedTuple):
    word: str
    """In capitals if it is a bare word; a quoted one as written."""
    start: int
    end: int
    depth: int


def read_statement(text: str) -> Statement:
    """The kind of ``text``. Raises StatementError for several statements, INTO OUTFILE and WITH TOTALS."""
    first = next(_tokens(text), None)
    if first is None:
        raise StatementError(62, "Syntax error: Empty query")
    if first.word == "INSERT":
        return _InsertReader(text).read()
    tokens = _single(text)
    if first.word == "SET":
        return Set(text)
    if first.word in _SHOWS:
        return Show(_for_client(text, tokens))
    if first.word in _SELECTS and not _inserts(first, tokens):
        return Select(_for_client(text, tokens))
    return Command(text)


def format_of(text: str) -> str | None:
    """The name behind FORMAT in a question for rows, as written; None where there is none."""
    tokens = list(_tokens(text))
    while tokens and tokens[-1].word == ";":
        tokens.pop()
    if not tokens or tokens[0].word not in _SELECTS | _SHOWS or _inserts(tokens[0], tokens):
        return None
    top = [token for token in tokens if not token.depth]
    at = _format_at(top)
    return text[top[at + 1].start : top[at + 1].end] if at else None


def _inserts(first: _Token, tokens: list[_Token]) -> bool:
    """WITH … INSERT."""
    return first.word == "WITH" and any(token.word == "INSERT" and not token.depth for token in tokens)


def _tokens(text: str) -> Iterator[_Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "space":
            continue
        word = match[0].upper() if match.lastgroup == "word" else match[0]
        depth -= word in (")", "]", "}")
        yield _Token(word, match.start(), match.end(), depth)
        depth += word in ("(", "[", "{")


def _single(text: str) -> list[_Token]:
    """All tokens without the last semicolons. Raises StatementError if something stands behind one."""
    tokens = list(_tokens(text))
    while tokens and tokens[-1].word == ";":
        tokens.pop()
    if any(token.word == ";" for token in tokens):
        raise StatementError(62, "Syntax error: Multi-statements are not allowed")
    return tokens


def _for_client(text: str, tokens: list[_Token]) -> str:
    """The text without what belongs to a client: FORMAT is dropped, as the engine's server does."""
    top = [token for token in tokens if not token.depth]
    words = [token.word for token in top]
    pairs = set(pairwise(words))
    if ("INTO", "OUTFILE") in pairs:
        raise StatementError(48, "INTO OUTFILE is a client's work: the embedded server writes no files")
    if ("WITH", "TOTALS") in pairs:
        raise StatementError(48, "WITH TOTALS is not carried by the embedded server; use WITH ROLLUP")
    cut = tokens[-1].end if tokens else 0
    if at := _format_at(top):
        return text[: top[at].start] + text[top[at + 1].end : cut]
    return text[:cut]


def _format_at(top: list[_Token]) -> int:
    """Where among the tokens outside brackets the clause FORMAT begins; 0 where there is none."""
    words = [token.word for token in top]
    for at in range(1, len(top) - 1):
        if words[at] == "FORMAT" and words[at - 1] not in ("SELECT", "AS", ",", ".") and _ends(words, at + 2):
            return at
    return 0


def _ends(words: list[str], at: int) -> bool:
    return at == len(words) or words[at] == "SETTINGS"


class _InsertReader:
    """INSERT [INTO] [TABLE] name [(columns)] [SETTINGS …] (VALUES | FORMAT x) and no more: rows come as blocks.

    One pass over the head; it stops at the first word that shows the rows do not come as blocks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._now = next(self._tokens, None)

    def read(self) -> Statement:
        for word in ("INSERT", "INTO", "TABLE"):
            self._accept(word)
        if self._is("FUNCTION"):
            return Command(self._text)
        table = self._table()
        columns = self._columns()
        settings = self._settings()
        if not (self._accept("VALUES") or (self._accept("FORMAT") and self._advance())):
            return Command(self._text)
        while self._accept(";"):
            pass
        return Command(self._text) if self._now else Insert(table, columns, settings)

    def _table(self) -> str:
        start = self._now.start if self._now else 0
        end = self._advance()
        while self._accept("."):
            end = self._advance()
        return self._text[start:end]

    def _columns(self) -> str:
        if not self._is("("):
            return ""
        start = self._advance()
        while self._now and (self._now.word, self._now.depth) != (")", 0):
            self._advance()
        end = self._now.start if self._now else start
        self._advance()
        return self._text[start:end].strip()

    def _settings(self) -> str:
        if not self._is("SETTINGS"):
            return ""
        start = end = self._now.start if self._now else 0
        while self._now and self._now.word not in ("VALUES", "FORMAT", "SELECT", "WITH"):
            end = self._advance()
        return self._text[start:end]

    def _is(self, word: str) -> bool:
        return self._now is not None and self._now.word == word

    def _accept(self, word: str) -> bool:
        return self._is(word) and bool(self._advance())

    def _advance(self) -> int:
        """Step on; gives the end of the token left behind."""
        end = self._now.end if self._now else len(self._text)
        self._now = next(self._tokens, None)
        return end
