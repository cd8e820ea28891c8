"""Runs a fault, round by round, and keeps what it shows: also of a run that is cut short."""

import json
import os
import sys
import time
import traceback
from dataclasses import asdict, replace
from pathlib import Path

from tests.faults.fault import Fault, Size
from tests.faults.judge import Judgement, judge
from tests.faults.result import Result, keep
from tests.faults.scene import SOON, Scene, scene
from tests.faults.world import World
from tests.flow.live_client import LiveClient
from tests.flow.live_witness import Witness


def run_fault(world: World, fault: Fault, size: Size, seed: int, out: Path) -> Result:
    """``fault`` in that size, in a new installation; its line is appended to ``out``, whatever happens.

    Between rounds a file beside ``out`` has the line as it would be now.
    """
    run = FaultRun(fault, seed, out)
    try:
        with scene(world, seed, env=fault.env, per_second=size.per_second) as (made, client, witness):
            made.seconds = size.seconds
            run.begin(made, client, witness)
            while run.goes_on(size):
                run.round()
            run.judge()
    except BaseException as error:
        run.failed(error)
        raise
    finally:
        run.keep()
    return run.result


def is_well(result: Result) -> bool:
    """Whether everything that was looked at held."""
    return all(result.held.values()) and not result.lost


class FaultRun:
    """One run. ``result`` is what is known so far."""

    def __init__(self, fault: Fault, seed: int, out: Path) -> None:
        self._fault, self._out = fault, out
        self._partial = out.with_name(f"{out.stem}-{fault.name}-{seed}.partial.json")
        self.result = Result(fault.name, fault.how, seed=seed, word=fault.word)

    def begin(self, made: Scene, client: LiveClient, witness: Witness) -> None:
        """Traffic flows, and nothing is wrong yet."""
        self._scene, self._client, self._witness = made, client, witness
        made.settle()
        made.recoveries.clear()
        self._started = time.monotonic()

    def goes_on(self, size: Size) -> bool:
        """Whether there is another round."""
        if self._fault.lasts:
            return time.monotonic() < self._started + size.seconds
        return self.result.rounds < size.rounds

    def round(self) -> None:
        """Records come, the fault is at work and over, all is settled and looked at."""
        made = self._scene
        made.round = self.result.rounds
        self._client.send_more(made.chance.randrange(*self._fault.between), seconds=300)
        self._fault.act(made)
        made.settle()
        made.look_closely()
        self.result = replace(self.result, rounds=self.result.rounds + 1)
        self._note()

    def judge(self) -> None:
        """After the last round."""
        self._note(judge(self._scene, self._client, self._witness))

    def failed(self, error: BaseException) -> None:
        """Something that must come did not come."""
        lines = "".join(traceback.format_exception(error))
        sys.stderr.write(f"{self._fault.name}, seed {self.result.seed}: {lines}\n")
        held = (
            self.result.held if isinstance(error, KeyboardInterrupt | SystemExit) else {**self.result.held, "I5": False}
        )
        word = f"cut after {self.result.rounds} rounds: {type(error).__name__}: {str(error)[:200]}"
        self.result = replace(self.result, held=held, word=f"{self.result.word} {word}".strip())

    def keep(self) -> None:
        """For good."""
        keep(self._out, self.result)
        self._partial.unlink(missing_ok=True)

    def _note(self, verdict: Judgement | None = None) -> None:
        made, witness = self._scene, self._witness
        held = {
            "I1": not made.missing,
            "I2": not made.twice,
            "I4": not witness.ahead,
            "I5": max(made.recoveries, default=0.0) <= SOON,
            "I9": not witness.overtaken,
        }
        figures = {
            **made.figures,
            "rss_max_mib": round(witness.rss_mib, 1),
            "blind_looks": float(witness.blind),
            "load_average": round(os.getloadavg()[2], 1),
            "minutes": round((time.monotonic() - self._started) / 60, 1),
        }
        told = verdict.told if verdict else made.missing
        self.result = replace(
            self.result,
            records=verdict.records if verdict else self._client.sent,
            lost=verdict.lost if verdict else self.result.lost,
            duplicates=made.extra,
            looks=sum(witness.looks.values()),
            ahead=len(witness.ahead),
            held={**held, **(verdict.held if verdict else {})},
            recoveries=list(made.recoveries),
            exits=list(made.fleet.exits),
            figures=figures,
            word=" ".join([self._fault.word, *told]).strip(),
        )
        self._partial.write_text(json.dumps(asdict(self.result), sort_keys=True) + "\n", encoding="utf-8")
        last = f"{made.recoveries[-1]} s" if made.recoveries else ""
        print(f"{self._fault.name} round {self.result.rounds}: {last} {told or 'all held'}", flush=True)
