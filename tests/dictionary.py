"""docs/dictionary.md: every column of events and sessions, from the migrations' comments and schema/dictionary.yaml."""

import re
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from streams.warehouse.migrate import migrations
from streams.warehouse.statements import statements

TABLES = ("events", "sessions")
_HEAD = """\
# Data dictionary

Every column of `events` and `sessions`. Read them through the views `events_v` and `sessions_v`, which have the same
columns less `is_deleted`; `events_v` adds `session_id`. Short names under "from" are fields of Snowplow's tracker
protocol, camelCase ones of the Segment spec. The stages stand in the order an event passes them:
[enrichments.md](enrichments.md) tells what the third does.
Made from the migrations in streams/warehouse/schema by `make docs`.

"""
_NAME = r"`?(\w+)`?"
_MEANING = r"COMMENT '((?:[^'\\]|''|\\.)*)'"
_COLUMN = re.compile(rf"^\s*{_NAME} (.+?)(?: DEFAULT .+?)?(?: CODEC\(.+?\))? {_MEANING}(?: AFTER {_NAME}| FIRST)?,?$")
_CREATE = re.compile(r"CREATE TABLE IF NOT EXISTS \{database\}\.(\w+)\s*\((.*)\n\)", re.DOTALL)
_ALTER = re.compile(r"ALTER TABLE \{database\}\.(\w+)\s+(.*)", re.DOTALL)
_CHANGE = re.compile(
    rf"(ADD COLUMN IF NOT EXISTS|MODIFY COLUMN(?: IF EXISTS)?|COMMENT COLUMN(?: IF EXISTS)?|DROP COLUMN IF EXISTS)"
    rf"\s+{_NAME}(?: ([^,]*?(?:\([^)]*\))*?[^,]*?))??(?: DEFAULT [^,]+?)?(?:\s+(?:COMMENT )?'((?:[^'\\]|''|\\.)*)')?"
    rf"(?: AFTER {_NAME})?\s*(?:,\s*\n|$)"
)


class Column(msgspec.Struct):
    """One column: its ClickHouse type and its meaning."""

    name: str
    type: str
    meaning: str


class Origin(msgspec.Struct, frozen=True):
    """What schema/dictionary.yaml says of a column."""

    stage: str
    source: str
    snowplow: str


def columns_of(table: str) -> list[Column]:
    """The table's columns in order, as all migrations leave them. Raises ValueError for what cannot be read."""
    columns: list[Column] = []
    for migration in migrations():
        for statement in statements(migration.text):
            if (created := _CREATE.search(statement)) and created.group(1) == table:
                columns += map(_read, created.group(2).strip("\n").split("\n"))
            elif (altered := _ALTER.search(statement)) and altered.group(1) == table:
                _alter(columns, altered.group(2))
    return columns


def _read(line: str) -> Column:
    found = _COLUMN.match(line)
    if found is None:
        raise ValueError(f"a column without type or comment: {line.strip()}")
    return Column(found[1], found[2], _unquoted(found[3]))


def _unquoted(text: str) -> str:
    return text.replace("''", "'")


def _alter(columns: list[Column], changes: str) -> None:
    found = list(_CHANGE.finditer(changes))
    if len(found) != len(re.findall(r"\bCOLUMN\b", changes)):
        raise ValueError(f"a change of columns that cannot be read: {changes}")
    for what, name, type_, meaning, after in [match.groups() for match in found]:
        known = {column.name: at for at, column in enumerate(columns)}
        if what.startswith("ADD"):
            at = known[after] + 1 if after else len(columns)
            columns.insert(at, Column(name, type_ or "", _unquoted(meaning or "")))
        elif what.startswith("DROP"):
            del columns[known[name]]
        else:
            column = columns[known[name]]
            column.type = type_ or column.type
            column.meaning = _unquoted(meaning) if meaning is not None else column.meaning


def origins_of(table: str) -> dict[str, Origin]:
    """Column → where it comes from."""
    text = files("streams.warehouse").joinpath("schema", "dictionary.yaml").read_bytes()
    told = msgspec.yaml.decode(text, type=dict[str, dict[str, dict[str, tuple[str, str]]]])[table]
    return {
        name: Origin(stage, source, name if snowplow == "same" else snowplow)
        for stage, columns in told.items()
        for name, (source, snowplow) in columns.items()
    }


def page() -> str:
    """The text of docs/dictionary.md."""
    return _HEAD + "\n".join(line for table in TABLES for line in _table(table))


def _table(table: str) -> Iterator[str]:
    origins = origins_of(table)
    yield f"## {table}\n"
    yield "| column | type | meaning | filled by | from | in Snowplow |"
    yield "|---|---|---|---|---|---|"
    for column in columns_of(table):
        origin = origins.get(column.name, Origin("?", "?", "?"))
        cells = (column.meaning, origin.stage, origin.source, _code(origin.snowplow))
        yield f"| `{column.name}` | `{column.type}` | " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _code(name: str) -> str:
    return f"`{name}`" if re.fullmatch(r"\w+", name) else name or "–"
