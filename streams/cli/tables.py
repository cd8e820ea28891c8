"""Short tables of what a store holds, and what to try next: the end of ``thalweg demo``."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec
from clickhouse_driver import Client
from rich.table import Table
from rich.text import Text

from streams.cli.screen import cell

ROWS = 8
"""Rows of a ranking."""
WIDTH = 72
"""Least width of a table, so that titles stay on one line and all tables look alike."""

_ID = "'[0-9a-f]{8,}|[0-9]{3,}', '…'"
_WORDS = {
    "landing": f"replaceRegexpAll(first_page_urlpath, {_ID})",
    "drop_off": f"replaceRegexpAll(last_page_urlpath, {_ID})",
    "share": "round(100 * count() / sum(count()) OVER (), 1) AS `% of sessions`",
    "bounced": "round(100 * avg(is_bounce), 1) AS `% bounced`",
    "rows": str(ROWS),
}


class Question(msgspec.Struct, frozen=True):
    """One table. ``sql`` names the database as ``{database}``; its columns' names are the table's heads."""

    title: str
    sql: str

    def statement(self, database: str) -> str:
        """The SQL for a database of that name."""
        return self.sql.format(database=database, **_WORDS)


# People's questions leave bots out, and say so. Ids in paths are written as …: pages of one kind count together.
QUESTIONS = (
    Question(
        "Apps (bots left out)",
        """
        SELECT app_id AS app, uniqExact(visitor_id) AS visitors, count() AS sessions, sum(total_events) AS events,
               round(avg(views), 1) AS `views a session`, {bounced},
               round(quantileExact(0.5)(absolute_time_in_s)) AS `median seconds`
        FROM {database}.sessions_v WHERE is_bot = 0
        GROUP BY app ORDER BY sessions DESC, app LIMIT {rows}
        """,
    ),
    Question(
        "Landing pages: the first page of a session (bots left out)",
        """
        SELECT {landing} AS page, count() AS sessions, {share}, {bounced}
        FROM {database}.sessions_v WHERE is_bot = 0 AND first_page_urlpath != ''
        GROUP BY page ORDER BY sessions DESC, page LIMIT {rows}
        """,
    ),
    Question(
        "Drop-off pages: the last page of a session (bots left out)",
        """
        SELECT {drop_off} AS page, count() AS sessions, {share}
        FROM {database}.sessions_v WHERE is_bot = 0 AND last_page_urlpath != ''
        GROUP BY page ORDER BY sessions DESC, page LIMIT {rows}
        """,
    ),
    Question(
        "Entry to exit: sessions of two and more views (bots left out)",
        """
        SELECT {landing} AS entry, {drop_off} AS exit, count() AS sessions, {share},
               round(avg(views), 1) AS `views a session`
        FROM {database}.sessions_v WHERE is_bot = 0 AND views > 1 AND first_page_urlpath != ''
        GROUP BY entry, exit ORDER BY sessions DESC, entry, exit LIMIT {rows}
        """,
    ),
    Question(
        "Countries (bots left out)",
        """
        SELECT if(geo_country = '', 'unknown', geo_country) AS country, uniqExact(app_id, visitor_id) AS visitors,
               count() AS sessions, {share}
        FROM {database}.sessions_v WHERE is_bot = 0
        GROUP BY country ORDER BY sessions DESC, country LIMIT {rows}
        """,
    ),
    Question(
        "Channels (bots left out)",
        """
        SELECT if(default_channel_group = '', 'none', default_channel_group) AS channel,
               uniqExact(app_id, visitor_id) AS visitors, count() AS sessions, {share}, {bounced}
        FROM {database}.sessions_v WHERE is_bot = 0
        GROUP BY channel ORDER BY sessions DESC, channel LIMIT {rows}
        """,
    ),
    Question(
        "Devices, bots among them",
        """
        SELECT if(dvce_type = '', 'unknown', dvce_type) AS device, if(is_bot = 1, 'yes', 'no') AS bot,
               count() AS events, uniqExact(app_id, visitor_id) AS visitors
        FROM {database}.events_v
        GROUP BY device, bot ORDER BY events DESC, device, bot LIMIT {rows}
        """,
    ),
    Question(
        "What became of every raw event, bots among them",
        """
        SELECT outcome, if(reason = '', '–', reason) AS why, sum(n) AS events
        FROM {database}.ledger
        GROUP BY outcome, why ORDER BY events DESC, outcome, why
        """,
    ),
)


def demo_tables(client: Client, database: str) -> list[Table]:
    """The answers to QUESTIONS. A question without an answer in this store gives a table that says so."""
    return [_table(client, question, database) for question in QUESTIONS]


def what_next(store: Path | str, command: str = "thalweg") -> str:
    """Commands to go on with, one a line, for the store of that name; ``command`` is how to call us."""
    name = shlex.quote(str(store))
    query = "SELECT * FROM thalweg.sessions_v LIMIT 3"
    return "\n".join(
        (
            "Try next:",
            f'  {command} sql --store {name} "SHOW TABLES FROM thalweg"',
            f'  {command} sql --store {name} "{query}" --format JSONEachRow',
            f"  {command} run --input access.log --format combined --app-id my-site --store {name}",
            f'  {command} funnel --store {name} --steps "page:/" "page:/product/:id" "page:/cart" --by dvce_type',
            f"  {command} report --store {name}",
            f"  {command} store serve {name}",
        )
    )


def _table(client: Client, question: Question, database: str) -> Table:
    rows, columns = client.execute(question.statement(database), with_column_types=True)
    table = Table(title=question.title, title_justify="left", min_width=WIDTH, caption=None if rows else "nothing yet")
    for name, kind in columns:
        table.add_column(cell(name), justify="left" if "String" in kind else "right", overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Sequence[object]) -> list[Text]:
    return [cell(f"{value:,}" if isinstance(value, int | float) else value) for value in row]
