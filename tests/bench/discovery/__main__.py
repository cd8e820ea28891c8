"""Figures of discovery as a table, row by row: ``python -m tests.bench.discovery NAME [--seeds N] [--sessions N]
[--first N]``.

NAME: planted (or ``planted:VARIANT``), null, controls, rivals, goal, real, scale. CPU is of the process, without making
the sessions.
"""

import argparse
from collections.abc import Callable, Iterator

from tests.bench.discovery import controls, goal, null, planted, real, rivals, scale, sites

Row = dict[str, object]
Proofs = dict[str, Callable[[str, int, int], Iterator[Row]]]
PROOFS: Proofs = {
    "planted": planted.rows,
    "null": null.rows,
    "controls": controls.rows,
    "rivals": rivals.rows,
    "goal": goal.rows,
    "real": real.rows,
    "scale": scale.rows,
}


def print_table(
    prog: str, proofs: Proofs, seeds: int = 10, sessions: int = 60_000, first: int = sites.FIRST_SEED
) -> None:
    """One, as asked for on the command line."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("name", help=", ".join(proofs))
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--sessions", type=int, default=sessions)
    parser.add_argument("--first", type=int, default=first, help="seed of the first site")
    asked = parser.parse_args()
    sites.FIRST_SEED = asked.first
    name, _, part = asked.name.partition(":")
    head: list[str] = []
    for row in proofs[name](part, asked.seeds, asked.sessions):
        if list(row) != head:
            head = list(row)
            print("", *head, "", sep="|")
            print("", *("---" for _ in head), "", sep="|")
        print("", *row.values(), "", sep="|", flush=True)


if __name__ == "__main__":
    print_table("tests.bench.discovery", PROOFS)
