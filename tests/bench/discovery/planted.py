"""What is found of what was planted, exactly: the same steps in the same order."""

import time
from collections import Counter
from collections.abc import Iterator

from models.discovery.discover import discover
from tests.bench.discovery import sites
from tests.models.discovery.arrays import paths_of


def rows(variant: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each site whose name holds ``variant``; precision over all findings, and over those without the label."""
    for name in sites.ALL:
        if variant in name:
            total = sum((_one(name, sessions, seed) for seed in range(seeds)), Counter[str]())
            yield {"data": name, "sessions": sessions, "seeds": seeds, **_shares(total, seeds)}


def _one(name: str, sessions: int, seed: int) -> Counter[str]:
    made = sites.made(name, sessions, seed)
    paths = paths_of(made)
    began = time.process_time()
    findings = discover(paths).findings
    spent = time.process_time() - began
    right = [one for one in findings if one.steps in made.funnels]
    labelled = [one for one in findings if one.by_navigation]
    return Counter(
        planted=len(made.funnels),
        found=len(findings),
        right=len(right),
        labelled=len(labelled),
        labelled_right=sum(one.by_navigation for one in right),
        centiseconds=round(spent * 100),
    )


def _shares(total: Counter[str], seeds: int) -> dict[str, object]:
    plain, plain_right = total["found"] - total["labelled"], total["right"] - total["labelled_right"]
    return {
        "precision": _share(total["right"], total["found"]),
        "precision without the labelled": _share(plain_right, plain),
        "recall": _share(total["right"], total["planted"]),
        "not planted": total["found"] - total["right"],
        "of these labelled": total["labelled"] - total["labelled_right"],
        "planted and labelled": total["labelled_right"],
        "CPU s a run": round(total["centiseconds"] / 100 / seeds, 2),
    }


def _share(part: int, of: int) -> str:
    return f"{part / of:.3f}" if of else "–"
