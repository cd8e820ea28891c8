"""What one run of a fault showed, as a line of JSON: the report is made of these lines and of nothing else."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

INVARIANTS: Mapping[str, str] = {
    "I1": "every record that was produced is in the tables or among the dead letters",
    "I2": "one row per key under FINAL; without FINAL more only after a crash, counted",
    "I3": "each row is what an oracle says of it",
    "I4": "at every poll, no offset was committed before its effects",
    "I5": "the lag is gone soon after the fault, or the process ended non-zero and was started again",
    "I6": "the dead letters are the poisonous records and no others, with reason and place",
    "I7": "sums over the tables are those of an oracle",
    "I8": "memory stayed below the stated limit",
    "I9": "the order of each key was kept",
    "I10": "no secret and no value of a person in logs, metrics and errors",
}


@dataclass(frozen=True)
class Result:
    """One run of one fault, of one or more rounds.

    ``fault`` is F1 to F25; ``how`` what was done, in a few words. ``held`` has a truth for each invariant that was
    looked at, by its name in `INVARIANTS`. ``duplicates`` are rows beyond one per key without FINAL (with FINAL they
    count as lost: I2). ``looks`` is how many times the verifier polled, ``ahead`` how many polls saw a commit ahead of
    its effects. ``recoveries`` in seconds. ``exits`` are codes of processes that ended by themselves. ``word`` says in
    one sentence what must be known beside the numbers: a limit, a documented loss, why it cannot run here.
    """

    fault: str
    how: str
    seed: int = 0
    rounds: int = 0
    records: int = 0
    lost: int = 0
    counted_lost: int = 0
    duplicates: int = 0
    looks: int = 0
    ahead: int = 0
    held: dict[str, bool] = field(default_factory=dict)
    recoveries: list[float] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    word: str = ""
    cannot_run: str = ""


def keep(file: Path, result: Result) -> None:
    """Append the line of ``result``."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(result), sort_keys=True) + "\n")


def read(file: Path) -> Iterable[Result]:
    """All lines, in their order."""
    return [Result(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line]
