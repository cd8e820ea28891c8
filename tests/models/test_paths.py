from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.paths import Paths, read_paths
from models.reading import LeftOut, read_left_out, read_steps
from models.selection import Selection
from tests.models.conftest import DAY, Place

PRODUCTS = [f"page:/product/{n}" for n in range(1000, 1010)]


def test_sessions_become_arrays(place: Place) -> None:
    """In order of visitor, start and id, with templates; every array has its documented shape."""
    place.add(
        {"id": 9, "visitor": 2, "start": DAY, "steps": ["page:/", PRODUCTS[0], "event:Buy"], "offsets": [0, 5, 70]},
        {"id": 8, "visitor": 1, "start": DAY + 10, "steps": PRODUCTS},
        {"id": 7, "visitor": 2, "start": DAY - 10, "steps": []},
        {"id": 1 << 127, "visitor": 1, "start": DAY + 10, "steps": ["page:/"]},
    )

    paths = read_paths(place.client, place.name)

    assert [paths.steps(session) for session in range(len(paths))] == [
        ["page:/product/:id"] * 10,
        ["page:/"],
        [],
        ["page:/", "page:/product/:id", "event:Buy"],
    ]
    assert [paths.session_id(session) for session in range(4)] == [UUID(int=n) for n in (8, 1 << 127, 7, 9)]
    assert paths.vocabulary == ["event:Buy", "page:/", "page:/product/:id"]
    assert paths.started_ms.tolist() == [DAY + 10, DAY + 10, DAY - 10, DAY]
    assert paths.visitors.tolist() == [0, 0, 1, 1]
    assert paths.visitor_ids.tolist() == [[0, 1], [0, 2]]
    assert paths.offsets_ms[-3:].tolist() == [0, 5, 70]
    assert [str(a.dtype) for a in (paths.codes, paths.starts, paths.offsets_ms, paths.session_ids, paths.visitors)] == [
        "int32", "int64", "uint32", "uint64", "int64",
    ]  # fmt: skip


def test_bots_and_capped_sessions_are_left_out_and_counted(place: Place) -> None:
    """Unless they are asked for; a capped bot counts as a bot."""
    place.add({}, {"is_bot": 1}, {"is_capped": 1}, {"is_bot": 1, "is_capped": 1})

    for selection, read, left_out in (
        (Selection(), 1, LeftOut(bots=2, capped=1)),
        (Selection(bots=True), 2, LeftOut(bots=0, capped=2)),
        (Selection(capped=True), 2, LeftOut(bots=2, capped=0)),
        (Selection(bots=True, capped=True), 4, LeftOut(bots=0, capped=0)),
    ):
        assert len(read_paths(place.client, place.name, selection)) == read
        assert read_left_out(place.client, place.name, selection) == left_out


def test_app_and_time_select(place: Place) -> None:
    """Since is included, until is not; a time without zone is UTC."""
    day = datetime(2026, 3, 2, tzinfo=UTC)
    place.add({}, {"start": DAY - 1}, {"start": DAY + 86_400_000}, {"app_id": "other"})

    selection = Selection(app="shop", since=day, until=day + timedelta(days=1))
    assert len(read_paths(place.client, place.name, selection)) == 1
    assert len(read_paths(place.client, place.name, Selection(since=day.replace(tzinfo=None)))) == 3
    assert len(read_paths(place.client, place.name, Selection(app="it's none"))) == 0


def test_only_the_newest_row_of_a_session_counts(place: Place) -> None:
    """And a tombstone hides it."""
    place.add({"id": 1, "steps": ["page:/old"]}, {"id": 2, "visitor": 8})
    place.add({"id": 1, "steps": ["page:/new"], "version": 2}, {"id": 2, "visitor": 8, "version": 2, "is_deleted": 1})

    paths = read_paths(place.client, place.name)
    assert [paths.steps(n) for n in range(len(paths))] == [["page:/new"]]


def test_each_app_has_its_own_templates(place: Place) -> None:
    """Ten numbers under one app are ids, two under another are pages."""
    place.add({"steps": PRODUCTS}, {"app_id": "docs", "visitor": 3, "steps": ["page:/product/1", "page:/product/2"]})

    assert read_paths(place.client, place.name).vocabulary == [
        "page:/product/1",
        "page:/product/2",
        "page:/product/:id",
    ]
    assert len(read_paths(place.client, place.name, limits=None).vocabulary) == 12


def test_bytes_that_are_no_text_are_read(place: Place) -> None:
    """A path that is not UTF-8 does not stop a model."""
    place.rows(
        "INSERT INTO {database}.sessions (session_id, app_id, visitor_id, start_tstamp, steps, step_offsets_ms)"
        " VALUES (generateUUIDv4(), 'shop', generateUUIDv4(), now64(3), [concat('page:/', unhex('ff'))], [0])"
    )

    assert read_paths(place.client, place.name).vocabulary == ["page:/�"]


def test_a_column_comes_along(place: Place) -> None:
    """Its values as codes, one for each session."""
    place.add(
        {"visitor": 1, "dvce_type": "TV"}, {"visitor": 2, "dvce_type": "Mobile"}, {"visitor": 3, "dvce_type": "TV"}
    )

    raw = read_steps(place.client, place.name, Selection(), "dvce_type")
    assert [raw.value_names[code] for code in raw.values] == ["TV", "Mobile", "TV"]


def test_an_empty_store_has_empty_paths(place: Place) -> None:
    """No session is no error."""
    paths = read_paths(place.client, place.name, fold=True)

    assert (len(paths), paths.vocabulary, paths.counts().shape) == (0, [], (0, 0))


def make_paths(sessions: list[list[int]]) -> Paths:
    """Paths over the steps 0 to 3."""
    codes = np.array([code for session in sessions for code in session], dtype=np.int32)
    n = len(sessions)
    return Paths(
        vocabulary=list("abcd"),
        codes=codes,
        starts=np.cumsum([0, *map(len, sessions)], dtype=np.int64),
        offsets_ms=np.arange(len(codes), dtype=np.uint32),
        session_ids=np.zeros((n, 2), dtype=np.uint64),
        visitors=np.zeros(n, dtype=np.int64),
        visitor_ids=np.zeros((1, 2), dtype=np.uint64),
        started_ms=np.zeros(n, dtype=np.int64),
    )


@given(st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=8))
def test_folding_writes_a_run_once(sessions: list[list[int]]) -> None:
    """At its first time; sessions do not run into each other, empty ones stay."""
    paths = make_paths(sessions)

    folded = paths.folded()

    expected = [[s for n, s in enumerate(steps) if n == 0 or steps[n - 1] != s] for steps in sessions]
    assert [folded.codes[a:b].tolist() for a, b in zip(folded.starts, folded.starts[1:], strict=False)] == expected
    assert (paths.codes[folded.offsets_ms] == folded.codes).all()


@given(st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=8))
def test_counts_are_how_often_each_step_occurs(sessions: list[list[int]]) -> None:
    """And making them changes nothing of the paths."""
    paths = make_paths(sessions)
    codes, starts = paths.codes.copy(), paths.starts.copy()

    counts = paths.counts().toarray().tolist()

    assert counts == [[steps.count(code) for code in range(4)] for steps in sessions]
    assert (paths.codes == codes).all()
    assert (paths.starts == starts).all()
