"""The sort of more lines than memory holds."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.load.external_sort import Entry, ExternalSort

entries = st.lists(
    st.builds(Entry, st.integers(-1, 3), st.binary(max_size=3), st.integers(0, 2), st.integers(-1, 2**62)), max_size=60
)


@given(items=entries, chunk_bytes=st.sampled_from([1, 500, 2000, 1 << 20]), fan_in=st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sorts_like_sorted(tmp_path: Path, items: list[Entry], chunk_bytes: int, fan_in: int) -> None:
    """Whatever the chunk and the number of runs, the result is the sorted list."""
    with ExternalSort(tmp_path, chunk_bytes, fan_in) as sort:
        for item in items:
            sort.add(item)

        assert list(sort) == sorted(items)


def test_memory_holds_one_chunk(tmp_path: Path) -> None:
    """No more than one chunk's entries wait in memory, and runs stay below the fan-in."""
    with ExternalSort(tmp_path, chunk_bytes=2_000, fan_in=4) as sort:
        for n in range(1_000):
            sort.add(Entry(-n, b"x" * 100, 0, 0))

            assert len(sort._entries) < 10
            assert len(sort._runs) < 4


def test_leaves_nothing_behind(tmp_path: Path) -> None:
    """Runs have no name, and are closed at the end."""
    with ExternalSort(tmp_path, chunk_bytes=1) as sort:
        sort.add(Entry(1, b"x", 0, 0))
        (run,) = sort._runs

        assert not list(tmp_path.iterdir())
    assert run.closed
