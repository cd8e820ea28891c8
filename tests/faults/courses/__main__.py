"""``python -m tests.faults.courses [F9 …]``: each fault with a course of its own, told as a line of results."""

import argparse
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.faults.courses.grounds import grounds
from tests.faults.courses.scenarios import SCENARIOS
from tests.faults.result import keep
from tests.faults.running import is_well

OUT = Path("build/faults.jsonl")


def main() -> int:
    """Exit code 1 where anything did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.courses", description=__doc__)
    parser.add_argument("faults", nargs="*", help="as F9, or F9-no_space; all, unless some are named")
    parser.add_argument("--short", action="store_true", help="as the tests run it")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    held = True
    for scenario in SCENARIOS:
        if options.faults and not {scenario.fault, scenario.name} & set(options.faults):
            continue
        try:
            with grounds() as install:
                result = scenario(install, is_short=options.short)
        except Exception:  # noqa: BLE001 - the others have their turn
            traceback.print_exc()
            held = False
            continue
        keep(options.out, result)
        print(asdict(result), flush=True)
        held = held and is_well(result)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
