"""Figures of patterns as a table, row by row: ``python -m tests.bench.patterns NAME [--seeds N] [--sessions N]
[--first N]``.

NAME: planted (or ``planted:VARIANT``), kinds, shuffled, ids. CPU and memory are in tests/bench/patterns/cost.py.
"""

from tests.bench.discovery.__main__ import Proofs, print_table
from tests.bench.patterns import ids, kinds, planted, shuffled

PROOFS: Proofs = {"planted": planted.rows, "kinds": kinds.rows, "shuffled": shuffled.rows, "ids": ids.rows}

if __name__ == "__main__":
    print_table("tests.bench.patterns", PROOFS, seeds=5, sessions=12_000, first=20)
