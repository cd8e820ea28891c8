"""What each table's columns are made of: rows (structs of streams.records) to encoded columns.

The lists here say what the sink writes; ``check_columns`` compares them with the server's at start.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from clickhouse_driver import Client

from streams.errors import StoreError
from streams.records import Event, Outcome, Progress, SessionRow, VisitorRow
from streams.warehouse.client import identifier

TIME = "DateTime64(3, 'UTC')"
LOW = "LowCardinality(String)"

_TURNED = 128
"""Rows turned into columns at once: few enough to stay in the CPU's cache (2.5 times faster than all at once)."""


class Table(msgspec.Struct, frozen=True):
    """A table the sink writes: its columns in the order written, name → ClickHouse type."""

    name: str
    columns: dict[str, str]

    def values(self, rows: Sequence[Any]) -> list[list[Any]]:
        """Rows → one list of values per column. Each row has an attribute per column."""
        values_of = attrgetter(*self.columns)
        columns: list[list[Any]] = [[] for _ in self.columns]
        for start in range(0, len(rows), _TURNED):
            turned = zip(*map(values_of, rows[start : start + _TURNED]), strict=True)
            for column, values in zip(columns, turned, strict=True):
                column.extend(values)
        return columns


def _typed(struct: type[msgspec.Struct], types: Mapping[str, str], without: Iterable[str] = ()) -> dict[str, str]:
    """The struct's fields in order with their types; ``types`` maps a ClickHouse type to the names that have it."""
    by_name = {name: type_ for type_, names in types.items() for name in names.split()}
    return {name: by_name[name] for name in struct.__struct_fields__ if name not in set(without)}


EVENTS = Table(
    "events",
    _typed(
        Event,
        {
            "UUID": "event_id visitor_id",
            TIME: "collector_tstamp derived_tstamp arrival_tstamp",
            f"Nullable({TIME})": "dvce_created_tstamp dvce_sent_tstamp",
            "Nullable(Float64)": "geo_latitude geo_longitude se_value",
            "UInt8": "is_bot is_late is_deleted",
            "UInt32": "raw_partition raw_index asn_number dvce_screenwidth dvce_screenheight",
            "UInt64": "event_fingerprint raw_offset version",
            "Array(String)": "bot_indicators",
            "Map(String, String)": "properties",
            "String": "user_id domain_sessionid user_ipaddress page_url page_urlpath page_urlquery page_title"
            " page_referrer refr_term mkt_term mkt_content se_label se_property contexts",
            LOW: "app_id platform event event_name useragent page_urlscheme page_urlhost refr_urlhost refr_medium"
            " refr_source mkt_medium mkt_source mkt_campaign mkt_network default_channel_group geo_country geo_region"
            " geo_city geo_timezone asn_organization br_family br_version os_family os_version dvce_family dvce_type"
            " br_lang os_timezone se_category se_action raw_topic rules_version ua_version geo_version app_version",
        },
        without=("raw_events", "raw_size", "read_from", "webdriver", "ua_hints"),
    ),
)

SESSIONS = Table(
    "sessions",
    _typed(
        SessionRow,
        {
            "UUID": "session_id visitor_id",
            TIME: "start_tstamp end_tstamp",
            "UInt8": "is_bounce is_new_visitor is_bot is_capped is_final is_deleted",
            "UInt32": "absolute_time_in_s engaged_time_in_s views total_events session_index",
            "UInt64": "version",
            "Float64": "goal_value",
            "Array(String)": "goals steps",
            "Array(UInt32)": "step_offsets_ms",
            "String": "user_id first_page_url first_page_urlpath first_page_title last_page_url last_page_urlpath"
            " last_page_title page_referrer refr_term mkt_term mkt_content",
            LOW: "app_id first_page_urlhost last_page_urlhost refr_medium refr_source mkt_medium mkt_source"
            " mkt_campaign mkt_network default_channel_group geo_country geo_region geo_city br_family os_family"
            " dvce_type",
        },
    ),
)

VISITORS = Table(
    "visitors",
    _typed(
        VisitorRow,
        {
            LOW: "app_id",
            "UUID": "visitor_id",
            "String": "user_id",
            TIME: "first_seen_tstamp last_seen_tstamp",
            "UInt32": "sessions",
            "UInt64": "version",
        },
    ),
)

OUTCOMES = Table(
    "outcomes",
    _typed(
        Outcome,
        {
            LOW: "app_id raw_topic outcome reason",
            TIME: "arrival_tstamp",
            "UInt32": "raw_partition raw_index events size",
            "UInt64": "raw_offset version",
        },
        without=("read_from",),
    ),
)

PROGRESS = Table("progress", _typed(Progress, {"UInt32": "generation partition", "Int64": "applied watermark"}))


class RulesRow(msgspec.Struct, frozen=True):
    """One row of table ``rules``."""

    hash: str
    text: str


RULES = Table("rules", _typed(RulesRow, {"String": "hash text"}))

TABLES = (RULES, EVENTS, SESSIONS, VISITORS, OUTCOMES, PROGRESS)
"""In the order they are inserted: what explains or is counted first, how far we came last."""


def check_columns(client: Client, database: str, tables: Iterable[Table] = TABLES) -> None:
    """Raises StoreError where the server lacks a table or column we write, or types it otherwise."""
    for table in tables:
        found = dict(
            client.execute(
                "SELECT name, type FROM system.columns WHERE database = %(database)s AND table = %(table)s",
                {"database": identifier(database), "table": table.name},
            )
        )
        for name, type_ in table.columns.items():
            if found.get(name) != type_:
                raise StoreError(
                    f"column {database}.{table.name}.{name} is {found.get(name, 'missing')}, not {type_}",
                    "run `thalweg migrate` with this version; where the store is newer, run the newer version",
                )
