"""``python -m tests.faults [F1 F2 …] [--rounds N] [--seed S] [--out FILE]``: break it, and tell what happened."""

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from tests.faults.matrix import FAULTS
from tests.faults.negative import ACTS, run_plain
from tests.faults.result import Result, keep
from tests.faults.running import is_well, run_fault
from tests.faults.world import World, world
from tests.kafka.apache import libs

OUT = Path("build/faults.jsonl")
PLAIN = "plain"
"""The negative control's name."""
PLAIN_ROUNDS = 3


def main() -> int:
    """Exit code 1 where anything did not hold."""
    options = _options().parse_args()
    if libs() is None:
        sys.exit("needs Java 17 and Maven")
    signal.signal(signal.SIGTERM, _stopped)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # clients tell of each attempt while a broker is away
    options.out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=options.out.parent))
    print(f"folder {folder}", flush=True)
    held = [_is_done_well(folder / f"{number}-{name}", name, options) for number, name in enumerate(_named(options))]
    return 0 if all(held) else 1


def _named(options: argparse.Namespace) -> Sequence[str]:
    return options.faults or (*FAULTS, PLAIN)


def _is_done_well(home: Path, name: str, options: argparse.Namespace) -> bool:
    """One fault in a world of its own; the folder of one that did not hold stays."""
    try:
        with world(home, options.seed) as made:
            results = _run(made, name, options)
    except Exception:  # noqa: BLE001 - the others have their turn; what it was stands in the result and here
        traceback.print_exc()
        return False
    print(*results, sep="\n", flush=True)
    well = name == PLAIN or all(map(is_well, results))
    if well:
        shutil.rmtree(home)
    return well


def _run(made: World, name: str, options: argparse.Namespace) -> list[Result]:
    """One fault, or the negative control under each of its own."""
    if name == PLAIN:
        plain = [run_plain(made, fault, options.rounds or PLAIN_ROUNDS, options.seed) for fault in ACTS]
        for result in plain:
            keep(options.out, result)
        return plain
    fault = FAULTS[name]
    size = fault.short if options.short else fault.whole
    size = replace(size, rounds=options.rounds or size.rounds, seconds=options.seconds or size.seconds)
    return [run_fault(made, fault, size, options.seed, options.out)]


def _stopped(_signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "faults",
        nargs="*",
        choices=[*FAULTS, PLAIN, []],
        metavar="FAULT",
        help=f"{', '.join(FAULTS)}, {PLAIN} (the negative control); all, unless some are named",
    )
    parser.add_argument("--rounds", type=int, default=0, help="of each; without it as many as the matrix says")
    parser.add_argument("--seconds", type=float, default=0, help="of what takes time")
    parser.add_argument("--short", action="store_true", help="as the tests run it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser


if __name__ == "__main__":
    sys.exit(main())
