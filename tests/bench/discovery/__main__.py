"""Figures of discovery as a table, row by row: ``python -m tests.bench.discovery NAME [--seeds N] [--sessions N]``.

NAME: planted (or ``planted:VARIANT``), null, controls, rivals, goal, real, scale. CPU is of the process, without making
the sessions.
"""

import argparse
from collections.abc import Callable, Iterator

from tests.bench.discovery import controls, goal, null, planted, real, rivals, scale

Row = dict[str, object]
PROOFS: dict[str, Callable[[str, int, int], Iterator[Row]]] = {
    "planted": planted.rows,
    "null": null.rows,
    "controls": controls.rows,
    "rivals": rivals.rows,
    "goal": goal.rows,
    "real": real.rows,
    "scale": scale.rows,
}


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="tests.bench.discovery")
    parser.add_argument("name", help=", ".join(PROOFS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sessions", type=int, default=60_000)
    asked = parser.parse_args()
    name, _, part = asked.name.partition(":")
    head: list[str] = []
    for row in PROOFS[name](part, asked.seeds, asked.sessions):
        if list(row) != head:
            head = list(row)
            print("", *head, "", sep="|")
            print("", *("---" for _ in head), "", sep="|")
        print("", *row.values(), "", sep="|", flush=True)


if __name__ == "__main__":
    main()
