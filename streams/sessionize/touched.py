"""The visitors a batch has to do with, on a private copy of their state."""

from collections.abc import Iterator, Mapping

from streams.records import NO_ID, Event
from streams.sessionize.due import NEVER, DueIndex
from streams.sessionize.options import OptionsOf, SessionOptions
from streams.sessionize.state import (
    VisitorState,
    applied_of,
    decode_visitor,
    due_of,
    encode_husk,
    is_husk,
    key_parts,
    lone_key,
    refresh_of,
    visitor_key,
)
from streams.sessionize.texts import Texts
from streams.sessionize.visitor import Visitor
from streams.sessionize.watermark import BEFORE_ALL
from streams.sessionize.words import Words


class Touched:
    """Each is decoded once per batch. ``table`` is only read; ``due`` and ``refresh`` say when to look again."""

    def __init__(
        self,
        options: OptionsOf,
        words: Words,
        table: Mapping[bytes, bytes],
        due: DueIndex,
        refresh: DueIndex,
        began_at: int,
    ) -> None:
        self._options = options
        self._app_options: dict[str, SessionOptions] = {}
        self._words = words
        self._table = table
        self._began_at = began_at
        self._visitors: dict[bytes, Visitor] = {}
        self.due, self.refresh = due, refresh

    def options(self, app_id: str) -> SessionOptions:
        """The app's."""
        options = self._app_options.get(app_id)
        if options is None:
            options = self._app_options[app_id] = self._options(app_id)
        return options

    def of_event(self, event: Event, options: SessionOptions) -> Visitor:
        """Its visitor; where it has none, its own."""
        app_id, visitor_id = event.app_id, event.visitor_id
        key = lone_key(app_id, event.event_id) if visitor_id == NO_ID else visitor_key(app_id, visitor_id)
        return self._visitors.get(key) or self._open(key, app_id, options)

    def of_key(self, key: bytes) -> Visitor:
        """The visitor of a key of the table."""
        visitor = self._visitors.get(key)
        if visitor is None:
            app_id = key_parts(key)[1]
            visitor = self._open(key, app_id, self.options(app_id))
        return visitor

    def _open(self, key: bytes, app_id: str, options: SessionOptions) -> Visitor:
        value = self._table.get(key)
        if value is None:
            visitor = Visitor(key, options, app_id, VisitorState(), Texts(self._words, [], []))
        else:
            state, blobs = decode_visitor(value)
            texts = Texts(self._words, state.frames, blobs)
            visitor = Visitor(key, options, app_id, state, texts, applied_of(value), due_of(value), refresh_of(value))
        self._visitors[key] = visitor
        return visitor

    def look_at(self, visitor: Visitor, due: int) -> None:
        """Look at the visitor when the watermark passes ``due``, a lower bound of the new due time, if not before."""
        if due < visitor.due:
            visitor.due = due
            self.due.push(due, visitor.key)

    def pop_due(self, watermark: int) -> Iterator[Visitor]:
        """Visitors that are due at this watermark, each with its newest state."""
        due = self.due
        while due.first < watermark:
            key = due.pop()
            at = self._due_now(key)
            if at is None:
                continue
            if at < watermark:
                yield self.of_key(key)
            else:
                due.push(at, key)

    def _due_now(self, key: bytes) -> int | None:
        """When the key is due by its newest state; None when it has none."""
        visitor = self._visitors.get(key)
        if visitor is not None:
            return None if visitor.is_gone else visitor.due
        value = self._table.get(key)
        return None if value is None else due_of(value)

    def open_stale(self, clock: int, applied: int) -> None:
        """Take in the visitors whose written rows have become too old without a record of theirs in this batch."""
        ahead = []
        while self.refresh.first <= clock:
            key = self.refresh.pop()
            visitor = self._visitors.get(key)
            if visitor is None:
                value = self._table.get(key)
                at = NEVER if value is None else refresh_of(value)
                if at <= clock:
                    self.of_key(key)
                elif at != NEVER:
                    ahead.append((at, key))
            elif visitor.rows.refresh != NEVER and (visitor.rows.refresh > clock or applied <= visitor.applied):
                ahead.append((visitor.rows.refresh, key))  # the entry came too early, or the changelog was torn
        for at, key in ahead:
            self.refresh.push(at, key)

    def behind(self, applied: int) -> list[Visitor]:
        """All whose values are older than ``applied``: torn changelogs can be ahead."""
        return [visitor for visitor in self._visitors.values() if visitor.applied < applied]

    def change(self, visitor: Visitor, applied: int, changes: dict[bytes, bytes | None]) -> None:
        """Note the visitor's new value."""
        key = visitor.key
        if not visitor.is_gone:
            changes[key] = visitor.encode(applied)
        elif key in self._table:
            changes[key] = self._let_go(visitor, applied)

    def _let_go(self, visitor: Visitor, applied: int) -> bytes | None:
        """First a husk, then, once the partition's own record has passed it, nothing."""
        if is_husk(self._table[visitor.key]) and visitor.applied <= self._began_at:
            return None
        self.due.push(BEFORE_ALL, visitor.key)
        return encode_husk(applied)
