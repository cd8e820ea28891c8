import io

import msgspec
import pytest
from rich.console import Console

from tests.bench.peers import Cost, Meter
from tests.bench.table import Row, rows_of, table_of

COSTS = {
    "bare": [Cost(1000, 0.04, 0.05)],
    "enrich": [Cost(1000, 0.09, 0.5), Cost(1000, 0.05, 0.1), Cost(1000, 0.04, 0.0625)],
    "stock_take": [Cost(1000, 0.2, 0.5)],
    "bare_sessions": [Cost(500, 0.05, 0.1)],
    "sessions": [Cost(500, 0.04, 0.125)],
}


def test_a_row_is_the_median_of_its_runs() -> None:
    """Events a second and CPU microseconds per event, as bench.json has them."""
    rows = rows_of(COSTS)

    assert [row.name for row in rows] == list(COSTS)
    assert rows[1] == Row("enrich", 1000, 10_000.0, 50.0)
    assert set(msgspec.to_builtins(rows[0])) == {"name", "events", "events_per_s", "cpu_us_per_event"}


def test_the_table_holds_each_step_against_its_own_bare_loop() -> None:
    """Speed and CPU as ratios: 10,000 against 20,000 a second is 0.50, 80 against 100 us is 0.80."""
    out = io.StringIO()
    Console(file=out, width=120).print(table_of(rows_of(COSTS)))
    cells = [[cell.strip() for cell in line.strip("│ ").split("│")] for line in out.getvalue().splitlines()]
    ratios = {line[0]: line[-2:] for line in cells if line[0] in COSTS}

    assert ratios == {
        "bare": ["1.00", "1.00"],
        "enrich": ["0.50", "1.25"],
        "stock_take": ["0.10", "5.00"],
        "bare_sessions": ["1.00", "1.00"],
        "sessions": ["0.80", "0.80"],
    }


def test_a_meter_leaves_the_first_batch_out() -> None:
    """And says so where there is nothing left."""
    meter = Meter()
    meter.note(1000)
    with pytest.raises(ValueError, match="too few batches"):
        meter.cost()
    meter.note(30)
    meter.note(12)

    assert meter.cost().events == 42
