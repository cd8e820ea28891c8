"""The verdicts a stage may give on one raw event, and the closed list of reasons behind them.

Every raw event ends as exactly one row of table ``outcomes``. Reasons are part of the interface: they are
stable, documented in docs/outcomes.md, and never carry content.
"""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """Column ``outcomes.outcome``."""

    ACCEPTED = "accepted"
    LATE = "late"
    DUPLICATE = "duplicate"
    DEAD = "dead"
    DROPPED = "dropped"
    EMPTY = "empty"


class Reason(StrEnum):
    """Column ``outcomes.reason``; empty for an accepted event."""

    NONE = ""
    # empty: a record that holds no event
    CONTROL = "control"
    BLANK = "blank"
    # late
    LATENESS = "lateness"
    CLOSED = "closed"
    # duplicate
    COPY = "copy"
    # dropped
    RULE = "rule"
    KEY_FORGOTTEN = "key_forgotten"
    # dead
    FORMAT_UNKNOWN = "format_unknown"
    TRACKER_UNKNOWN = "tracker_unknown"
    APP_UNKNOWN = "app_unknown"
    ENCODING = "encoding"
    SYNTAX = "syntax"
    FIELD_MISSING = "field_missing"
    FIELD_TYPE = "field_type"
    FIELD_RANGE = "field_range"
    SCHEMA_UNKNOWN = "schema_unknown"
    SCHEMA_INVALID = "schema_invalid"
    EVENT_UNKNOWN = "event_unknown"
    TIME_UNREADABLE = "time_unreadable"
    TIME_RANGE = "time_range"
    TOO_LARGE = "too_large"
    UNSTORABLE = "unstorable"
    INTERNAL = "internal"


class Drop(msgspec.Struct, frozen=True, gc=False):
    """A rule says the event must not be kept; intentional, no dead letter."""

    reason: Reason = Reason.RULE


class Dead(msgspec.Struct, frozen=True, gc=False):
    """The event cannot be used. ``detail`` is for the restricted topic ``dead`` only: it may quote content."""

    reason: Reason
    detail: str = ""
